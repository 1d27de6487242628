"""Divides music files into audio, genre and the other items of their tags, and no further.

Nothing is decoded. One function for each family of containers yields the parts of a file in their
order; where a tag begins and ends is all it knows of it.
"""

from collections.abc import Callable

from tagger.tags.containers.apev2 import tagged_parts
from tagger.tags.containers.asf import ASF_HEADER, asf_parts
from tagger.tags.containers.base import Data, Parts
from tagger.tags.containers.id3 import id3_tags
from tagger.tags.containers.mp4 import mp4_parts
from tagger.tags.containers.riff import AIFF, DSDIFF, WAV, chunk_parts, dsf_parts
from tagger.tags.containers.xiph import flac_parts, ogg_parts


def parts(data: Data) -> Parts:
    """Yield the parts of a file, all but its genre.

    Raises:
        ValueError, IndexError, struct.error: the file is not built as its first bytes promise.
    """
    start = sum(len(tag) for _, tag in id3_tags(data))
    head = bytes(data[start : start + 16])
    for magic, offset, reader in _READERS:
        if head[offset : offset + len(magic)] == magic:
            return reader(data)
    return tagged_parts(data)


_READERS: tuple[tuple[bytes, int, Callable[[Data], Parts]], ...] = (
    (b"fLaC", 0, flac_parts),
    (b"OggS", 0, ogg_parts),
    (b"ftyp", 4, mp4_parts),
    (ASF_HEADER, 0, asf_parts),
    (b"FORM", 0, lambda data: chunk_parts(data, AIFF)),
    (b"FRM8", 0, lambda data: chunk_parts(data, DSDIFF)),
    (b"RIFF", 0, lambda data: chunk_parts(data, WAV)),
    (b"DSD ", 0, dsf_parts),
)
"""First bytes, where they stand, and who reads such a file."""
