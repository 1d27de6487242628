"""What the readers of all containers share."""

from collections.abc import Iterator

Data = memoryview
Part = tuple[bytes, Data | bytes]
"""Name and bytes of an item of a tag; audio, and what is needed to decode it, has no name.

The bytes are left empty where a tag may be written in more than one way: then the items are
counted, and mutagen compares what they say.
"""
Parts = Iterator[Part]
AUDIO = b""


def number(data: Data | bytes, *, little: bool = False) -> int:
    """Read a number of any width, big-endian unless `little`."""
    return int.from_bytes(data, "little" if little else "big")
