"""ASF, which WMA files are.

Source: "Advanced Systems Format (ASF) Specification", revision 01.20.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from tagger.tags.containers.base import AUDIO, SOURCE_KEY, Data, Parts, Purpose, number

ASF_HEADER = UUID("75b22630-668e-11cf-a6d9-00aa0062ce6c").bytes_le
_DATA = UUID("75b22636-668e-11cf-a6d9-00aa0062ce6c").bytes_le
FILE_PROPERTIES = UUID("8cabdca1-a947-11cf-8ee4-00c00c205365").bytes_le
HEADER_EXTENSION = UUID("5fbf03b5-a92e-11cf-8ee3-00c00c205365").bytes_le
EXTENDED_CONTENT = UUID("d2d0a440-e307-11d2-97f0-00a0c95ea850").bytes_le
METADATA = UUID("c5f8cbea-5baf-4877-8467-aa8c44fa4cca").bytes_le
METADATA_LIBRARY = UUID("44231c94-9498-49d1-a141-1d134e457054").bytes_le
PADDING = UUID("1806d474-cadf-4509-a4ba-9aabcb96aae8").bytes_le

ATTRIBUTES = (EXTENDED_CONTENT, METADATA, METADATA_LIBRARY)
"""The objects that hold attributes."""
HEADER_SIZE = 30  # bytes of the header object before the objects in it
EXTENSION_SIZE = 46  # bytes of the header extension before the objects in it
_OBJECT_SIZE = 24
_MOST_OBJECTS = 10_000
GENRE_KEY = "WM/Genre"


@dataclass(frozen=True, kw_only=True)
class AsfObject:
    """An object of ASF, by where it stands in the file."""

    kind: bytes
    start: int
    stop: int


def asf_objects(data: Data, start: int, stop: int) -> Iterator[AsfObject]:
    """Yield the objects of a part of a file.

    Raises:
        ValueError: one has no size, or there are too many.
    """
    for _ in range(_MOST_OBJECTS):
        if start + _OBJECT_SIZE > stop:
            return
        head = bytes(data[start : start + _OBJECT_SIZE])
        size = number(head[16:], little=True)
        if size < _OBJECT_SIZE:
            raise ValueError("an ASF object has no size")
        yield AsfObject(kind=head[:16], start=start, stop=min(start + size, len(data)))
        start += size
    raise ValueError("it has too many ASF objects")


def attributes(kind: bytes, content: bytes) -> list[tuple[str, bytes]]:
    """Return name and all bytes of the attributes of an object's content.

    The extended content description has the name before the size of the value, the others after.

    Raises:
        ValueError: one is cut short.
    """
    found = []
    at = 2
    for _ in range(number(content[:2], little=True)):
        if kind == EXTENDED_CONTENT:
            name_at = at + 2
            value_at = name_at + number(content[at : at + 2], little=True)
            stop = value_at + 4 + number(content[value_at + 2 : value_at + 4], little=True)
        else:
            if at + 12 > len(content):
                raise ValueError("an ASF attribute is cut short")
            length, _, size = struct.unpack("<HHI", content[at + 4 : at + 12])
            name_at = at + 12
            value_at = name_at + length
            stop = value_at + size
        if stop > len(content):
            raise ValueError("an ASF attribute is cut short")
        name = content[name_at:value_at].decode("utf-16-le", "replace").rstrip("\0")
        found.append((name, content[at:stop]))
        at = stop
    return found


def purpose_of(name: str) -> Purpose | None:
    """Return what an attribute is for."""
    return {GENRE_KEY: Purpose.GENRE, SOURCE_KEY: Purpose.SOURCE}.get(name)


def asf_parts(data: Data) -> Parts:
    """Yield the objects but padding, and attributes one by one, wherever they stand."""
    for one in asf_objects(data, 0, len(data)):
        if one.kind == ASF_HEADER:
            yield from _header_parts(data, one.start + HEADER_SIZE, one.stop, extended=True)
        elif one.kind == _DATA:
            yield AUDIO, data[one.start + _OBJECT_SIZE : one.stop]
        else:
            yield b"ASF object " + one.kind, data[one.start : one.stop]


def _header_parts(data: Data, start: int, stop: int, *, extended: bool) -> Parts:
    """Yield the objects of a header, and of its extension if it may have one."""
    for one in asf_objects(data, start, stop):
        content = data[one.start + _OBJECT_SIZE : one.stop]
        if one.kind == HEADER_EXTENSION and extended:
            inside = one.start + EXTENSION_SIZE
            yield from _header_parts(data, inside, one.stop, extended=False)
        elif one.kind in ATTRIBUTES:
            for name, raw in attributes(one.kind, bytes(content)):
                if purpose_of(name) is None:
                    yield b"ASF " + name.encode(), raw
        elif one.kind == FILE_PROPERTIES:
            yield b"ASF file", bytes(content[:16]) + bytes(content[24:])  # all but the file's size
        elif one.kind != PADDING:
            yield b"ASF object " + one.kind, content
