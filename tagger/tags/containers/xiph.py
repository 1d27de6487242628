"""FLAC and Ogg, with Vorbis comments.

Sources: "Ogg Vorbis I format specification: comment field and header specification", RFC 9639
(FLAC), RFC 3533 (Ogg), RFC 7845 (Opus in Ogg), "Ogg FLAC mapping", the Speex manual.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tagger.errors import OversizedTagError
from tagger.tags.containers.base import AUDIO, SOURCE_KEY, Data, Parts, Purpose, number
from tagger.tags.containers.id3 import (
    MOST_BYTES,
    before_id3v1,
    id3_parts,
    id3_tags,
    id3v1_parts,
)

_MOST_COMMENTS = 100_000
_MOST_BLOCKS = 10_000
_MOST_EMPTY_PAGES = 10_000
_LONGEST_NAME = 16  # bytes of a name that is looked at
_PURPOSES = {b"genre": Purpose.GENRE, SOURCE_KEY.lower().encode(): Purpose.SOURCE}


@dataclass(frozen=True, kw_only=True)
class Comments:
    """The Vorbis comments of a file."""

    vendor: bytes
    items: tuple[bytes, ...]
    rest: bytes = b""  # what is behind them: the framing bit of Vorbis, padding of Opus


def purpose_of(comment: bytes) -> Purpose | None:
    """Return what a comment is for."""
    name, found, _ = comment[:_LONGEST_NAME].partition(b"=")
    return _PURPOSES.get(name.lower()) if found else None


def read_comments(content: bytes) -> Comments:
    """Read vendor and comments.

    Raises:
        ValueError: they are damaged.
    """
    at = 4 + number(content[:4], little=True)
    if at + 4 > len(content):
        raise ValueError("the Vorbis comments are cut short")
    vendor, count = content[4:at], number(content[at : at + 4], little=True)
    at += 4
    if count > _MOST_COMMENTS:
        raise ValueError(f"it has more than {_MOST_COMMENTS} Vorbis comments")
    items = []
    for _ in range(count):
        stop = at + 4 + number(content[at : at + 4], little=True)
        if at + 4 > len(content) or stop > len(content):
            raise ValueError("a Vorbis comment is cut short")
        items.append(content[at + 4 : stop])
        at = stop
    return Comments(vendor=vendor, items=tuple(items), rest=content[at:])


def _comment_parts(content: bytes) -> Parts:
    """Yield vendor, comments but the genre, and what is behind them."""
    comments = read_comments(content)
    yield b"vendor", comments.vendor
    yield from ((b"comment", item) for item in comments.items if purpose_of(item) is None)
    yield b"rest", comments.rest


STREAM_INFO, PADDING, VORBIS_COMMENT = 0, 1, 4


def flac_blocks(data: Data, at: int) -> Iterator[tuple[int, int, Data]]:
    """Yield kind, start (of the header) and content of the metadata blocks from a position on.

    Raises:
        ValueError: a block is cut short.
        OversizedTagError: there are too many.
    """
    for _ in range(_MOST_BLOCKS):
        header = bytes(data[at : at + 4])
        if len(header) < 4:  # noqa: PLR2004
            raise ValueError("a FLAC metadata block is cut short")
        content = data[at + 4 : at + 4 + number(header[1:])]
        if len(content) < number(header[1:]):
            raise ValueError("a FLAC metadata block is cut short")
        yield header[0] & 0x7F, at, content
        if header[0] & 0x80:  # the last one
            return
        at += 4 + len(content)
    raise OversizedTagError(f"has more than {_MOST_BLOCKS} FLAC metadata blocks")


def flac_parts(data: Data) -> Parts:
    """Yield metadata blocks but padding, other tags, and the frames of audio."""
    at = 4
    for _, tag in id3_tags(data):
        yield from id3_parts(tag)
        at += len(tag)
    for kind, start, content in flac_blocks(data, at):
        at = start + 4 + len(content)
        if kind == STREAM_INFO:
            yield AUDIO, content
        elif kind == VORBIS_COMMENT:
            yield from _comment_parts(bytes(content))
        elif kind != PADDING:
            yield b"block %d" % kind, content
    yield from id3v1_parts(data)
    yield AUDIO, data[at : before_id3v1(data)]


OGG_STREAMS = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}
"""How the first packet of a stream begins, and how much of the second comes before the comments."""

_NO_TIME = (bytes(8), b"\xff" * 8)
_HEADER_SIZE = 27


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of Ogg."""

    start: int
    header: bytes  # 27 bytes
    lacing: bytes  # sizes of its segments; a packet ends with one below 255
    content: Data

    @property
    def stop(self) -> int:
        """Where it ends."""
        return self.start + _HEADER_SIZE + len(self.lacing) + len(self.content)

    @property
    def granule(self) -> bytes:
        """The time of its last packet."""
        return self.header[6:14]

    @property
    def serial(self) -> bytes:
        """The number of its stream."""
        return self.header[14:18]


def ogg_pages(data: Data) -> Iterator[Page]:
    """Yield all pages of a file.

    Raises:
        ValueError: there is something else than a page, or the last one is cut short.
        OversizedTagError: too many pages hold nothing.
    """
    at = empty = 0
    while at < len(data):
        header = bytes(data[at : at + _HEADER_SIZE])
        if header[:4] != b"OggS" or len(header) < _HEADER_SIZE:
            raise ValueError("there is no Ogg page where one should be")
        start = at + _HEADER_SIZE + header[26]
        lacing = bytes(data[at + _HEADER_SIZE : start])
        content = data[start : start + sum(lacing)]
        if len(content) < sum(lacing):
            raise ValueError("it is cut short: the last Ogg page is not whole")
        empty += not content
        if empty > _MOST_EMPTY_PAGES:
            raise OversizedTagError(f"has more than {_MOST_EMPTY_PAGES} Ogg pages without content")
        page = Page(start=at, header=header, lacing=lacing, content=content)
        yield page
        at = page.stop


def check_header_size(size: int) -> None:
    """Refuse headers of a stream that are beyond all bounds, in bytes.

    Raises:
        OversizedTagError: they are.
    """
    if size > MOST_BYTES:
        raise OversizedTagError(f"has Ogg headers of more than {MOST_BYTES >> 20} MB")


def stream_kind(page: Page) -> int:
    """Return how much of the second packet comes before the comments; -1 for an unknown stream."""
    head = bytes(page.content[:8])
    return next((size for magic, size in OGG_STREAMS.items() if head.startswith(magic)), -1)


def ogg_parts(data: Data) -> Parts:
    """Yield the streams; their pages are renumbered when the comments grow.

    What follows the comments up to the first page with a time is one part: when the comments grow,
    it may be divided into pages in another way.
    """
    comments: dict[bytes, bytearray | None] = {}  # the second packet, while it is running
    setup: dict[bytes, bytearray | None] = {}  # what is behind it, up to the audio
    before: dict[bytes, int] = {}
    for page in ogg_pages(data):
        serial = page.serial
        if serial not in before:
            before[serial] = stream_kind(page)
            comments[serial] = bytearray() if before[serial] >= 0 else None
            setup[serial] = bytearray() if before[serial] >= 0 else None
            yield AUDIO, page.content
            continue
        start = 0
        if (packet := comments[serial]) is not None:
            for size in page.lacing:
                packet += bytes(page.content[start : start + size])
                start += size
                check_header_size(len(packet))
                if size < _FULL:  # the last segment of the packet
                    yield from _comment_parts(bytes(packet)[before[serial] :])
                    comments[serial] = None
                    break
        if (held := setup[serial]) is not None:
            if page.granule in _NO_TIME:
                held += bytes(page.content[start:])
                check_header_size(len(held))
                continue
            yield AUDIO, bytes(held)
            setup[serial] = None
        if page.granule not in _NO_TIME:
            yield AUDIO, page.granule + serial
        yield AUDIO, page.content[start:]
    yield from ((AUDIO, bytes(held)) for held in setup.values() if held)


_FULL = 255  # bytes of a segment that is not the last of its packet
