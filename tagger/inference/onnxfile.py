"""Reads metadata, shapes and types of weights of an ONNX file, without loading the weights.

The `onnx` package is for the trainer alone, and ONNX Runtime tells neither opset nor types. An ONNX
file is a protocol buffer. Only the fields named here are read; the numbers are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tagger.errors import ModelError, reason
from tagger.inference.protobuf import (
    BYTES,
    LONGEST_HEAD,
    Field,
    all_of,
    fields_of,
    first_of,
    read_field,
    read_varint,
    text_of,
)

Shape = tuple[int | str, ...]
"""Sizes of axes; a name where the size is free."""

_MOST_BYTES = (1 << 31) - 1  # of a protocol buffer
_MOST_METADATA = 1 << 24  # bytes of one of `metadata_props`
_MOST_FIELDS = 10_000  # of the file itself; the graph, one of them, has more

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
    with understood(path), open_model(path) as (file, size):
        model = list(fields_of(memoryview(file.read(size))))
        graph = list(fields_of(first_of(model, _MODEL_GRAPH)))
        weights: Counter[str] = Counter()
        for tensor in all_of(graph, _GRAPH_WEIGHTS):
            name, count = read_tensor(list(fields_of(tensor)))
            weights[name] += count
        opsets = [dict(fields_of(opset)) for opset in all_of(model, _MODEL_OPSET)]
        return OnnxFile(
            producer=text_of(first_of(model, _MODEL_PRODUCER)),
            opset=next(o[_OPSET_VERSION] for o in opsets if not o.get(_OPSET_DOMAIN)),
            inputs=tuple(map(read_shape, all_of(graph, _GRAPH_INPUT))),
            outputs=tuple(map(read_shape, all_of(graph, _GRAPH_OUTPUT))),
            weights=dict(weights.most_common()),
            metadata=dict(map(_property, all_of(model, _MODEL_METADATA))),
        )


def read_properties(path: Path) -> dict[str, str]:
    """Read only the `metadata_props` of a file; its graph, with the weights, is skipped.

    Raises:
        ModelError: the file cannot be read.
    """
    with understood(path), open_model(path) as (file, size):
        return dict(_property(memoryview(entry)) for entry in _entries(file, size))


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn what a damaged file brings about into a sentence.

    Raises:
        ModelError: what is wrong with the file.
    """
    try:
        yield
    except FileNotFoundError:
        raise ModelError(f"There is no model file {path}.") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({reason(error)}).") from None
    except (IndexError, TypeError, ValueError, KeyError, StopIteration):
        raise ModelError(f"{path} is not an ONNX model.") from None


@contextmanager
def open_model(path: Path) -> Iterator[tuple[BinaryIO, int]]:
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
        number, kind, value, length = read_field(memoryview(file.read(LONGEST_HEAD)), 0)
        position += length
        if kind != BYTES:
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


def _property(entry: memoryview) -> tuple[str, str]:
    """Return key and value of one of `metadata_props`."""
    fields = dict(fields_of(entry))
    return text_of(fields[_ENTRY_KEY]), text_of(fields[_ENTRY_VALUE])


def read_tensor(fields: list[Field]) -> tuple[str, int]:
    """Return the type of a tensor and how many numbers it holds."""
    count = 1
    for dims in all_of(fields, _TENSOR_DIMS):
        position = 0
        if isinstance(dims, int):
            count *= dims
            continue
        while position < len(dims):  # packed into one field
            size, position = read_varint(dims, position)
            count *= size
    kind = first_of(fields, _TENSOR_TYPE)
    return _TYPES.get(kind, f"type {kind}"), count


def read_shape(value: memoryview) -> Shape:
    """Return the shape of an input, an output or a value between them."""
    inner = value
    for number in (_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE):
        inner = first_of(list(fields_of(inner)), number)
    dims = [dict(fields_of(dim)) for dim in all_of(list(fields_of(inner)), _SHAPE_DIM)]
    return tuple(
        dim[_DIM_SIZE] if _DIM_SIZE in dim else text_of(dim.get(_DIM_NAME, memoryview(b"?")))
        for dim in dims
    )
