"""Files of chunks: WAV, AIFF, DSDIFF and DSF.

Sources: "Multimedia Programming Interface and Data Specifications 1.0" (RIFF and its INFO list),
"Audio Interchange File Format AIFF-C", "DSDIFF 1.5", "DSF File Format Specification 1.01".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tagger.errors import OversizedTagError
from tagger.tags.containers.base import AUDIO, Data, Parts, number
from tagger.tags.containers.id3 import id3_parts

_MOST_CHUNKS = 10_000
_MOST_ZEROS = 1 << 22  # bytes behind a container: FFmpeg takes every eight of them for a chunk


@dataclass(frozen=True, kw_only=True)
class ChunkFormat:
    """How a container divides itself into chunks."""

    header: int  # bytes of name and size
    little: bool
    first: int  # where the first chunk begins: behind the kind of the file

    @property
    def width(self) -> int:
        """Bytes of a size."""
        return self.header - 4


WAV = ChunkFormat(header=8, little=True, first=12)
AIFF = ChunkFormat(header=8, little=False, first=12)
DSDIFF = ChunkFormat(header=12, little=False, first=16)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A chunk, by where it stands in the file."""

    name: bytes
    start: int
    inner: int
    stop: int  # without the byte that makes its size even

    @property
    def padded(self) -> int:
        """Where the next chunk begins."""
        return self.stop + (self.stop - self.inner) % 2

    @property
    def is_id3(self) -> bool:
        """Whether it holds an ID3v2 tag."""
        return self.name.upper() == b"ID3 "


def chunks(data: Data, form: ChunkFormat, start: int, stop: int) -> Iterator[Chunk]:
    """Yield the chunks of a part of a file.

    Raises:
        ValueError: one is longer than what holds it, or there are too many.
    """
    for _ in range(_MOST_CHUNKS):
        if start + form.header > stop:
            return
        head = bytes(data[start : start + form.header])
        inner = start + form.header
        chunk = Chunk(
            name=head[:4],
            start=start,
            inner=inner,
            stop=inner + number(head[4:], little=form.little),
        )
        if chunk.stop > stop:
            raise ValueError("it is cut short, or was never finished: a chunk goes beyond its end")
        yield chunk
        start = chunk.padded
    raise ValueError("it has too many chunks")


def chunks_end(data: Data, form: ChunkFormat) -> int:
    """Return where the container ends by its own size.

    Raises:
        ValueError: the file ends before.
        OversizedTagError: megabytes of zeros are behind it, as in a recording that was broken off.
    """
    end = form.header + number(data[4 : form.header], little=form.little)
    if end > len(data) + 1:  # many leave out the last byte that makes it even
        raise ValueError("it is cut short, or was never finished: it says that it is longer")
    if len(data) - end > _MOST_ZEROS and not any(data[end : end + 16]):
        raise OversizedTagError("was never finished: behind its audio are megabytes of zeros")
    return min(end, len(data))


def chunk_parts(data: Data, form: ChunkFormat) -> Parts:
    """Yield the chunks, those of tags item by item, and what is behind the container."""
    end = behind = chunks_end(data, form)
    for chunk in chunks(data, form, form.first, end):
        behind = max(end, chunk.padded)
        content = data[chunk.inner : chunk.stop]
        if chunk.is_id3:
            yield from id3_parts(content)
        elif is_info(data, chunk):
            for item in info_items(data, form, chunk):
                if item.name != b"IGNR":
                    yield b"INFO " + item.name, data[item.inner : item.stop]
        else:
            yield AUDIO, data[chunk.start : chunk.stop]
    yield b"behind", data[behind:]


def is_info(data: Data, chunk: Chunk) -> bool:
    """Tell whether a chunk of WAV is a list of texts about the file."""
    return chunk.name == b"LIST" and bytes(data[chunk.inner : chunk.inner + 4]) == b"INFO"


def info_items(data: Data, form: ChunkFormat, info: Chunk) -> Iterator[Chunk]:
    """Yield the texts of an INFO list."""
    yield from chunks(data, form, info.inner + 4, info.stop)


def dsf_tag(data: Data) -> int:
    """Return where the ID3v2 tag of a DSF file begins, which is its end if there is none.

    Raises:
        ValueError: the file is cut short.
    """
    size, tag = number(data[12:20], little=True), number(data[20:28], little=True)
    form_size = number(
        data[32:40], little=True
    )  # of the chunk "fmt ", behind the first of 28 bytes
    audio = 28 + form_size
    end = audio + number(data[audio + 4 : audio + 12], little=True)
    if bytes(data[audio : audio + 4]) != b"data" or max(size, end, tag) > len(data):
        raise ValueError("it is cut short: audio or tag is missing at its end")
    return tag or len(data)


def dsf_parts(data: Data) -> Parts:
    """Yield the format and data chunks; an ID3v2 tag stands behind them."""
    tag = dsf_tag(data)
    yield AUDIO, data[28:tag]
    if tag < len(data):
        yield from id3_parts(data[tag:])
