"""ID3v2 and ID3v1 tags."""

from tagger.tags.containers.base import Data, Parts, number

ID3V1_SIZE = 128


def id3_size(data: Data | bytes) -> int:
    """Read a number of four times seven bits."""
    return sum(part << shift for part, shift in zip(data, (21, 14, 7, 0), strict=True))


def after_id3(data: Data) -> int:
    """Return where the first ID3v2 tag ends; 0 if there is none."""
    if bytes(data[:3]) != b"ID3":
        return 0
    return 10 + id3_size(data[6:10])


def id3_parts(data: Data) -> Parts:
    """The frames of an ID3v2 tag but the genre, and but empty ones."""
    version, flags = data[3], data[5]
    body = bytes(data[10 : after_id3(data)])
    if version == _V23 and flags & 0x80:
        body = body.replace(b"\xff\0", b"\xff")  # stuffed against false synchronisation
    position = 0
    if version > _V22 and flags & 0x40:  # an extended header; only that of v2.3 leaves itself out
        position = number(body[:4]) + 4 if version == _V23 else id3_size(body[:4])
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
        return number(body[position + 3 : position + 6])
    field = body[position + 4 : position + 8]
    plain = number(field)
    if version == _V23:
        return plain
    # iTunes wrote plain sizes into v2.4: true is the one behind which a frame or padding begins.
    end = position + 10 + id3_size(field)
    lands = end == len(body) or body[end : end + 1] == b"\0" or body[end : end + 4].isalnum()
    return id3_size(field) if lands else plain


def _v22_name(name: bytes) -> bytes:
    """Return what mutagen calls a frame of v2.2 when it writes it as v2.4."""
    from mutagen.id3 import Frames_2_2

    kind = Frames_2_2.get(name.decode("latin-1"))
    return kind.__base__.__name__.encode() if kind else name


def before_id3v1(data: Data) -> int:
    """Return where an ID3v1 tag begins, or the file ends."""
    start = len(data) - ID3V1_SIZE
    return start if start >= 0 and bytes(data[start : start + 3]) == b"TAG" else len(data)


def id3v1_parts(data: Data) -> Parts:
    """All of the tag but its last byte, the genre."""
    if tag := data[before_id3v1(data) :]:
        yield b"ID3v1", tag[:-1]
