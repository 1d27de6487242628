"""Vorbis comments in FLAC and in Ogg (Vorbis, Opus, FLAC, Speex).

Sources: RFC 9639 (FLAC), RFC 3533 (Ogg), "Ogg Vorbis I format specification: comment field".
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tagger.tags.containers.base import SOURCE_KEY, Data, Purpose, Splice
from tagger.tags.containers.id3 import before_id3v1, id3_tags, read_tag
from tagger.tags.containers.xiph import (
    PADDING,
    STREAM_INFO,
    VORBIS_COMMENT,
    Comments,
    Page,
    check_header_size,
    flac_blocks,
    ogg_pages,
    purpose_of,
    read_comments,
    stream_kind,
)
from tagger.tags.genre_fields.base import (
    ID3V1,
    Codec,
    GenreCodec,
    GenreField,
    Items,
    Layout,
    NewItems,
    TagFields,
    replaced,
)
from tagger.tags.genre_fields.id3 import Id3v1Codec, fields_of, render
from tagger.tags.genre_names import Texts

_NAME = "Vorbis comment"
_ROOM = 4096  # bytes of padding that FLAC metadata get when they have to grow
_MOST_BLOCK = (1 << 24) - 1


@dataclass(frozen=True)
class VorbisCodec(Codec):
    """One comment for each text."""

    name: str

    def texts(self, items: Items) -> Texts:
        """Return the values."""
        return tuple(item.partition(b"=")[2].decode(errors="replace") for item in items)

    def pack(self, texts: Texts) -> Items:
        """Return one comment for each text."""
        return tuple(f"{self.name}={text}".encode() for text in texts)


class VorbisGenreCodec(VorbisCodec, GenreCodec):
    """One comment for each genre."""


def _fields(comments: Comments) -> TagFields:
    codecs = VorbisGenreCodec("GENRE"), VorbisCodec(SOURCE_KEY)
    return TagFields.of(_NAME, *codecs, _items(comments))


def _items(comments: Comments) -> list[tuple[Purpose | None, bytes]]:
    return [(purpose_of(item), item) for item in comments.items]


def _render(comments: Comments, new: Mapping[Purpose, Items]) -> bytes:
    items = replaced(_items(comments), new)
    fields = [comments.vendor, *items]
    sized = [len(field).to_bytes(4, "little") + field for field in fields]
    count = len(items).to_bytes(4, "little")
    return sized[0] + count + b"".join(sized[1:]) + comments.rest


def flac_layout(data: Data) -> Layout:
    """Read the genre fields of a FLAC file; ID3 tags count where it has them."""
    tags = [(start, len(raw), read_tag(raw)) for start, raw in id3_tags(data)]
    blocks = list(flac_blocks(data, sum(size for _, size, _ in tags) + 4))
    found = next((block for block in blocks if block[0] == VORBIS_COMMENT), None)
    comments = read_comments(bytes(found[2])) if found else Comments(vendor=b"", items=())
    id3v1 = bytes(data[before_id3v1(data) :])
    own = _fields(comments)
    id3 = [fields_of(tag, f"ID3v2 number {n + 1}") for n, (_, _, tag) in enumerate(tags)]
    number = GenreField(name=ID3V1, codec=Id3v1Codec(), items=(id3v1[-1:],)) if id3v1 else None

    def rebuild(items: NewItems) -> list[Splice]:
        splices = [
            Splice(start=start, stop=start + size, new=render(tag, new))
            for field, (start, size, tag) in zip(id3, tags, strict=True)
            if (new := field.new_items(items))
        ]
        if new := own.new_items(items):
            splices += _flac_splices(blocks, _render(comments, new))
        if id3v1 and items[ID3V1] and items[ID3V1] != (id3v1[-1:],):
            splices.append(Splice(start=len(data) - 1, stop=len(data), new=items[ID3V1][0]))
        return splices

    return Layout.of((own, *id3), (number,) if number else (), rebuild)


def _flac_splices(blocks: Sequence[tuple[int, int, Data]], content: bytes) -> list[Splice]:
    """Replace the comments, or put them behind the stream information; padding gives the room."""
    if len(content) > _MOST_BLOCK:
        raise ValueError("its FLAC metadata would be too large")
    ends = {start: start + 4 + len(body) for _, start, body in blocks}
    last = blocks[-1][1]
    target = next((start for kind, start, _ in blocks if kind == VORBIS_COMMENT), None)
    after = next(start for kind, start, _ in blocks if kind == STREAM_INFO)
    padding = max(
        ((len(body), start) for kind, start, body in blocks if kind == PADDING), default=None
    )
    size = 4 + len(content)
    growth = size if target is None else size - (ends[target] - target)
    at = ends[after] if target is None else target
    stop = at if target is None else ends[target]
    # A block that is put behind the last one is the last one then.
    new_last = target == last or (target is None and after == last)
    make_room = padding is None and growth != 0
    room = -growth - 4 if growth <= -4 else _ROOM  # noqa: PLR2004 - the header of a block
    splices = [
        Splice(
            start=at,
            stop=stop,
            new=_header(VORBIS_COMMENT, len(content), new_last and not make_room)
            + content
            + (_header(PADDING, room, new_last) + bytes(room) if make_room else b""),
        )
    ]
    if target is None and after == last:
        splices.append(Splice(start=after, stop=after + 1, new=bytes([STREAM_INFO])))
    if padding is not None and growth:
        held, start = padding
        room = min(held - growth if held >= growth else _ROOM, _MOST_BLOCK)
        new = _header(PADDING, room, start == last) + bytes(room)
        splices.append(Splice(start=start, stop=ends[start], new=new))
    return splices


def _header(kind: int, size: int, last: bool) -> bytes:
    return bytes([kind | (0x80 if last else 0)]) + size.to_bytes(3)


def ogg_layout(data: Data) -> Layout:
    """Read the genre field of the first stream of an Ogg file that may have comments.

    Raises:
        ValueError: it is damaged, or no stream of it is known.
    """
    pages: list[Page] = []  # from the second of the stream to that on which the comments end
    first: Page | None = None
    size = 0
    for page in ogg_pages(data):
        if first is None:
            first = page if stream_kind(page) >= 0 else None
        elif page.serial == first.serial:
            pages.append(page)
            size += len(page.content)
            check_header_size(size)
            if any(size < _FULL for size in page.lacing):
                break
    if first is None or not pages:
        raise ValueError("no stream of it is known to have comments")
    lacing = b"".join(page.lacing for page in pages)
    content = b"".join(bytes(page.content) for page in pages)
    segments = next(index + 1 for index, size in enumerate(lacing) if size < _FULL)
    packet = content[: sum(lacing[:segments])]
    before = stream_kind(first)
    head, is_flac = packet[:before], bytes(first.content[:5]) == b"\x7fFLAC"
    comments = read_comments(packet[before:])
    fields = _fields(comments)

    def rebuild(items: NewItems) -> list[Splice]:
        body = _render(comments, fields.new_items(items))
        start = head[:1] + len(body).to_bytes(3) if is_flac else head
        new = start + body
        laced = bytes([_FULL] * (len(new) // _FULL) + [len(new) % _FULL]) + lacing[segments:]
        return _repaginate(data, pages, laced, new + content[len(packet) :])

    return Layout.of((fields,), (), rebuild)


_FULL = 255  # bytes of a segment that is not the last of its packet; and segments of a page
_CONTINUED, _ENDS = 1, 4  # flags of a page


def _repaginate(data: Data, pages: Sequence[Page], lacing: bytes, content: bytes) -> list[Splice]:
    """Divide segments into as many pages as before if they fit, or else renumber all that follow.

    The segments are spread evenly: fewer pages than before would need new numbers as well.
    """
    for page in pages:
        _check_whole(page)
    count = max(len(pages), -(-len(lacing) // _FULL))
    if count > len(lacing):
        raise ValueError("its comments are divided into pages in a way that is not supported")
    bounds = [len(lacing) * index // count for index in range(count + 1)]
    first = int.from_bytes(pages[0].header[18:22], "little")
    continued = bool(pages[0].header[5] & _CONTINUED)
    at = 0
    rendered = []
    for index in range(count):
        laced = lacing[bounds[index] : bounds[index + 1]]
        body = content[at : at + sum(laced)]
        at += len(body)
        model = pages[-1] if index == count - 1 else pages[0]
        flags = model.header[5] & ~_CONTINUED | (_CONTINUED if continued else 0)
        flags &= ~_ENDS if index < count - 1 else 0xFF
        ends_packet = any(size < _FULL for size in laced)
        granule = model.granule if ends_packet else b"\xff" * 8
        if index < count - 1 and ends_packet:
            granule = bytes(8)
        rendered.append(_page(bytes([flags]) + granule + model.serial, first + index, laced, body))
        continued = laced[-1] == _FULL
    splices = [
        Splice(start=page.start, stop=page.stop, new=new)
        for page, new in zip(pages[:-1], rendered, strict=False)
    ]
    rest = b"".join(rendered[len(pages) - 1 :])
    splices.append(Splice(start=pages[-1].start, stop=pages[-1].stop, new=rest))
    if count > len(pages):
        splices += _renumber(data, pages[-1], count - len(pages))
    return splices


def _page(fixed: bytes, sequence: int, lacing: bytes, body: bytes) -> bytes:
    """Return a page: `fixed` holds flags, granule position and serial number."""
    head = b"OggS\0" + fixed + (sequence & 0xFFFFFFFF).to_bytes(4, "little")
    tail = bytes([len(lacing)]) + lacing + body
    return head + _checksum(head + bytes(4) + tail) + tail


def _renumber(data: Data, last: Page, shift: int) -> list[Splice]:
    """Give the pages of a stream behind one of them new numbers, up to where the stream ends."""
    splices = []
    for page in ogg_pages(data[last.stop :]):
        if page.serial != last.serial:
            continue
        _check_whole(page)
        number = int.from_bytes(page.header[18:22], "little") + shift
        new = _page(page.header[5:18], number, page.lacing, bytes(page.content))
        start = last.stop + page.start + 18
        splices.append(Splice(start=start, stop=start + 8, new=new[18:26]))
        if page.header[5] & _ENDS:
            break
    return splices


def _check_whole(page: Page) -> None:
    """Refuse a damaged page: with a new checksum, decoders would no longer drop it.

    Raises:
        ValueError: its checksum is wrong.
    """
    head = page.header[:22] + bytes(4) + page.header[26:]
    if _checksum(head + page.lacing + bytes(page.content)) != page.header[22:26]:
        raise ValueError("a page of it is damaged: its checksum is wrong")


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _checksum(page: bytes) -> bytes:
    """Return Ogg's CRC-32: that of zlib with the bits of each byte turned round, from zero."""
    state = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return state.to_bytes(4).translate(_REVERSED)
