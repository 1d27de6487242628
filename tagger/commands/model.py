"""The work of `genretag model`: what a model file says of itself, and whether it is true."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tagger.errors import ExitCode, ModelError
from tagger.inference.metadata import METADATA_KEY
from tagger.inference.model import GenreModel
from tagger.inference.onnxfile import read_onnx
from tagger.inference.verify import RECORDED, Check, verify
from tagger.output.console import printable, show_table


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
