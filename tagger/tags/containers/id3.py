"""ID3v2.2, v2.3, v2.4 and ID3v1 tags.

Sources: "ID3 tag version 2.2.0", "2.3.0", "2.4.0 - Main Structure" (id3.org), ID3v1.1.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tagger.errors import OversizedTagError
from tagger.tags.containers.base import SOURCE_KEY, Data, Parts, Purpose, number

ID3V1_SIZE = 128
HEADER_SIZE = 10
V22, V23, V24 = 2, 3, 4

# Bounds that no tag of music reaches, but one that was made to hurt does. They are checked before
# a library, FFmpeg included, reads the tag.
MOST_BYTES = 1 << 27  # of a tag
MOST_FRAMES = 5_000  # 40,000 keep FFmpeg's demuxer busy for 17 seconds
MOST_TAGS = 100  # of a file
MOST_UNPACKED = 1 << 26  # bytes of all compressed frames of a tag

_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_EXTENDED_SIZES = range(6, 16)  # of an extended header, its own size included


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An ID3v2 tag; by default an empty one that is not in the file yet."""

    version: int
    revision: int = 0
    flags: int = 0  # those that it has once it is written anew
    size: int = 0  # bytes between header and footer
    frames: tuple[tuple[bytes, bytes], ...] = ()  # name, and all bytes with the header
    rest: bytes = b""  # what is behind the frames and is not padding
    plain_sizes: bool = False  # a v2.4 tag whose sizes have eight bits in a byte

    @property
    def unsynchronised(self) -> bool:
        """Whether zero bytes are stuffed into all frames, as only v2.4 does it frame by frame."""
        return bool(self.flags & _UNSYNCHRONISED)

    @property
    def footer(self) -> bool:
        """Whether a copy of the header ends the tag."""
        return self.version == V24 and bool(self.flags & _FOOTER)


def id3_size(data: Data | bytes) -> int:
    """Read a number of four times seven bits."""
    return sum(part << shift for part, shift in zip(bytes(data), (21, 14, 7, 0), strict=True))


def syncsafe(size: int) -> bytes:
    """Write a number in four times seven bits."""
    if size >= 1 << 28:
        raise ValueError("the ID3v2 tag would be too large")
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def after_id3(data: Data) -> int:
    """Return where the first ID3v2 tag ends; 0 if there is none."""
    if bytes(data[:3]) != b"ID3" or len(data) < HEADER_SIZE:
        return 0
    footer = data[3] == V24 and data[5] & _FOOTER
    return HEADER_SIZE * (2 if footer else 1) + id3_size(data[6:10])


def id3_tags(data: Data) -> Iterator[tuple[int, Data]]:
    """Yield start and bytes of the ID3v2 tags that a file begins with; there may be several.

    Raises:
        OversizedTagError: there are too many.
    """
    start = 0
    for _ in range(MOST_TAGS):
        if not (size := after_id3(data[start:])):
            return
        yield start, data[start : start + size]
        start += size
    raise OversizedTagError(f"has {MOST_TAGS} ID3 tags or more")


def read_tag(data: Data) -> Tag:
    """Read an ID3v2 tag.

    Raises:
        ValueError: it is damaged, or of an unknown version.
        OversizedTagError: it is beyond all bounds.
    """
    header = bytes(data[:HEADER_SIZE])
    version, flags, size = header[3], header[5], id3_size(header[6:10])
    if version not in (V22, V23, V24):
        raise ValueError(f"its ID3 tag has the unknown version 2.{version}")
    if size > MOST_BYTES:
        raise OversizedTagError(f"has an ID3 tag larger than {MOST_BYTES >> 20} MB")
    body = bytes(data[HEADER_SIZE : HEADER_SIZE + size])
    if len(body) < size:
        raise ValueError("its ID3 tag is cut short")
    if version < V24 and flags & _UNSYNCHRONISED:
        body = body.replace(b"\xff\0", b"\xff")
    if version < V24:
        flags &= ~_UNSYNCHRONISED
    start = 0
    # Some taggers set the flag and begin with the first frame.
    if version > V22 and flags & _EXTENDED and not body[:4].isalnum():
        # Only the size of v2.3 leaves itself out.
        start = number(body[:4]) + 4 if version == V23 else id3_size(body[:4])
        if start not in _EXTENDED_SIZES:
            raise ValueError("the extended header of its ID3 tag is damaged")
        flags &= ~_EXTENDED  # its checksum and its size of the padding would be wrong
    frames, plain_sizes, stop = _frames(body, start, version)
    rest = body[stop:]
    _check_bounds(frames, version)
    return Tag(
        version=version,
        revision=header[4],
        flags=flags,
        size=size,
        frames=tuple(frames),
        rest=rest if rest.strip(b"\0") else b"",
        plain_sizes=plain_sizes,
    )


def _frames(body: bytes, at: int, version: int) -> tuple[list[tuple[bytes, bytes]], bool, int]:
    """Return the frames, whether their sizes are plain, and where they end."""
    head, width = (6, 3) if version == V22 else (10, 4)
    frames: list[tuple[bytes, bytes]] = []
    plain_sizes = False
    while at + head <= len(body) and body[at]:
        size, plain = _frame_size(body, at, version)
        stop = at + head + size
        if stop > len(body):
            break  # a broken frame: it and all behind it stays as it stands
        plain_sizes |= plain
        frames.append((body[at : at + width], body[at:stop]))
        if len(frames) > MOST_FRAMES:
            raise OversizedTagError(f"has an ID3 tag of more than {MOST_FRAMES} frames")
        at = stop
    return frames, plain_sizes, at


def _frame_size(body: bytes, at: int, version: int) -> tuple[int, bool]:
    """Return the size of a frame, and whether it is plain where it should have seven bits."""
    if version == V22:
        return number(body[at + 3 : at + 6]), False
    field = body[at + 4 : at + 8]
    plain = number(field)
    if version == V23:
        return plain, False
    # iTunes wrote plain sizes into v2.4: true is the one behind which a frame or padding begins.
    end = at + 10 + id3_size(field)
    lands = end == len(body) or body[end : end + 1] == b"\0" or body[end : end + 4].isalnum()
    return (id3_size(field), False) if lands else (plain, True)


# What is before the content of a frame, by the second byte of its flags: v2.3, v2.4.
_COMPRESSED = {V23: 0x80, V24: 0x08}
_ENCRYPTED = {V23: 0x40, V24: 0x04}
_GROUPED = {V23: 0x20, V24: 0x40}
_FRAME_UNSYNCHRONISED, _LENGTH = 0x02, 0x01  # of v2.4 only


def is_encrypted(frame: bytes, version: int) -> bool:
    """Tell whether nobody but the program that wrote a frame can read it."""
    return version != V22 and bool(frame[9] & _ENCRYPTED[version])


def frame_content(frame: bytes, version: int, most: int) -> bytes:
    """Return the content of a frame, unpacked; empty if it is encrypted.

    Raises:
        ValueError: it is damaged.
        OversizedTagError: it is more than `most` bytes when it is unpacked.
    """
    if version == V22:
        return frame[6:]
    if is_encrypted(frame, version):
        return b""
    flags, content = frame[9], frame[10:]
    if flags & _GROUPED[version]:
        content = content[1:]
    if version == V23 and flags & _COMPRESSED[V23]:
        content = content[4:]  # the size when it is unpacked
    elif version == V24:
        content = content[4:] if flags & _LENGTH else content
        if flags & _FRAME_UNSYNCHRONISED:
            content = content.replace(b"\xff\0", b"\xff")
    if not flags & _COMPRESSED[version]:
        return content
    if most <= 0:  # to zlib it would mean that there is no bound
        raise OversizedTagError(f"has compressed ID3 frames of more than {MOST_UNPACKED} bytes")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(content, most)
    except zlib.error:
        raise ValueError("a compressed frame of its ID3 tag is damaged") from None
    if unpacker.unconsumed_tail:
        raise OversizedTagError(f"has a compressed ID3 frame of more than {most} bytes")
    return content


_LONGEST_KEY = 64  # bytes of a description that are looked at
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def frame_texts(content: bytes) -> list[str]:
    """Return the texts of a text frame, with empty ones where it has terminators."""
    if not content:
        return []
    encoding = _ENCODINGS[content[0]] if content[0] < len(_ENCODINGS) else _ENCODINGS[0]
    text = content[1:].decode(encoding, "replace")
    return [part.removeprefix("\ufeff") for part in text.split("\0")]


def purpose_of(name: bytes, frame: bytes, version: int) -> Purpose | None:
    """Return what a frame is for.

    The source of a genre has no flags, as genretag writes it: another is not even unpacked.
    """
    if name in (b"TCON", b"TCO"):
        return Purpose.GENRE
    if name == b"TXX" or (name == b"TXXX" and frame[8:10] == b"\0\0"):
        start = 6 if version == V22 else 10
        content = frame[start : start + _LONGEST_KEY].replace(b"\xff\0", b"\xff")
        return Purpose.SOURCE if frame_texts(content)[:1] == [SOURCE_KEY] else None
    return None


def _check_bounds(frames: list[tuple[bytes, bytes]], version: int) -> None:
    """Unpack what is compressed, as far as the bounds go."""
    left = MOST_UNPACKED
    for _, frame in frames:
        if version != V22 and frame[9] & _COMPRESSED[version]:
            left -= len(frame_content(frame, version, left))


def id3_parts(data: Data) -> Parts:
    """Yield all frames of an ID3v2 tag but the genre."""
    tag = read_tag(data)
    for name, raw in tag.frames:
        if purpose_of(name, raw, tag.version) is None:
            yield b"ID3 " + name, raw
    if tag.rest:
        yield b"ID3 rest", tag.rest


def before_id3v1(data: Data) -> int:
    """Return where an ID3v1 tag begins, or the file ends."""
    start = len(data) - ID3V1_SIZE
    if start < 0 or bytes(data[start : start + 3]) != b"TAG":
        return len(data)
    # A short APEv2 tag can have the middle of its "APETAGEX" just there.
    return len(data) if bytes(data[max(0, start - 3) : start + 5]) == b"APETAGEX" else start


def id3v1_parts(data: Data) -> Parts:
    """Yield all of the tag but its last byte, the genre."""
    if len(tag := data[before_id3v1(data) :]):
        yield b"ID3v1", tag[:-1]
