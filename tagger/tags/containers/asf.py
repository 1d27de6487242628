"""ASF, which WMA files are."""

import struct

from tagger.tags.containers.base import AUDIO, Data, Parts, number

_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_HEADER_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_ASF_CONTENT = bytes.fromhex("3326b2758e66cf11a6d900aa0062ce6c")
_ASF_EXTENDED = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
_ASF_LIBRARIES = (
    bytes.fromhex("941c23449894d149a1411d134e457054"),
    bytes.fromhex("eacbf8c5af5b77488467aa8c44fa4cca"),
)


def asf_parts(data: Data) -> Parts:
    """Objects of ASF; attributes are counted by name, wherever they stand."""
    position = 0
    while position + 24 <= len(data):
        kind = bytes(data[position : position + 16])
        size = number(data[position + 16 : position + 24], little=True)
        if size < 24:  # noqa: PLR2004 - the header of an object
            raise ValueError("an ASF object has no size")
        content = data[position + 24 : position + size]
        if kind == _ASF_DATA:
            yield AUDIO, content
        elif kind == ASF_HEADER:
            yield from asf_parts(content[6:])
        elif kind == _ASF_HEADER_EXTENSION:
            yield from asf_parts(content[22:])
        elif kind == _ASF_CONTENT:
            yield b"ASF content", content
        elif kind == _ASF_EXTENDED:
            yield from _asf_attributes(content, name_first=True)
        elif kind in _ASF_LIBRARIES:
            yield from _asf_attributes(content, name_first=False)
        position += size


def _asf_attributes(data: Data, *, name_first: bool) -> Parts:
    """The extended content description has the name before the value's size, libraries after."""
    position = 2
    for _ in range(number(data[:2], little=True)):
        if name_first:
            length = number(data[position : position + 2], little=True)
            name = bytes(data[position + 2 : position + 2 + length])
            position += 2 + length
            position += 4 + number(data[position + 2 : position + 4], little=True)
        else:
            length, _, size = struct.unpack("<HHI", data[position + 4 : position + 12])
            name = bytes(data[position + 12 : position + 12 + length])
            position += 12 + length + size
        if name.decode("utf-16-le").rstrip("\0") != "WM/Genre":
            yield b"ASF " + name, b""
