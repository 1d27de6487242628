"""The work of `genretag model`: what a model file says of itself, and whether it is true."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import ExitCode, ModelError
from tagger.inference.metadata import METADATA_KEY
from tagger.inference.model import GenreModel
from tagger.inference.onnxfile import read_onnx
from tagger.output.console import count_of, printable, show_table

LENGTHS = (1, 2, 3, 7, 20)  # windows of the strips that a model is tried on
TOLERANCE = 1e-3  # of probabilities: what other processors, and batches of other sizes, may change
REACH = 4  # windows: further than VGG hears to each side, at a quarter of the resolution too
RECORDED = "check"  # key of the recorded answer, in the JSON document of the metadata


def run_info(path: Path, *, as_json: bool) -> ExitCode:
    """Show what a model file says of itself.

    Raises:
        ModelError: it is no model of ours.
    """
    GenreModel(path, "cpu")  # refuses it, if need be, in its own words
    facts = describe(path)
    if as_json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        show_table(("fact", "value"), list(_rows(facts)))
    return ExitCode.DONE


def describe(path: Path) -> dict[str, Any]:
    """Return the facts of a model file in JSON's types."""
    onnx = read_onnx(path)
    content = path.read_bytes()
    return {
        "file": str(path),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "producer": onnx.producer,
        "opset": onnx.opset,
        "inputs": [list(shape) for shape in onnx.inputs],
        "outputs": [list(shape) for shape in onnx.outputs],
        "weights": onnx.weight_type,
        "stored": dict(onnx.weights),
        **json.loads(onnx.metadata[METADATA_KEY]),
    }


def _rows(facts: Mapping[str, Any], indent: str = "") -> Iterator[tuple[str, str]]:
    """Lay facts out in lines; those of a group stand below its name."""
    for name, value in facts.items():
        if name == RECORDED:
            continue  # numbers for machines
        title = printable(name).replace("_", " ")
        if isinstance(value, Mapping):
            yield f"{indent}{title}", ""
            yield from _rows(value, f"{indent}  ")
            continue
        listed = value if isinstance(value, list) else [value]
        yield f"{indent}{title}", printable(", ".join(map(_text, listed)))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " × ".join(map(str, value))  # a shape
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Check:
    """One thing that a model was asked; no problem is a good answer."""

    name: str
    problem: str = ""


def run_verify(path: Path) -> ExitCode:
    """Check a model file, and show a line for each check.

    Raises:
        ModelError: a check failed.
    """
    failed: list[Check] = []
    for check in verify(path):
        print(f"{'failed' if check.problem else 'ok':<8}{check.name}")
        failed += [check] if check.problem else []
    if failed:
        problem = failed[0].problem
        whole = problem.endswith(".")  # a sentence that names the file already
        raise ModelError(problem if whole else f"{path} is not fit for use: {problem}.")
    return ExitCode.DONE


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
    if model.facts.front_end.takes_strips:
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
    grid, rows = model.facts.grid, model.facts.front_end.rows
    frames = grid.window + (windows - 1) * grid.hop
    row, frame = np.meshgrid(np.arange(1, rows + 1), np.arange(1, frames + 1), indexing="ij")
    waves = np.sin(0.01 * row * frame) + np.sin(0.003 * frame**1.5) + np.cos(0.2 * row)
    scaled: NDArray[np.float32] = ((waves - waves.mean()) / waves.std()).astype(np.float32)
    return scaled


def answer(model: GenreModel, windows: int) -> NDArray[np.float32]:
    """Return what a model makes of the probe, `[windows, labels]`, as a scan would ask it."""
    strip = probe(model, windows)
    pieces = [strip] if model.facts.front_end.takes_strips else model.facts.grid.pieces(strip, 1)
    return np.concatenate(model.window_probabilities(np.stack(pieces)))


def recorded_answer(model: GenreModel, windows: int = 3) -> dict[str, Any]:
    """Return what `verify` finds under `check`: the answer to the probe."""
    return {"windows": windows, "probabilities": answer(model, windows).tolist()}


def _facts(model: GenreModel, document: Mapping[str, Any]) -> str:
    facts = model.facts
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
        expected = (windows, len(model.facts.labels))
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
    facts = model.facts
    strip = probe(model, 3 if facts.front_end.takes_strips else 1)
    batch = np.stack([strip, -strip, strip[::-1]])
    together = model.window_probabilities(batch)
    alone = np.concatenate([model.window_probabilities(one[None]) for one in batch])
    return _difference(together, alone, "a strip among others")


def _shifted(model: GenreModel) -> str:
    """Compare a strip with the same strip from its second window on.

    Windows of a strip hear what is beside them, so near the new beginning they may differ.
    """
    facts = model.facts
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
