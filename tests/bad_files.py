"""Damaged and hostile music files: pure functions from bytes of good files to those of bad ones.

Every function yields a name, which tells what was done, and the bytes. Nothing is random but by a
seed, so that a name is enough to make a file again.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from random import Random
from uuid import UUID

Case = tuple[str, bytes]

# What containers and tags call their parts; a part begins a few bytes before or behind its name.
_NAMES = (
    rb"ID3[\x02-\x04]|TAG|APETAGEX|T[A-Z]{2}[A-Z0-9]|COMM|APIC|PRIV"
    rb"|fLaC|OggS|\x01vorbis|\x03vorbis|\x05vorbis|OpusHead|OpusTags|\x7fFLAC|Speex"
    rb"|ftyp|moov|mvhd|trak|mdia|minf|stbl|stco|stsz|udta|meta|hdlr|ilst|data|mdat|free|\xa9\w{3}"
    rb"|RIFF|WAVE|fmt |LIST|INFO|FORM|AIFF|COMM|SSND|id3 |DSD |wvpk|MAC |MP\+|TTA1"
)
_GUIDS = (
    "75b22630-668e-11cf-a6d9-00aa0062ce6c 75b22636-668e-11cf-a6d9-00aa0062ce6c"
    " 5fbf03b5-a92e-11cf-8ee3-00c00c205365 d2d0a440-e307-11d2-97f0-00a0c95ea850"
    " 44231c94-9498-49d1-a141-1d134e457054 8cabdca1-a947-11cf-8ee4-00c00c205365"
)
_MARK = re.compile(
    b"|".join([_NAMES, *(re.escape(UUID(text).bytes_le) for text in _GUIDS.split())]), re.DOTALL
)
_MOST_MARKS = 120  # of a file; the pages of a long Ogg file are much alike
_SIZES = (0, 1, 7, 8, 0x7F, 0x7FFF, 0x7FFFFFFF, 0xFFFFFFFF)


def marks(content: bytes) -> list[tuple[int, int]]:
    """Return where names of parts start and stop."""
    return [match.span() for match in _MARK.finditer(content)][:_MOST_MARKS]


def boundaries(content: bytes) -> list[int]:
    """Return where parts, their names and their sizes begin and end."""
    found = {0, 1, 2, 4, 8, 10, len(content) - 128, len(content) - 32, len(content) - 1}
    for start, stop in marks(content):
        found |= {start - 4, start, stop, stop + 4, stop + 8}
    return sorted(at for at in found if 0 <= at < len(content))


def truncations(content: bytes) -> Iterator[Case]:
    """Cut a file at every boundary, and a byte before and behind it."""
    for at in sorted({b + d for b in boundaries(content) for d in (-1, 0, 1)}):
        if 0 <= at < len(content):
            yield f"cut at {at}", content[:at]


def wrong_sizes(content: bytes) -> Iterator[Case]:
    """Give every part a size that is nothing, too large, or that of the file."""
    for start, stop in marks(content):
        for at in (start - 4, stop, stop + 2):
            for size in (*_SIZES, len(content)):
                for order in ("big", "little"):
                    new = size.to_bytes(4, order)  # type: ignore[arg-type]
                    if 0 <= at <= len(content) - 4 and content[at : at + 4] != new:
                        yield f"size {size:#x} at {at} {order}", put(content, at, new)


def flips(content: bytes, count: int) -> Iterator[Case]:
    """Change single bits and short runs of bytes, most of them in and around the tags."""
    if not content:
        return
    rng = Random(len(content))
    near = [at for start, stop in marks(content) for at in range(start - 8, stop + 24)]
    for number in range(count):
        changed = bytearray(content)
        for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
            at = rng.choice(near) if near and rng.random() < 0.8 else rng.randrange(len(content))
            if 0 <= at < len(content):
                changed[at] = rng.choice((changed[at] ^ 1 << rng.randrange(8), rng.randrange(256)))
        yield f"flips {number}", bytes(changed)


def rearranged(content: bytes) -> Iterator[Case]:
    """Drop, double and swap the pieces between boundaries."""
    rng, cuts = Random(len(content)), [*boundaries(content), len(content)]
    for number in range(min(60, len(cuts) - 2)):
        one, two, three = sorted(rng.sample(cuts, 3))
        head, first, second, tail = (
            content[:one],
            content[one:two],
            content[two:three],
            content[three:],
        )
        yield f"dropped {number}", head + second + tail
        yield f"doubled {number}", head + first + first + second + tail
        yield f"swapped {number}", head + second + first + tail
    yield "twice", content + content
    yield "zeros behind", content + bytes(4096)


def swapped_heads(content: bytes, others: Mapping[str, bytes]) -> Iterator[Case]:
    """Put the first bytes of every other kind in front, or in place of its own."""
    for kind, other in others.items():
        yield f"head of {kind} in place", other[:64] + content[64:]
        yield f"head of {kind} in front", other[:1024] + content


def all_damages(
    content: bytes, others: Mapping[str, bytes], flip_count: int
) -> list[Iterator[Case]]:
    """Return everything that can be done to one good file, sort by sort."""
    return [
        truncations(content),
        wrong_sizes(content),
        rearranged(content),
        swapped_heads(content, others),
        flips(content, flip_count),
    ]


def put(content: bytes, at: int, new: bytes) -> bytes:
    """Return the bytes with others in place of some."""
    return content[:at] + new + content[at + len(new) :]


# Files that were made to hurt. Sizes are chosen so that what is not bounded takes seconds.


def box(name: bytes, body: bytes) -> bytes:
    """Return an atom of MP4."""
    return struct.pack(">I", 8 + len(body)) + name + body


def _nested_atoms(good: bytes, depth: int = 5_000) -> bytes:
    body = b""
    for level in range(depth):
        body = box(b"udta" if level % 2 else b"moov", body)
    return good + body


def _empty_atoms(good: bytes) -> bytes:
    return good + struct.pack(">I4s", 8, b"free") * 1_000_000


def _many_offsets(good: bytes) -> bytes:
    """Thousands of parts with audio, and a table that looks for its own in all of them."""
    table = box(b"stco", bytes(8) + b"\xff\xff\xff\xfe" * 10_000)
    return good + box(b"mdat", b"") * 10_000 + box(b"moov", box(b"udta", table))


def _asf_object(guid: str, body: bytes) -> bytes:
    return UUID(guid).bytes_le + struct.pack("<Q", 24 + len(body)) + body


def _nested_asf(_: bytes, depth: int = 3_000) -> bytes:
    body = b""
    for _ in range(depth):
        body = _asf_object("5fbf03b5-a92e-11cf-8ee3-00c00c205365", bytes(22) + body)
    return _asf_object("75b22630-668e-11cf-a6d9-00aa0062ce6c", bytes(6) + body)


def syncsafe(size: int) -> bytes:
    """Write a number in four times seven bits, as ID3 does."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3(frames: bytes, version: int = 3) -> bytes:
    """Return an ID3v2 tag."""
    return b"ID3" + bytes([version, 0, 0]) + syncsafe(len(frames)) + frames


def frame(name: bytes, body: bytes, flags: int = 0) -> bytes:
    """Return a frame of ID3v2.3."""
    return name + struct.pack(">IH", len(body), flags) + body


_PACKED = 0x80


def packed_frame(size: int) -> bytes:
    """Return a compressed frame of that many zero bytes."""
    packer, block = zlib.compressobj(1), bytes(1 << 20)
    pieces = [
        packer.compress(block[: min(len(block), size - at)]) for at in range(0, size, 1 << 20)
    ]
    return frame(b"PRIV", struct.pack(">I", size) + b"".join([*pieces, packer.flush()]), _PACKED)


def _tags_without_end(good: bytes) -> bytes:
    return id3(b"") * 1_000_000 + good


def _chapters(good: bytes, depth: int = 2_000) -> bytes:
    body = b""
    for _ in range(depth):
        body = frame(b"CHAP", b"a\0" + bytes(16) + body)
    return id3(body) + good


def empty_pages(good: bytes, count: int = 300_000) -> bytes:
    """Add pages that hold nothing to an Ogg file."""
    return good + (good[:26] + b"\0") * count


def _packet_without_end(good: bytes) -> bytes:
    first = good[: good.index(b"OggS", 4)]
    page = first[:26] + b"\xff" + b"\xff" * 255 + bytes(255 * 255)
    return first + page * 100


def _same_page_again(good: bytes) -> bytes:
    at = good.index(b"OggS", 4)
    return good[:at] + good[at : good.index(b"OggS", at + 4)] * 2_000


def _comments(count: int, sizes: int) -> Callable[[bytes], bytes]:
    """FLAC whose comments say they are many, or long, and are not."""

    def make(good: bytes) -> bytes:
        body = struct.pack("<I", 0) + struct.pack("<I", count) + struct.pack("<I", sizes) * 4
        return good[:42] + b"\4" + len(body).to_bytes(3) + body + good[42:]

    return make


def empty_blocks(good: bytes, count: int = 1_000_000) -> bytes:
    """Put metadata blocks that hold nothing into a FLAC file."""
    return good[:42] + b"\2\0\0\0" * count + good[42:]


def _nested_lists(good: bytes, depth: int = 5_000) -> bytes:
    body = b""
    for _ in range(depth):
        body = b"LIST" + struct.pack("<I", 4 + len(body)) + b"INFO" + body
    return put(good + body, 4, struct.pack("<I", len(good) + len(body) - 8))


HOSTILE: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "MP4 atoms, 5,000 deep": ("m4a-aac", _nested_atoms),
    "a million empty MP4 atoms": ("m4a-aac", _empty_atoms),
    "MP4 offsets that are looked for in thousands of parts": ("m4a-aac", _many_offsets),
    "MP4 picture of 60 MB": (
        "m4a-aac",
        lambda good: good + box(b"moov", box(b"covr", bytes(60 << 20))),
    ),
    "ASF header extensions, 3,000 deep": ("wma", _nested_asf),
    "a million ID3 tags": ("mp3-v23", _tags_without_end),
    "ID3 chapters, 2,000 deep": ("mp3-v23", _chapters),
    "6,000 ID3 frames": ("mp3-v23", lambda good: id3(frame(b"TXXX", b"\0a\0b") * 6_000) + good),
    "ID3 picture of 60 MB": ("mp3-v23", lambda good: id3(frame(b"APIC", bytes(60 << 20))) + good),
    "ID3 frames that unpack to the bound, and then to more": (
        "mp3-v23",
        lambda good: id3(packed_frame(1 << 26) + packed_frame(1 << 28)) + good,
    ),
    "300,000 empty Ogg pages": ("ogg-vorbis", empty_pages),
    "an Ogg packet without end": ("ogg-opus", _packet_without_end),
    "the same Ogg page again and again": ("ogg-flac", _same_page_again),
    "four thousand million comments": ("flac", _comments(0xFFFFFFFF, 0)),
    "comments of four gigabytes": ("flac", _comments(4, 0xFFFFFFFF)),
    "a million empty FLAC blocks": ("flac", empty_blocks),
    "RIFF lists, 5,000 deep": ("wav", _nested_lists),
    "60 MB behind a WAV file": ("wav", lambda good: good + bytes(60 << 20)),
}
"""Files that were made to hurt: what they do, the kind of good file they begin with, and how."""
