"""Targets of a prepared data set from a teacher: an ONNX file, or a Python function.

A teacher takes log-mel windows, `float32 [batch, bands, frames]` as the data set stores them, and
gives vectors, one a window: an array `[batch, outputs]`, or several by name. What has a name that
ends in `logits` is taken for logits of independent probabilities, `probabilities` for these
probabilities themselves, and anything else for features, whose squared error is learnt. Features
are standardised, so that each weighs the same.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError, reason
from trainer.data.dataset import check_strips, read_front_end, read_shrink
from trainer.data.recordings import fits
from trainer.data.targets import (
    CROSS_ENTROPY,
    DESCRIPTION_FILE,
    SQUARED_ERROR,
    TargetPart,
    Targets,
    load_targets,
    tracks_digest,
)
from trainer.data.tracks_table import TRACKS_FILE, read_rows

Vectors = Mapping[str, NDArray[Any]]
Teacher = Callable[[NDArray[np.float32]], Vectors]
"""Takes windows `[batch, bands, frames]`, and gives vectors `[batch, outputs]` by name."""

FEATURES = "features"
PROBABILITIES = ("probabilities", "windows")  # the second is what the files of genretag call them
LEAST = 1e-4  # a probability nearer to 0 or 1 than this is not told apart


def write_targets(
    folder: Path, teacher: str, progress: Callable[[int, int], None] = lambda *_: None
) -> Targets:
    """Let a teacher give the targets of a prepared data set, unless it has given them already.

    Args:
        folder: The data set.
        teacher: The name of an ONNX file, or `module:function`.
        progress: Takes how many tracks are done, and how many there are.

    Raises:
        DataError: the teacher cannot be loaded or gives no vectors, the data set is not there, or
            it has targets of another teacher.
    """
    front_end, shrink = read_front_end(folder), read_shrink(folder)
    rows = read_rows(folder / TRACKS_FILE)
    if (folder / DESCRIPTION_FILE).exists():
        found = load_targets(folder)
        if found.teacher != teacher:
            raise DataError(
                f"{folder} has targets already, of {found.teacher or 'another teacher'}; remove "
                f"{DESCRIPTION_FILE} to make new ones."
            )
        if fits(found, rows):
            return found
    check_strips([folder / row.file for row in rows])
    window, hop = front_end.grid.window // shrink, front_end.grid.hop // shrink
    ask = load_teacher(teacher)
    answers = []
    for done, row in enumerate(rows):
        progress(done, len(rows))
        strip = np.load(folder / row.file)
        # A recording that is shorter than a window has one, repeated as in every training.
        if strip.shape[1] < window:
            strip = np.pad(strip, ((0, 0), (0, window - strip.shape[1])), mode="wrap")
        starts = range(0, strip.shape[1] - window + 1, hop)
        windows = np.stack([strip[:, start : start + window] for start in starts])
        answers.append(_check(ask(windows.astype(np.float32)), len(windows), teacher))
    targets = replace(
        _targets(answers, hop, teacher), tracks=tracks_digest(row.file for row in rows)
    )
    targets.save(folder)
    return targets


def load_teacher(name: str) -> Teacher:
    """Load an ONNX file, or a function by its module and name.

    Raises:
        DataError: it cannot be loaded.
    """
    if name.endswith(".onnx"):
        return _onnx(Path(name))
    module, _, function = name.rpartition(":")
    if not module:
        raise DataError(f"--teacher takes FILE.onnx or MODULE:FUNCTION, not {name!r}.")
    sys.path.insert(0, "")  # a module in the current folder, as with python -m
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise DataError(f"The teacher {name} cannot be loaded ({reason(error)}).") from None
    finally:
        sys.path.remove("")

    def ask(windows: NDArray[np.float32]) -> Vectors:
        given = found(windows)
        return given if isinstance(given, Mapping) else {FEATURES: np.asarray(given)}

    return ask


def _onnx(file: Path) -> Teacher:
    """Load an ONNX file whose input has three axes, or a fourth of one channel."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    try:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a class for each kind of failure
        raise DataError(f"The teacher {file} cannot be loaded ({reason(error)}).") from None
    (given,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    with_channel = len(given.shape) == 4  # noqa: PLR2004

    def ask(windows: NDArray[np.float32]) -> Vectors:
        fed = windows[..., None] if with_channel else windows
        try:
            found = session.run(None, {given.name: fed})
        except Exception as error:
            raise DataError(f"The teacher {file} failed: {reason(error)}") from None
        return {
            name: np.asarray(array).reshape(len(windows), -1)
            for name, array in zip(names, found, strict=True)
        }

    return ask


def _check(vectors: Vectors, count: int, teacher: str) -> dict[str, NDArray[np.float32]]:
    """Return finite vectors, probabilities as logits."""
    checked = {}
    for name, given in vectors.items():
        array = np.asarray(given, np.float32)
        if array.ndim != 2 or len(array) != count or not np.isfinite(array).all():  # noqa: PLR2004
            raise DataError(
                f"The teacher {teacher} gave {name} of shape {array.shape} for {count} windows; "
                "it should give finite numbers, [windows, outputs]."
            )
        if name.endswith(PROBABILITIES):
            likely = array.clip(LEAST, 1 - LEAST)
            array = np.log(likely / (1 - likely))
        checked[name] = array
    return checked


def _targets(answers: list[dict[str, NDArray[np.float32]]], hop: int, teacher: str) -> Targets:
    """Stack the vectors of all tracks; after the last window of a track there is NaN."""
    most = max(len(next(iter(answer.values()))) for answer in answers)
    columns, parts = [], []
    for name in answers[0]:
        given = [answer[name] for answer in answers]
        is_logits = name.endswith(("logits", *PROBABILITIES))
        if not is_logits:
            whole = np.concatenate(given)
            mean, deviation = whole.mean(0), whole.std(0)
            given = [(array - mean) / np.where(deviation > 0, deviation, 1) for array in given]
        columns.append(
            [np.pad(a, ((0, most - len(a)), (0, 0)), constant_values=np.nan) for a in given]
        )
        parts.append(
            TargetPart(
                name=name,
                size=given[0].shape[1],
                loss=CROSS_ENTROPY if is_logits else SQUARED_ERROR,
            )
        )
    return Targets(
        values=np.concatenate([np.stack(column) for column in columns], axis=2),
        starts=tuple(hop * window for window in range(most)),
        parts=tuple(parts),
        teacher=teacher,
    )
