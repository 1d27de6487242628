"""Divides music files into audio, genre and the other items of their tags, and no further.

Nothing is decoded. One function for each family of containers yields the parts of a file in their
order; where a tag begins and ends is all it knows of it.
"""

from collections.abc import Callable, Mapping

from tagger.tags.containers.apev2 import tagged_parts
from tagger.tags.containers.asf import asf_parts
from tagger.tags.containers.base import Data, Parts
from tagger.tags.containers.detect import Container, container_of
from tagger.tags.containers.mp4 import mp4_parts
from tagger.tags.containers.riff import AIFF, DSDIFF, WAV, chunk_parts, dsf_parts
from tagger.tags.containers.xiph import flac_parts, ogg_parts

_READERS: Mapping[Container, Callable[[Data], Parts]] = {
    Container.FLAC: flac_parts,
    Container.OGG: ogg_parts,
    Container.MP4: mp4_parts,
    Container.ASF: asf_parts,
    Container.WAV: lambda data: chunk_parts(data, WAV),
    Container.AIFF: lambda data: chunk_parts(data, AIFF),
    Container.DSDIFF: lambda data: chunk_parts(data, DSDIFF),
    Container.DSF: dsf_parts,
}


def parts(data: Data) -> Parts:
    """Yield the parts of a file, all but its genre.

    Raises:
        ValueError, IndexError, struct.error: the file is not built as its first bytes promise.
    """
    return _READERS.get(container_of(data), tagged_parts)(data)
