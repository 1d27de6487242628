"""Reads metadata, shapes and types of weights of an ONNX file, without loading the weights.

The `onnx` package is for the trainer alone, and ONNX Runtime tells neither opset nor types. An ONNX
file is a protocol buffer: fields with a number, a wire type and a value, some of which hold fields
themselves (https://protobuf.dev/programming-guides/encoding/). Only those named here are read; the
numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

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


@dataclass(frozen=True, kw_only=True)
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
    """Read what a file says about itself, without ONNX Runtime.

    Raises:
        ModelError: it cannot be read.
    """
    with _understood(path), _opened(path) as (file, size):
        model = list(_fields(memoryview(file.read(size))))
        graph = list(_fields(_first(model, _MODEL_GRAPH)))
        weights: Counter[str] = Counter()
        for tensor in _all(graph, _GRAPH_WEIGHTS):
            name, count = _tensor(list(_fields(tensor)))
            weights[name] += count
        opsets = [dict(_fields(opset)) for opset in _all(model, _MODEL_OPSET)]
        return OnnxFile(
            producer=_text(_first(model, _MODEL_PRODUCER)),
            opset=next(o[_OPSET_VERSION] for o in opsets if not o.get(_OPSET_DOMAIN)),
            inputs=tuple(map(_shape, _all(graph, _GRAPH_INPUT))),
            outputs=tuple(map(_shape, _all(graph, _GRAPH_OUTPUT))),
            weights=dict(weights.most_common()),
            metadata=dict(map(_property, _all(model, _MODEL_METADATA))),
        )


def read_properties(path: Path) -> dict[str, str]:
    """Read only the `metadata_props` of a file; its graph, with the weights, is skipped.

    Raises:
        ModelError: the file cannot be read.
    """
    with _understood(path), _opened(path) as (file, size):
        return dict(_property(memoryview(entry)) for entry in _entries(file, size))


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ModelError(f"There is no model file {path}.") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({reason(error)}).") from None
    except (IndexError, TypeError, ValueError, KeyError, StopIteration):
        raise ModelError(f"{path} is not an ONNX model.") from None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file that may be an ONNX file by its kind and size; gives it with its size.

    Raises:
        OSError: it is not a regular file: a pipe would have to be waited for, and a device has no
            end.
        ValueError: it is larger than any protocol buffer.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not a regular file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > _MOST_BYTES:
            raise ValueError("too large")
        yield file, size


def _entries(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the `metadata_props` of an open file.

    Raises:
        ValueError: it is damaged, or has too many fields, or too long ones.
    """
    position = 0
    for _ in range(_MOST_FIELDS):
        if position >= size:
            return
        file.seek(position)
        number, kind, value, length = _field(memoryview(file.read(_LONGEST_HEAD)), 0)
        position += length
        if kind != _BYTES:
            continue
        if position + value > size:
            raise ValueError("cut short")
        if number == _MODEL_METADATA:
            if value > _MOST_METADATA:
                raise ValueError("too large")
            file.seek(position)
            yield file.read(value)
        position += value
    raise ValueError("too many fields")


Field = tuple[int, Any]
"""Number and value: an int, or a memoryview of bytes, of text or of fields."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_MOST_BYTES = (1 << 31) - 1  # of a protocol buffer
_MOST_METADATA = 1 << 24  # bytes of one of `metadata_props`
_MOST_FIELDS = 10_000  # of the file itself; the graph, one of them, has more
_MOST_BITS = 64  # of a number
_LONGEST_HEAD = 20  # bytes: two varints of 64 bits, or one and a number of fixed size


def _fields(data: memoryview) -> Iterator[Field]:
    position = 0
    while position < len(data):
        number, kind, value, length = _field(data, position)
        position += length
        if kind != _BYTES:
            yield number, value
            continue
        if position + value > len(data):
            raise ValueError("cut short")
        yield number, data[position : position + value]
        position += value


def _field(data: memoryview, position: int) -> tuple[int, int, int, int]:
    """Read a field's number, wire type, value (or its length in bytes), and how long that is."""
    tag, end = _varint(data, position)
    number, kind = tag >> 3, tag & 7
    if kind in (_VARINT, _BYTES):
        value, end = _varint(data, end)
    else:
        size = {_FIXED64: 8, _FIXED32: 4}[kind]
        if end + size > len(data):
            raise ValueError("cut short")
        value, end = int.from_bytes(data[end : end + size], "little"), end + size
    return number, kind, value, end - position


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and where it ends."""
    value = shift = 0
    while shift < _MOST_BITS:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, position
    raise ValueError("a number without end")


def _property(entry: memoryview) -> tuple[str, str]:
    """Return key and value of one of `metadata_props`."""
    fields = dict(_fields(entry))
    return _text(fields[_ENTRY_KEY]), _text(fields[_ENTRY_VALUE])


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
