"""Files of chunks: WAV, AIFF and DSF."""

import struct

from tagger.tags.containers.base import AUDIO, Data, Parts, number
from tagger.tags.containers.id3 import id3_parts


def chunk_parts(data: Data, order: str) -> Parts:
    """WAV and AIFF: chunks, one of which may be an ID3v2 tag."""
    position = 12
    while position + 8 <= len(data):
        name = bytes(data[position : position + 4])
        (size,) = struct.unpack(f"{order}I", data[position + 4 : position + 8])
        chunk = data[position : min(position + 8 + size, len(data))]
        if name.lower() == b"id3 ":
            yield from id3_parts(chunk[8:])
        else:
            yield AUDIO, chunk
        position += 8 + size + size % 2


def dsf_parts(data: Data) -> Parts:
    """The format and data chunks; an ID3v2 tag stands behind them."""
    tag = number(data[20:28], little=True)
    yield AUDIO, data[28 : tag or len(data)]
    if tag:
        yield from id3_parts(data[tag:])
