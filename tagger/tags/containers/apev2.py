"""Files that end with an APEv2 tag, or may: MP3, APE, WavPack, Musepack, TrueAudio."""

import struct

from tagger.tags.containers.base import AUDIO, Data, Parts, number
from tagger.tags.containers.id3 import after_id3, before_id3v1, id3_parts, id3v1_parts


def tagged_parts(data: Data) -> Parts:
    """MP3, APE, WavPack, Musepack, TrueAudio: ID3v2, audio, APEv2, ID3v1."""
    start = after_id3(data)
    if start:
        yield from id3_parts(data)
    yield from id3v1_parts(data)
    end = before_id3v1(data)
    if bytes(data[end - 32 : end - 24]) == b"APETAGEX":
        size, count, flags = struct.unpack("<III", data[end - 20 : end - 8])
        yield from _ape(data[end - size : end - 32], count)
        end -= size + (32 if flags & 0x80000000 else 0)
    yield AUDIO, data[start : max(start, end)]


def _ape(data: Data, count: int) -> Parts:
    position = 0
    while count and position < len(data):  # the count may be as damaged as anything
        count -= 1
        size = number(data[position : position + 4], little=True)
        key, _, _ = bytes(data[position + 8 : position + 8 + 256]).partition(b"\0")
        start = position + 8 + len(key) + 1
        if key.lower() != b"genre":
            yield b"APE " + key.lower(), data[start : start + size]
        position = start + size
