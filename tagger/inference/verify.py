"""Checks whether a model file does what its metadata say."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import ModelError
from tagger.inference.metadata import METADATA_KEY
from tagger.inference.model import GenreModel
from tagger.inference.onnxfile import read_onnx
from tagger.output.console import count_of

LENGTHS = (1, 2, 3, 7, 20)  # windows of the strips that a model is tried on
TOLERANCE = 1e-3  # of probabilities, between processors and between batch sizes
REACH = 4  # windows: beyond the receptive field of VGG, at a quarter of the resolution too
RECORDED = "check"  # key of the recorded output, in the JSON document of the metadata


@dataclass(frozen=True)
class Check:
    """One check of a model file; an empty problem means that it passed."""

    name: str
    problem: str = ""


def verify(path: Path) -> Iterator[Check]:
    """Check a model file, on the CPU, step by step; one that cannot be loaded has a single step."""
    name = "ONNX Runtime loads it, and its inputs and outputs are what its metadata say"
    try:
        model = GenreModel(path, "cpu")
        document = json.loads(read_onnx(path).metadata[METADATA_KEY])
    except ModelError as error:
        yield Check(name, str(error))
        return
    yield Check(name)
    yield Check("its metadata are complete and in range", _metadata(model, document))
    lengths = ", ".join(map(str, LENGTHS[:-1]))
    output = cache(lambda windows: probe_output(model, windows))
    checks: dict[str, Callable[[], str]] = {
        f"{lengths} and {LENGTHS[-1]} windows give so many outputs": lambda: _shapes(model, output),
        "probabilities are finite and sum to one": lambda: _sums(output),
        "a strip gives the same alone and among others": lambda: _batches(model),
    }
    if model.metadata.front_end.takes_strips:
        checks["windows are where the hop says"] = lambda: _shifted(model)
    if RECORDED in document:
        checks["it gives the output recorded in it"] = lambda: _recorded(model, document[RECORDED])
    for name, check in checks.items():
        try:
            yield Check(name, check())
        except Exception as error:  # ONNX Runtime has a class of its own for each status
            yield Check(name, f"it could not be run ({str(error).splitlines()[0]})")


def probe(model: GenreModel, windows: int) -> NDArray[np.float32]:
    """Make a strip of so many windows, `[rows, frames]`, the same wherever it is made.

    It has zero mean and unit deviation, as a log-mel strip has, and no two windows are alike.
    """
    grid, rows = model.metadata.grid, model.metadata.front_end.rows
    frames = grid.window + (windows - 1) * grid.hop
    row, frame = np.meshgrid(np.arange(1, rows + 1), np.arange(1, frames + 1), indexing="ij")
    waves = np.sin(0.01 * row * frame) + np.sin(0.003 * frame**1.5) + np.cos(0.2 * row)
    scaled: NDArray[np.float32] = ((waves - waves.mean()) / waves.std()).astype(np.float32)
    return scaled


def probe_output(model: GenreModel, windows: int) -> NDArray[np.float32]:
    """Return the probabilities for the probe, `[windows, labels]`, in pieces as in a scan."""
    strip = probe(model, windows)
    pieces = (
        [strip] if model.metadata.front_end.takes_strips else model.metadata.grid.pieces(strip, 1)
    )
    return np.concatenate(model.window_probabilities(np.stack(pieces)))


def recorded_answer(model: GenreModel, windows: int = 3) -> dict[str, Any]:
    """Return what `verify` expects under `check`: the output for the probe."""
    return {"windows": windows, "probabilities": probe_output(model, windows).tolist()}


def _metadata(model: GenreModel, document: Mapping[str, Any]) -> str:
    metadata = model.metadata
    front_end = document["front_end"]
    for field in fields(metadata.front_end):  # type: ignore[arg-type]
        value = front_end.get(field.name)
        if value is None:
            return f"its front end does not say {field.name}"
        if isinstance(value, float) and not math.isfinite(value):
            return f"{field.name} of its front end is {value}"
    if len(set(metadata.labels)) < len(metadata.labels):
        return "two of its labels are the same"
    if not 0 < metadata.grid.hop <= metadata.grid.window:
        return f"a hop of {metadata.grid.hop} frames does not fit windows of {metadata.grid.window}"
    return "" if metadata.training else "it does not say how it was trained"


def _shapes(model: GenreModel, output: Callable[[int], NDArray[np.float32]]) -> str:
    for windows in LENGTHS:
        expected = (windows, len(model.metadata.labels))
        if (shape := output(windows).shape) != expected:
            return f"{count_of(windows, 'window')} give {shape} probabilities, not {expected}"
    return ""


def _sums(output: Callable[[int], NDArray[np.float32]]) -> str:
    for windows in LENGTHS:
        given = output(windows)
        if not np.isfinite(given).all() or given.min() < 0:
            return "some of its probabilities are not between 0 and 1"
        if (wrong := float(np.abs(given.sum(-1) - 1).max())) > TOLERANCE:
            return f"the sum of its probabilities differs from one by {wrong:.4f}"
    return ""


def _batches(model: GenreModel) -> str:
    metadata = model.metadata
    strip = probe(model, 3 if metadata.front_end.takes_strips else 1)
    batch = np.stack([strip, -strip, strip[::-1]])
    together = model.window_probabilities(batch)
    alone = np.concatenate([model.window_probabilities(one[None]) for one in batch])
    return _difference(together, alone, "a strip among others")


def _shifted(model: GenreModel) -> str:
    """Compare a strip with the same strip from its second window on.

    A window depends on the frames beside it, so near the new beginning outputs may differ.
    """
    metadata = model.metadata
    beginning = -(-REACH * metadata.grid.window // metadata.grid.hop)
    strip = probe(model, 2 * beginning + 4)
    whole = model.window_probabilities(strip[None])[0]
    rest = model.window_probabilities(strip[None, :, metadata.grid.hop :])[0]
    return _difference(rest[beginning:], whole[1 + beginning :], "a strip begun one hop later")


def _recorded(model: GenreModel, record: Mapping[str, Any]) -> str:
    expected = np.asarray(record["probabilities"], np.float32)
    return _difference(probe_output(model, int(record["windows"])), expected, "the recorded strip")


def _difference(given: NDArray[Any], expected: NDArray[Any], what: str) -> str:
    if given.shape != expected.shape:
        return f"{what} gives {given.shape} probabilities, not {expected.shape}"
    wrong = float(np.abs(given - expected).max())
    return "" if wrong <= TOLERANCE else f"{what} gives probabilities that differ by {wrong:.4f}"
