"""Checks whether a model file works as its metadata say."""

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
TOLERANCE = 1e-3  # of probabilities: what other processors, and batches of other sizes, may change
REACH = 4  # windows: further than VGG hears to each side, at a quarter of the resolution too
RECORDED = "check"  # key of the recorded answer, in the JSON document of the metadata


@dataclass(frozen=True)
class Check:
    """One thing that a model was asked; no problem is a good answer."""

    name: str
    problem: str = ""


def verify(path: Path) -> Iterator[Check]:
    """Check a model file, on the CPU, step by step; without facts there is but one step."""
    name = "ONNX Runtime loads it, and it takes and gives what its facts say"
    try:
        model = GenreModel(path, "cpu")
        document = json.loads(read_onnx(path).metadata[METADATA_KEY])
    except ModelError as error:
        yield Check(name, str(error))
        return
    yield Check(name)
    yield Check("its facts are complete and in range", _facts(model, document))
    lengths = ", ".join(map(str, LENGTHS[:-1]))
    asked = cache(lambda windows: answer(model, windows))
    checks: dict[str, Callable[[], str]] = {
        f"{lengths} and {LENGTHS[-1]} windows give so many answers": lambda: _shapes(model, asked),
        "probabilities are finite and sum to one": lambda: _sums(asked),
        "a strip alone is judged as among others": lambda: _batches(model),
    }
    if model.metadata.front_end.takes_strips:
        checks["windows are where the hop says"] = lambda: _shifted(model)
    if RECORDED in document:
        checks["it gives the answer recorded in it"] = lambda: _recorded(model, document[RECORDED])
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


def answer(model: GenreModel, windows: int) -> NDArray[np.float32]:
    """Return what a model makes of the probe, `[windows, labels]`, as a scan would ask it."""
    strip = probe(model, windows)
    pieces = (
        [strip] if model.metadata.front_end.takes_strips else model.metadata.grid.pieces(strip, 1)
    )
    return np.concatenate(model.window_probabilities(np.stack(pieces)))


def recorded_answer(model: GenreModel, windows: int = 3) -> dict[str, Any]:
    """Return what `verify` finds under `check`: the answer to the probe."""
    return {"windows": windows, "probabilities": answer(model, windows).tolist()}


def _facts(model: GenreModel, document: Mapping[str, Any]) -> str:
    facts = model.metadata
    front_end = document["front_end"]
    for field in fields(facts.front_end):  # type: ignore[arg-type]
        value = front_end.get(field.name)
        if value is None:
            return f"its front end does not say {field.name}"
        if isinstance(value, float) and not math.isfinite(value):
            return f"{field.name} of its front end is {value}"
    if len(set(facts.labels)) < len(facts.labels):
        return "two of its labels are the same"
    if not 0 < facts.grid.hop <= facts.grid.window:
        return f"a hop of {facts.grid.hop} frames does not fit windows of {facts.grid.window}"
    return "" if facts.training else "it does not say how it was trained"


def _shapes(model: GenreModel, asked: Callable[[int], NDArray[np.float32]]) -> str:
    for windows in LENGTHS:
        expected = (windows, len(model.metadata.labels))
        if (shape := asked(windows).shape) != expected:
            return f"{count_of(windows, 'window')} give {shape} probabilities, not {expected}"
    return ""


def _sums(asked: Callable[[int], NDArray[np.float32]]) -> str:
    for windows in LENGTHS:
        given = asked(windows)
        if not np.isfinite(given).all() or given.min() < 0:
            return "some of its probabilities are no numbers from 0 to 1"
        if (wrong := float(np.abs(given.sum(-1) - 1).max())) > TOLERANCE:
            return f"its probabilities miss a sum of one by {wrong:.4f}"
    return ""


def _batches(model: GenreModel) -> str:
    facts = model.metadata
    strip = probe(model, 3 if facts.front_end.takes_strips else 1)
    batch = np.stack([strip, -strip, strip[::-1]])
    together = model.window_probabilities(batch)
    alone = np.concatenate([model.window_probabilities(one[None]) for one in batch])
    return _difference(together, alone, "a strip among others")


def _shifted(model: GenreModel) -> str:
    """Compare a strip with the same strip from its second window on.

    Windows of a strip hear what is beside them, so near the new beginning they may differ.
    """
    facts = model.metadata
    beginning = -(-REACH * facts.grid.window // facts.grid.hop)
    strip = probe(model, 2 * beginning + 4)
    whole = model.window_probabilities(strip[None])[0]
    rest = model.window_probabilities(strip[None, :, facts.grid.hop :])[0]
    return _difference(rest[beginning:], whole[1 + beginning :], "a strip begun one hop later")


def _recorded(model: GenreModel, record: Mapping[str, Any]) -> str:
    expected = np.asarray(record["probabilities"], np.float32)
    return _difference(answer(model, int(record["windows"])), expected, "the recorded strip")


def _difference(given: NDArray[Any], expected: NDArray[Any], what: str) -> str:
    if given.shape != expected.shape:
        return f"{what} gives {given.shape} probabilities, not {expected.shape}"
    wrong = float(np.abs(given - expected).max())
    return "" if wrong <= TOLERANCE else f"{what} gives probabilities that differ by {wrong:.4f}"
