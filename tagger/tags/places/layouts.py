"""Which layout a file has, by its first bytes."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tagger.errors import TagError, reason
from tagger.tags.containers.asf import ASF_HEADER
from tagger.tags.containers.base import Data, open_data
from tagger.tags.containers.id3 import id3_tags
from tagger.tags.containers.riff import AIFF, DSDIFF, WAV
from tagger.tags.places.asf import asf_layout
from tagger.tags.places.base import Layout
from tagger.tags.places.chunks import chunk_layout, dsf_layout
from tagger.tags.places.mp4 import mp4_layout
from tagger.tags.places.stream import stream_layout
from tagger.tags.places.vorbis import flac_layout, ogg_layout

_LAYOUTS: tuple[tuple[bytes, int, Callable[[Data], Layout]], ...] = (
    (b"fLaC", 0, flac_layout),
    (b"OggS", 0, ogg_layout),
    (b"ftyp", 4, mp4_layout),
    (ASF_HEADER, 0, asf_layout),
    (b"RIFF", 0, lambda data: chunk_layout(data, WAV)),
    (b"FORM", 0, lambda data: chunk_layout(data, AIFF)),
    (b"FRM8", 0, lambda data: chunk_layout(data, DSDIFF)),
    (b"DSD ", 0, dsf_layout),
)
"""First bytes, where they stand, and who reads such a file."""

NO_TAGS = {
    b"\x1aE\xdf\xa3": "Matroska and WebM",
    b"RF64": "RF64",
    b"BW64": "BW64",
    b"#!AMR": "AMR",
    b".snd": "AU",
}
"""Containers for which no tags can be written, by their first bytes."""


def layout_of(data: Data) -> Layout:
    """Return the places of a file in which genres are kept.

    Raises:
        ValueError, IndexError, struct.error: it is damaged.
        TagError: no tags can be written into files of its kind.
    """
    start = sum(len(tag) for _, tag in id3_tags(data))
    head = bytes(data[start : start + 16])
    for magic, name in NO_TAGS.items():
        if head.startswith(magic):
            raise TagError(f"is of a kind ({name}) whose tags cannot be written")
    for magic, offset, reader in _LAYOUTS:
        if head[offset : offset + len(magic)] == magic:
            return reader(data)
    return stream_layout(data)


def open_layout(path: Path) -> Layout:
    """Open a file and return the places in which it keeps genres.

    Raises:
        TagError: it cannot be read, is damaged, or no tags can be written into its kind.
    """
    with understood():
        return layout_of(open_data(path))


@contextmanager
def understood() -> Iterator[None]:
    """Turn what damaged files bring about into a sentence.

    Raises:
        TagError: what is wrong with the file.
    """
    try:
        yield
    except OSError as error:
        raise TagError(f"cannot be read ({reason(error)})") from None
    except ValueError as error:
        raise TagError(f"has tags that cannot be read ({error})") from None
    except (struct.error, IndexError, OverflowError, StopIteration):
        raise TagError("has tags that cannot be read (a tag ends too early)") from None
