"""Divides music files into audio, genre and the other items of their tags, and no further.

Nothing is decoded. One function for each family of containers yields the parts of a file in their
order; where a tag begins and ends is all it knows of it.
"""

import struct
from collections.abc import Callable, Iterator

Data = memoryview
Part = tuple[bytes, Data | bytes]
"""Name and bytes of an item of a tag; audio, and what is needed to decode it, has no name.

The bytes are left empty where a tag may be written in more than one way: then the items are
counted, and mutagen compares what they say.
"""
Parts = Iterator[Part]

AUDIO = b""
ID3V1_SIZE = 128


def parts(data: Data) -> Parts:
    """Yield the parts of a file, all but its genre.

    Raises:
        ValueError, IndexError, struct.error: the file is not built as its first bytes promise.
    """
    start = _after_id3(data)
    head = bytes(data[start : start + 16])
    for magic, offset, reader in _READERS:
        if head[offset : offset + len(magic)] == magic:
            return reader(data)
    return _tagged(data)


def _number(data: Data | bytes, *, little: bool = False) -> int:
    return int.from_bytes(data, "little" if little else "big")


def _id3_size(data: Data | bytes) -> int:
    """Read a number of four times seven bits."""
    return sum(part << shift for part, shift in zip(data, (21, 14, 7, 0), strict=True))


def _after_id3(data: Data) -> int:
    """Return where the first ID3v2 tag ends; 0 if there is none."""
    if bytes(data[:3]) != b"ID3":
        return 0
    return 10 + _id3_size(data[6:10])


def _id3(data: Data) -> Parts:
    """The frames of an ID3v2 tag but the genre, and but empty ones."""
    version, flags = data[3], data[5]
    body = bytes(data[10 : _after_id3(data)])
    if version == _V23 and flags & 0x80:
        body = body.replace(b"\xff\0", b"\xff")  # stuffed against false synchronisation
    position = 0
    if version > _V22 and flags & 0x40:  # an extended header; only that of v2.3 leaves itself out
        position = _number(body[:4]) + 4 if version == _V23 else _id3_size(body[:4])
    head, width = (6, 3) if version == _V22 else (10, 4)
    while position + head < len(body) and body[position]:
        name = body[position : position + width]
        size = _frame_size(body, position, version)
        content = body[position + head : position + head + size]
        if version == _V22:
            name = _v22_name(name)
        # Dates of before v2.4 are joined into one frame.
        if name not in (b"TCON", *_OLD_DATES) and content[1:].strip(b"\0\xff\xfe"):
            yield b"ID3 " + name, b""
        position += head + size


_V22, _V23 = 2, 3
_OLD_DATES = (b"TYER", b"TDAT", b"TIME", b"TRDA", b"TORY")


def _frame_size(body: bytes, position: int, version: int) -> int:
    if version == _V22:
        return _number(body[position + 3 : position + 6])
    field = body[position + 4 : position + 8]
    plain = _number(field)
    if version == _V23:
        return plain
    # iTunes wrote plain sizes into v2.4: true is the one behind which a frame or padding begins.
    end = position + 10 + _id3_size(field)
    lands = end == len(body) or body[end : end + 1] == b"\0" or body[end : end + 4].isalnum()
    return _id3_size(field) if lands else plain


def _v22_name(name: bytes) -> bytes:
    """Return what mutagen calls a frame of v2.2 when it writes it as v2.4."""
    from mutagen.id3 import Frames_2_2

    kind = Frames_2_2.get(name.decode("latin-1"))
    return kind.__base__.__name__.encode() if kind else name


def _tagged(data: Data) -> Parts:
    """MP3, APE, WavPack, Musepack, TrueAudio: ID3v2, audio, APEv2, ID3v1."""
    start = _after_id3(data)
    if start:
        yield from _id3(data)
    yield from _id3v1(data)
    end = _before_id3v1(data)
    if bytes(data[end - 32 : end - 24]) == b"APETAGEX":
        size, count, flags = struct.unpack("<III", data[end - 20 : end - 8])
        yield from _ape(data[end - size : end - 32], count)
        end -= size + (32 if flags & 0x80000000 else 0)
    yield AUDIO, data[start : max(start, end)]


def _before_id3v1(data: Data) -> int:
    """Return where an ID3v1 tag begins, or the file ends."""
    start = len(data) - ID3V1_SIZE
    return start if start >= 0 and bytes(data[start : start + 3]) == b"TAG" else len(data)


def _id3v1(data: Data) -> Parts:
    """All of the tag but its last byte, the genre."""
    if tag := data[_before_id3v1(data) :]:
        yield b"ID3v1", tag[:-1]


def _ape(data: Data, count: int) -> Parts:
    position = 0
    while count and position < len(data):  # the count may be as damaged as anything
        count -= 1
        size = _number(data[position : position + 4], little=True)
        key, _, _ = bytes(data[position + 8 : position + 8 + 256]).partition(b"\0")
        start = position + 8 + len(key) + 1
        if key.lower() != b"genre":
            yield b"APE " + key.lower(), data[start : start + size]
        position = start + size


def _comments(data: Data) -> Parts:
    """Vorbis comments but the genre."""
    size = _number(data[:4], little=True)
    yield b"vendor", data[4 : 4 + size]
    position = 8 + size
    for _ in range(_number(data[4 + size : 8 + size], little=True)):
        if position >= len(data):  # the count may be as damaged as anything
            raise ValueError("a Vorbis comment is cut short")
        size = _number(data[position : position + 4], little=True)
        comment = data[position + 4 : position + 4 + size]
        if bytes(comment[:6]).lower() != b"genre=":
            yield b"comment", comment
        position += 4 + size


_STREAM_INFO, _PADDING, _VORBIS_COMMENT = 0, 1, 4


def _flac(data: Data) -> Parts:
    position = _after_id3(data) + 4
    last = False
    while not last:
        kind, size = data[position] & 0x7F, _number(data[position + 1 : position + 4])
        last = bool(data[position] & 0x80)
        block = data[position + 4 : position + 4 + size]
        position += 4 + size
        if kind == _STREAM_INFO:
            yield AUDIO, block
        elif kind == _VORBIS_COMMENT:
            yield from _comments(block)
        elif kind != _PADDING:
            yield b"block %d" % kind, block
    yield from _id3v1(data)
    yield AUDIO, data[position : _before_id3v1(data)]


_OGG_NO_TIME = (bytes(8), b"\xff" * 8)
# How the first packet of a stream begins, and how much of the second comes before the comments.
_OGG_STREAMS = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}


def _ogg(data: Data) -> Parts:
    """Streams of pages; the pages themselves are renumbered when the comments grow."""
    position = 0
    comments: dict[bytes, bytearray | None] = {}  # the second packet, while it is running
    before: dict[bytes, int] = {}
    while position < len(data):
        if bytes(data[position : position + 4]) != b"OggS":
            raise ValueError("no Ogg page where one should be")
        granule = bytes(data[position + 6 : position + 14])
        serial = bytes(data[position + 14 : position + 18])
        lacing = data[position + 27 : position + 27 + data[position + 26]]
        start = position + 27 + len(lacing)
        position = start + sum(lacing)
        if position > len(data):
            raise ValueError("the last Ogg page is cut short")
        if serial not in before:
            head = bytes(data[start : start + 8])
            before[serial] = next((n for m, n in _OGG_STREAMS.items() if head.startswith(m)), -1)
            comments[serial] = bytearray() if before[serial] >= 0 else None
            yield AUDIO, data[start:position]
            continue
        if (packet := comments[serial]) is None:
            # Only pages of audio have a time; those of headers may be divided in another way.
            if granule not in _OGG_NO_TIME:
                yield AUDIO, granule + serial
            yield AUDIO, data[start:position]
            continue
        # The comments end with a segment shorter than 255; setup data may follow on that page.
        for index, size in enumerate(lacing):
            packet += data[start : start + size]
            start += size
            if size < 255:  # noqa: PLR2004
                yield from _comments(memoryview(bytes(packet))[before[serial] :])
                comments[serial] = None
                if index + 1 < len(lacing):
                    yield AUDIO, data[start:position]
                break


def _atoms(data: Data, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the content of MP4 atoms."""
    while start + 8 <= end:
        size, name = _number(data[start : start + 4]), bytes(data[start + 4 : start + 8])
        header = 8
        if size == 1:
            size, header = _number(data[start + 8 : start + 16]), 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            raise ValueError("an MP4 atom is cut short")
        yield name, start + header, start + size
        start += size


# What to step over at the start of an atom that holds others.
_MP4_FOLDERS = dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst"), 0)
_MP4_FOLDERS[b"meta"] = 4
_MP4_NOT_COMPARED = (b"\xa9gen", b"gnre", b"free", b"hdlr")
_MP4_NUMBERS = (b"trkn", b"disk", b"tmpo", b"cpil", b"pgap", b"pcst", b"stik", b"rtng", b"hdvd")
_MP4_OFFSETS = {b"stco": 4, b"co64": 8}


def _mp4(data: Data) -> Parts:
    top = list(_atoms(data, 0, len(data)))
    media = [(start, end) for name, start, end in top if name == b"mdat"]
    for start, end in media:
        yield AUDIO, data[start:end]

    def below(start: int, end: int) -> Parts:
        for name, inner, stop in _atoms(data, start, end):
            if name in _MP4_FOLDERS:
                yield from below(inner + _MP4_FOLDERS[name], stop)
            elif width := _MP4_OFFSETS.get(name):
                for at in range(inner + 8, stop, width):
                    # Where in the media data a chunk of samples is: the whole of it may move.
                    offset = _number(data[at : at + width])
                    home = next((s for s, e in media if s <= offset <= e), 0)
                    yield AUDIO, (offset - home).to_bytes(8)
            elif name not in _MP4_NOT_COMPARED:
                yield b"MP4 " + name, b"" if name in _MP4_NUMBERS else data[inner:stop]

    for name, start, end in top:
        if name == b"moov":
            yield from below(start, end)


_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_HEADER_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_ASF_CONTENT = bytes.fromhex("3326b2758e66cf11a6d900aa0062ce6c")
_ASF_EXTENDED = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
_ASF_LIBRARIES = (
    bytes.fromhex("941c23449894d149a1411d134e457054"),
    bytes.fromhex("eacbf8c5af5b77488467aa8c44fa4cca"),
)


def _asf(data: Data) -> Parts:
    """Objects of ASF; attributes are counted by name, wherever they stand."""
    position = 0
    while position + 24 <= len(data):
        kind = bytes(data[position : position + 16])
        size = _number(data[position + 16 : position + 24], little=True)
        if size < 24:  # noqa: PLR2004 - the header of an object
            raise ValueError("an ASF object has no size")
        content = data[position + 24 : position + size]
        if kind == _ASF_DATA:
            yield AUDIO, content
        elif kind == _ASF_HEADER:
            yield from _asf(content[6:])
        elif kind == _ASF_HEADER_EXTENSION:
            yield from _asf(content[22:])
        elif kind == _ASF_CONTENT:
            yield b"ASF content", content
        elif kind == _ASF_EXTENDED:
            yield from _asf_attributes(content, name_first=True)
        elif kind in _ASF_LIBRARIES:
            yield from _asf_attributes(content, name_first=False)
        position += size


def _asf_attributes(data: Data, *, name_first: bool) -> Parts:
    """The extended content description has the name before the value's size, libraries after."""
    position = 2
    for _ in range(_number(data[:2], little=True)):
        if name_first:
            length = _number(data[position : position + 2], little=True)
            name = bytes(data[position + 2 : position + 2 + length])
            position += 2 + length
            position += 4 + _number(data[position + 2 : position + 4], little=True)
        else:
            length, _, size = struct.unpack("<HHI", data[position + 4 : position + 12])
            name = bytes(data[position + 12 : position + 12 + length])
            position += 12 + length + size
        if name.decode("utf-16-le").rstrip("\0") != "WM/Genre":
            yield b"ASF " + name, b""


def _chunks(data: Data, order: str) -> Parts:
    """WAV and AIFF: chunks, one of which may be an ID3v2 tag."""
    position = 12
    while position + 8 <= len(data):
        name = bytes(data[position : position + 4])
        (size,) = struct.unpack(f"{order}I", data[position + 4 : position + 8])
        chunk = data[position : min(position + 8 + size, len(data))]
        if name.lower() == b"id3 ":
            yield from _id3(chunk[8:])
        else:
            yield AUDIO, chunk
        position += 8 + size + size % 2


def _dsf(data: Data) -> Parts:
    """The format and data chunks; an ID3v2 tag stands behind them."""
    tag = _number(data[20:28], little=True)
    yield AUDIO, data[28 : tag or len(data)]
    if tag:
        yield from _id3(data[tag:])


_READERS: tuple[tuple[bytes, int, Callable[[Data], Parts]], ...] = (
    (b"fLaC", 0, _flac),
    (b"OggS", 0, _ogg),
    (b"ftyp", 4, _mp4),
    (_ASF_HEADER, 0, _asf),
    (b"FORM", 0, lambda data: _chunks(data, ">")),
    (b"RIFF", 0, lambda data: _chunks(data, "<")),
    (b"DSD ", 0, _dsf),
)
"""First bytes, where they stand, and who reads such a file."""
