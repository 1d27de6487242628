"""Read genres from the bytes of a file, without the library that wrote them."""

import re
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

# Each function takes the bytes of a file, or of a tag in it.


def _boxes(
    data: bytes, head: str, sized_with_head: bool = False, padded_to: int = 1
) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of consecutive boxes, each with a header of name and size."""
    start = struct.calcsize(head)
    while len(data) >= start:
        fields = struct.unpack_from(head, data)
        name, size = fields if isinstance(fields[0], bytes) else fields[::-1]
        stop = size if sized_with_head else start + size
        assert stop >= start, name
        yield name, data[start:stop]
        data = data[stop + -stop % padded_to :]


def _syncsafe(size: int) -> int:
    return sum((size >> 8 * place & 0x7F) << 7 * place for place in range(4))


def _id3v2(data: bytes) -> list[str]:
    version, flags, size = struct.unpack_from(">BxBI", data, 3)
    assert version in (3, 4), version
    assert not flags, "extended header or unsynchronised"
    data = data[10 : 10 + _syncsafe(size)]
    genres = []
    while data.strip(b"\0"):
        name, size = struct.unpack_from(">4sI", data)
        stop = 10 + (size if version == 3 else _syncsafe(size))
        if name == b"TCON":
            encoding = ("latin-1", "utf-16", "utf-16-be", "utf-8")[data[10]]
            text = data[11:stop].decode(encoding).replace("\ufeff", "").strip("\0")
            genres += re.split("[/\0]" if version == 3 else "\0", text)
        data = data[stop:]
    return genres


def _id3v2_chunk(order: str, data: bytes) -> list[str]:
    chunks = _boxes(data[12:], f"{order}4sI", padded_to=2)
    return [genre for name, body in chunks if name in (b"ID3 ", b"id3 ") for genre in _id3v2(body)]


def _id3v2_pointer(data: bytes) -> list[str]:
    start = int.from_bytes(data[20:28], "little")
    return _id3v2(data[start:]) if start else []


def _vorbis_comments(data: bytes) -> list[str]:
    values = []
    at = 8 + int.from_bytes(data[:4], "little")  # after the vendor
    for _ in range(int.from_bytes(data[at - 4 : at], "little")):
        start, at = at + 4, at + 4 + int.from_bytes(data[at : at + 4], "little")
        name, _, value = data[start:at].decode().partition("=")
        values += [value] * (name.upper() == "GENRE")
    return values


def _flac_blocks(data: bytes) -> list[str]:
    values, at, last = [], 4, 0
    while not last:
        last, kind = data[at] >> 7, data[at] & 0x7F
        start, at = at + 4, at + 4 + int.from_bytes(data[at + 1 : at + 4])
        values += _vorbis_comments(data[start:at]) if kind == 4 else []
    return values


# How the first packet starts, and how many bytes precede the comments in the second.
_OGG_HEADS = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}


def _ogg_packets(data: bytes) -> list[str]:
    packets = [b""]
    while len(packets) < 3:  # the third need not be complete
        laces, at = data[27 : 27 + data[26]], 27 + data[26]
        for lace in laces:
            packets[-1] += data[at : at + lace]
            packets += [b""] * (lace < 255)
            at += lace
        data = data[at:]
    before = next(size for head, size in _OGG_HEADS.items() if packets[0].startswith(head))
    return _vorbis_comments(packets[1][before:])


def _mp4_items(data: bytes) -> list[str]:
    boxes = partial(_boxes, head=">I4s", sized_with_head=True)
    for parent in (b"moov", b"udta", b"meta", b"ilst"):
        data = dict(boxes(data)).get(parent, b"")[4 if parent == b"meta" else 0 :]
    readers = {b"\xa9gen": bytes.decode, b"gnre": lambda number: f"({int.from_bytes(number) - 1})"}
    items = ((name, body) for name, body in boxes(data) if name in readers)
    return [readers[name](value[8:]) for name, body in items for _, value in boxes(body)]


def _asf_extended(data: bytes) -> list[str]:
    values, at = [], 2
    for _ in range(int.from_bytes(data[:2], "little")):
        middle = at + 2 + int.from_bytes(data[at : at + 2], "little")
        name = data[at + 2 : middle]
        at = middle + 4 + int.from_bytes(data[middle + 2 : middle + 4], "little")
        values += _asf_genre(name, data[middle + 4 : at])
    return values


def _asf_library(data: bytes) -> list[str]:
    values, at = [], 2
    for _ in range(int.from_bytes(data[:2], "little")):
        name_size, size = struct.unpack_from("<4xH2xI", data, at)
        middle = at + 12 + name_size
        name, at = data[at + 12 : middle], middle + size
        values += _asf_genre(name, data[middle:at])
    return values


def _asf_genre(name: bytes, value: bytes) -> list[str]:
    wanted = name.decode("utf-16-le").rstrip("\0") == "WM/Genre"
    return [value.decode("utf-16-le").rstrip("\0")] if wanted else []


def _asf_objects(data: bytes) -> list[str]:
    """Read genres in the order of `_ASF`: the first value is outside the header extension."""
    objects = dict(_boxes(data, "<16sQ", sized_with_head=True))
    return [genre for key in _ASF if key in objects for genre in _ASF[key](objects[key])]


_ASF: dict[bytes, Callable[[bytes], list[str]]] = {
    UUID("75b22630-668e-11cf-a6d9-00aa0062ce6c").bytes_le: lambda body: _asf_objects(body[6:]),
    UUID("d2d0a440-e307-11d2-97f0-00a0c95ea850").bytes_le: _asf_extended,
    UUID("5fbf03b5-a92e-11cf-8ee3-00c00c205365").bytes_le: lambda body: _asf_objects(body[22:]),
    UUID("44231c94-9498-49d1-a141-1d134e457054").bytes_le: _asf_library,
}


def _apev2(data: bytes) -> list[str]:
    data = data[:-128] if data[-128:-125] == b"TAG" else data
    if data[-32:-24] != b"APETAGEX":
        return []
    size, count = struct.unpack_from("<II", data, len(data) - 20)
    values, data = [], data[-size:]
    for _ in range(min(count, len(data))):  # the count may be damaged
        size = int.from_bytes(data[:4], "little")
        name, _, data = data[8:].partition(b"\0")
        values += data[:size].decode().split("\0") if name.lower() == b"genre" else []
        data = data[size:]
    return values


# Offset and signature of each format, and its reader.
_READERS: tuple[tuple[int, bytes, Callable[[bytes], list[str]]], ...] = (
    (0, b"ID3", _id3v2),
    (0, b"\xff", lambda _: []),  # MPEG audio without a tag
    (0, b"TTA1", lambda _: []),
    (0, b"RIFF", partial(_id3v2_chunk, "<")),
    (0, b"FORM", partial(_id3v2_chunk, ">")),
    (0, b"DSD ", _id3v2_pointer),
    (0, b"fLaC", _flac_blocks),
    (0, b"OggS", _ogg_packets),
    (4, b"ftyp", _mp4_items),
    (0, b"0&\xb2u", _asf_objects),
    (0, b"MAC ", _apev2),
    (0, b"MP+", _apev2),
    (0, b"wvpk", _apev2),
)


def genres_in(path: Path) -> list[str]:
    """Return the genres in the bytes of a file."""
    data = path.read_bytes()
    return next(read(data) for at, magic, read in _READERS if data.startswith(magic, at))


def id3v1_genre(path: Path) -> int | None:
    """Return the number of the genre in the ID3v1 tag at the end of a file."""
    tag = path.read_bytes()[-128:]
    return tag[-1] if tag.startswith(b"TAG") else None
