"""Reads what an ONNX file says of itself that ONNX Runtime does not tell.

The `onnx` package is for the trainer alone. An ONNX file is a protocol buffer: fields of a number,
a kind and a value, some of which hold fields themselves. Only those named here are looked at; the
numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.errors import ModelError, reason

Shape = tuple[int | str, ...]
"""Sizes of axes; a name where the size is free."""

_MODEL_PRODUCER, _MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA = 2, 7, 8, 14
_GRAPH_WEIGHTS, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_DIMS, _TENSOR_TYPE = 1, 2
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM = 2, 1, 2, 1
_DIM_SIZE, _DIM_NAME = 1, 2
_TYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    16: "bfloat16",
}


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file without its graph."""

    producer: str
    opset: int
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    weights: Mapping[str, int]  # how many numbers are stored in which type
    metadata: Mapping[str, str]

    @property
    def weight_type(self) -> str:
        """The type in which most weights are stored."""
        return max(self.weights, key=lambda name: self.weights[name], default="none")


def read_onnx(path: Path) -> OnnxFile:
    """Read what a file says of itself, without ONNX Runtime.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        model = list(_fields(memoryview(path.read_bytes())))
        graph = list(_fields(_first(model, _MODEL_GRAPH)))
        weights: Counter[str] = Counter()
        for tensor in _all(graph, _GRAPH_WEIGHTS):
            name, count = _tensor(list(_fields(tensor)))
            weights[name] += count
        opsets = [dict(_fields(opset)) for opset in _all(model, _MODEL_OPSET)]
        entries = [dict(_fields(entry)) for entry in _all(model, _MODEL_METADATA)]
        return OnnxFile(
            _text(_first(model, _MODEL_PRODUCER)),
            next(o[_OPSET_VERSION] for o in opsets if not o.get(_OPSET_DOMAIN)),
            tuple(map(_shape, _all(graph, _GRAPH_INPUT))),
            tuple(map(_shape, _all(graph, _GRAPH_OUTPUT))),
            dict(weights.most_common()),
            {_text(entry[_ENTRY_KEY]): _text(entry[_ENTRY_VALUE]) for entry in entries},
        )
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({reason(error)}).") from None
    except (IndexError, TypeError, ValueError, KeyError, StopIteration):
        raise ModelError(f"{path} is not built as an ONNX file is.") from None


Field = tuple[int, Any]
"""Number and value: an int, or a memoryview of bytes, of text or of fields."""


def _fields(data: memoryview) -> Iterator[Field]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == 2:  # noqa: PLR2004 - bytes with their length before them
            size, position = _varint(data, position)
        else:
            size = {1: 8, 5: 4}[kind]
        if position + size > len(data):
            raise ValueError("cut short")
        yield number, data[position : position + size]
        position += size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, position


def _all(fields: list[Field], number: int) -> list[Any]:
    return [value for found, value in fields if found == number]


def _first(fields: list[Field], number: int) -> Any:
    return next(iter(_all(fields, number)), memoryview(b""))


def _text(value: memoryview) -> str:
    return str(value, "utf-8", "replace")  # of a number it raises a TypeError


def _tensor(fields: list[Field]) -> tuple[str, int]:
    """Return the type of a tensor and how many numbers it holds."""
    count = 1
    for dims in _all(fields, _TENSOR_DIMS):
        position = 0
        if isinstance(dims, int):
            count *= dims
            continue
        while position < len(dims):  # packed into one field
            size, position = _varint(dims, position)
            count *= size
    kind = _first(fields, _TENSOR_TYPE)
    return _TYPES.get(kind, f"type {kind}"), count


def _shape(value: memoryview) -> Shape:
    inner = value
    for number in (_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE):
        inner = _first(list(_fields(inner)), number)
    dims = [dict(_fields(dim)) for dim in _all(list(_fields(inner)), _SHAPE_DIM)]
    return tuple(
        dim[_DIM_SIZE] if _DIM_SIZE in dim else _text(dim.get(_DIM_NAME, memoryview(b"?")))
        for dim in dims
    )
