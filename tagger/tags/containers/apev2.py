"""Files that end with an APEv2 tag, or may: MP3, TrueAudio, Monkey's Audio, WavPack, Musepack, TAK.

Source: "APEv2 specification" (Hydrogenaudio Knowledgebase).
"""

import struct
from dataclasses import dataclass

from tagger.tags.containers.base import AUDIO, SOURCE_KEY, Data, Parts, Purpose, number
from tagger.tags.containers.completeness import check_whole
from tagger.tags.containers.id3 import before_id3v1, id3_parts, id3_tags, id3v1_parts

_APE_FORMATS = (b"MAC ", b"wvpk", b"MP+", b"MPCK", b"tBaK")
_FOOTER_SIZE = 32
_MOST_ITEMS = 10_000
_MOST_KEY = 256
_HAS_HEADER = 1 << 31
_VERSION = 2000


def start_of_ape_audio(data: Data) -> int | None:
    """Return where audio begins that usually has an APEv2 tag and none of ID3v2; None for other.

    Raises:
        ValueError, IndexError: an ID3v2 tag before it is damaged.
        OversizedTagError: there are too many of these.
    """
    start = sum(len(tag) for _, tag in id3_tags(data))
    return start if bytes(data[start : start + 4]).startswith(_APE_FORMATS) else None


@dataclass(frozen=True, kw_only=True)
class ApeTag:
    """An APEv2 tag; by default an empty one that is not in the file yet."""

    start: int
    stop: int
    version: int = _VERSION
    flags: int = 0
    has_header: bool = False
    count: int = 0  # of items, as the tag says
    items: tuple[tuple[bytes, bytes], ...] = ()  # key in small letters, and all bytes


def read_ape(data: Data) -> ApeTag | None:
    """Read the APEv2 tag that some bytes end with; none if there is none.

    Raises:
        ValueError: it is damaged.
    """
    footer = bytes(data[-_FOOTER_SIZE:]) if len(data) >= _FOOTER_SIZE else b""
    if not footer.startswith(b"APETAGEX"):
        return None
    version, size, count, flags = struct.unpack("<IIII", footer[8:24])
    has_header = bool(flags & _HAS_HEADER)
    first = len(data) - size
    start = first - (_FOOTER_SIZE if has_header else 0)
    if size < _FOOTER_SIZE or start < 0:
        raise ValueError("its APEv2 tag is damaged")
    body = bytes(data[first : len(data) - _FOOTER_SIZE])
    items = []
    at = 0
    while at < len(body):  # the count of items may be as damaged as anything
        key, found, _ = body[at + 8 : at + 8 + _MOST_KEY].partition(b"\0")
        stop = at + 8 + len(key) + 1 + number(body[at : at + 4], little=True)
        if not found or stop > len(body):
            raise ValueError("an item of its APEv2 tag is cut short")
        items.append((key.lower(), body[at:stop]))
        if len(items) > _MOST_ITEMS:
            raise ValueError(f"its APEv2 tag has more than {_MOST_ITEMS} items")
        at = stop
    return ApeTag(
        start=start,
        stop=len(data),
        version=version,
        flags=flags,
        has_header=has_header,
        count=count,
        items=tuple(items),
    )


def purpose_of(key: bytes) -> Purpose | None:
    """Return what an item is for, by its key in small letters."""
    return {b"genre": Purpose.GENRE, SOURCE_KEY.lower().encode(): Purpose.SOURCE}.get(key)


def tagged_parts(data: Data) -> Parts:
    """Yield ID3v2 tags, ID3v1, APEv2 items but the genre, and the audio between them."""
    start = 0
    for at, tag in id3_tags(data):
        yield from id3_parts(tag)
        start = at + len(tag)
    yield from id3v1_parts(data)
    end = before_id3v1(data)
    if ape := read_ape(data[:end]):
        yield from ((b"APE " + key, raw) for key, raw in ape.items if purpose_of(key) is None)
        end = ape.start
    audio = data[start : max(start, end)]
    check_whole(audio)
    yield AUDIO, audio
