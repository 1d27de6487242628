"""Which container a file is in, by its first bytes: the one table of signatures."""

from enum import Enum

from tagger.tags.containers.asf import ASF_HEADER
from tagger.tags.containers.base import Data
from tagger.tags.containers.id3 import id3_tags


class Container(Enum):
    """A container, by the name that users read."""

    FLAC = "FLAC"
    OGG = "Ogg"
    MP4 = "MP4"
    ASF = "ASF"
    WAV = "WAV"
    AIFF = "AIFF"
    DSDIFF = "DSDIFF"
    DSF = "DSF"
    MATROSKA = "Matroska and WebM"
    RF64 = "RF64"
    BW64 = "BW64"
    AMR = "AMR"
    AU = "AU"
    AAC = "AAC"
    STREAM = "stream"  # frames of audio, with tags before and behind them: MP3, WavPack, …


_SIGNATURES = (
    (b"fLaC", 0, Container.FLAC),
    (b"OggS", 0, Container.OGG),
    (b"ftyp", 4, Container.MP4),
    (ASF_HEADER, 0, Container.ASF),
    (b"RIFF", 0, Container.WAV),
    (b"FORM", 0, Container.AIFF),
    (b"FRM8", 0, Container.DSDIFF),
    (b"DSD ", 0, Container.DSF),
    (b"\x1aE\xdf\xa3", 0, Container.MATROSKA),
    (b"RF64", 0, Container.RF64),
    (b"BW64", 0, Container.BW64),
    (b"#!AMR", 0, Container.AMR),
    (b".snd", 0, Container.AU),
    (b"ADIF", 0, Container.AAC),
    # Layer 0 in a frame of MPEG-4 or MPEG-2, with a checksum or without one.
    *((bytes((0xFF, second)), 0, Container.AAC) for second in (0xF0, 0xF1, 0xF8, 0xF9)),
)
"""First bytes behind any ID3v2 tags, where they stand, and what begins with them."""


def container_of(data: Data) -> Container:
    """Return the container of a file; what has no signature is a stream.

    Raises:
        ValueError, IndexError: an ID3v2 tag at its beginning is damaged.
    """
    start = sum(len(tag) for _, tag in id3_tags(data))
    head = bytes(data[start : start + 16])
    for magic, offset, container in _SIGNATURES:
        if head[offset : offset + len(magic)] == magic:
            return container
    return Container.STREAM
