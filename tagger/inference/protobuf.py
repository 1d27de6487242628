"""Protocol buffers, as far as ONNX files need them.

A protocol buffer is a sequence of fields with a number, a wire type and a value, some of which hold
fields themselves (https://protobuf.dev/programming-guides/encoding/).
"""

from collections.abc import Iterator
from typing import Any

Field = tuple[int, Any]
"""Number and value: an int, or a memoryview of bytes, of text or of fields."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
_MOST_BITS = 64  # of a number
LONGEST_HEAD = 20  # bytes: two varints of 64 bits, or one and a number of fixed size


def fields_of(data: memoryview) -> Iterator[Field]:
    """Yield the fields of a message.

    Raises:
        IndexError, KeyError, ValueError: it is damaged.
    """
    position = 0
    while position < len(data):
        number, kind, value, length = read_field(data, position)
        position += length
        if kind != BYTES:
            yield number, value
            continue
        if position + value > len(data):
            raise ValueError("cut short")
        yield number, data[position : position + value]
        position += value


def read_field(data: memoryview, position: int) -> tuple[int, int, int, int]:
    """Read a field's number, wire type, value (or its length in bytes), and how long that is."""
    tag, end = read_varint(data, position)
    number, kind = tag >> 3, tag & 7
    if kind in (VARINT, BYTES):
        value, end = read_varint(data, end)
    else:
        size = {FIXED64: 8, FIXED32: 4}[kind]
        if end + size > len(data):
            raise ValueError("cut short")
        value, end = int.from_bytes(data[end : end + size], "little"), end + size
    return number, kind, value, end - position


def read_varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and where it ends."""
    value = shift = 0
    while shift < _MOST_BITS:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, position
    raise ValueError("a number without end")


def all_of(fields: list[Field], number: int) -> list[Any]:
    """Return the values of all fields with a number."""
    return [value for found, value in fields if found == number]


def first_of(fields: list[Field], number: int) -> Any:
    """Return the value of the first field with a number; empty bytes if there is none."""
    return next(iter(all_of(fields, number)), memoryview(b""))


def text_of(value: memoryview) -> str:
    """Return a text.

    Raises:
        TypeError: the value is a number.
    """
    return str(value, "utf-8", "replace")
