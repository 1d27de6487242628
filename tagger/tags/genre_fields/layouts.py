"""The genre fields of a file in any container."""

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tagger.errors import TagError, UnreachableTagError, reason
from tagger.tags.containers.base import Data, open_data
from tagger.tags.containers.detect import Container, container_of
from tagger.tags.containers.matroska import matroska_genres
from tagger.tags.containers.riff import AIFF, DSDIFF, WAV
from tagger.tags.formats import no_tags_possible
from tagger.tags.genre_fields.asf import asf_layout
from tagger.tags.genre_fields.base import Layout
from tagger.tags.genre_fields.chunks import chunk_layout, dsf_layout
from tagger.tags.genre_fields.mp4 import mp4_layout
from tagger.tags.genre_fields.stream import stream_layout
from tagger.tags.genre_fields.vorbis import flac_layout, ogg_layout
from tagger.tags.genre_names import Texts

_LAYOUTS: Mapping[Container, Callable[[Data], Layout]] = {
    Container.FLAC: flac_layout,
    Container.OGG: ogg_layout,
    Container.MP4: mp4_layout,
    Container.ASF: asf_layout,
    Container.WAV: lambda data: chunk_layout(data, WAV),
    Container.AIFF: lambda data: chunk_layout(data, AIFF),
    Container.DSDIFF: lambda data: chunk_layout(data, DSDIFF),
    Container.DSF: dsf_layout,
    Container.STREAM: stream_layout,
}

_READ_ONLY: Mapping[Container, Callable[[Data], Texts]] = {
    Container.MATROSKA: matroska_genres,
    Container.AAC: lambda data: stream_layout(data).genres,  # as before and behind MP3
}
"""Kinds whose genres are read, and none is written."""


def layout_of(data: Data) -> Layout:
    """Return the genre fields of a file.

    Raises:
        ValueError, IndexError, struct.error: it is damaged.
        TagError: it is empty, or genretag writes no tags into files of its kind.
    """
    if not len(data):
        raise TagError("is empty")
    container = container_of(data)
    if container not in _LAYOUTS:
        raise TagError(no_tags_possible(container.value))
    return _LAYOUTS[container](data)


def open_layout(path: Path) -> Layout:
    """Open a file and return its genre fields.

    Raises:
        TagError: it cannot be read, is damaged, or no tags can be written into its kind.
    """
    with understood():
        return layout_of(open_data(path))


def read_only_genres(path: Path) -> Texts:
    """Open a file of a kind that genretag writes no tags into, and return the genres that it has.

    Raises:
        TagError: it cannot be read, is damaged, or its tags are not even read.
    """
    with understood():
        data = open_data(path)
        read = _READ_ONLY.get(container_of(data)) if len(data) else None
        return read(data) if read else layout_of(data).genres


@contextmanager
def understood() -> Iterator[None]:
    """Turn what damaged files bring about into a sentence.

    Raises:
        UnreachableTagError: the file cannot be read now.
        TagError: what is wrong with the file.
    """
    try:
        yield
    except OSError as error:
        raise UnreachableTagError(f"cannot be read ({reason(error)})") from None
    except ValueError as error:
        raise TagError(f"has tags that cannot be read ({error})") from None
    except (struct.error, IndexError, OverflowError, StopIteration):
        raise TagError("has tags that cannot be read (a tag ends too early)") from None
