"""The work of `genretag model`: shows the metadata of a model file, and checks them."""

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


def run_model_info(path: Path, *, as_json: bool) -> ExitCode:
    """Show the metadata of a model file.

    Raises:
        ModelError: it is not a model of genretag.
    """
    GenreModel(path, "cpu")  # refuses it, if need be, in its own words
    described = describe(path)
    if as_json:
        print(json.dumps(described, indent=1, ensure_ascii=False))
    else:
        show_table(("name", "value"), list(_rows(described)))
    return ExitCode.DONE


def describe(path: Path) -> dict[str, Any]:
    """Return file, graph and metadata of a model file in JSON's types."""
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


def _rows(described: Mapping[str, Any], indent: str = "") -> Iterator[tuple[str, str]]:
    """Yield a row for each value; the values of a group follow its name, indented."""
    for name, value in described.items():
        if name == RECORDED:
            continue  # long, and for `genretag model verify` alone
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
        whole = problem.endswith(".")  # a sentence with the name of the file
        raise ModelError(problem if whole else f"{path} did not pass: {problem}.")
    return ExitCode.DONE
