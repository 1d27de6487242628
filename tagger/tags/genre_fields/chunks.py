"""Tags in files of chunks: ID3v2 in WAV, AIFF, DSDIFF and DSF, and the INFO list of WAV.

Sources: as in `tagger.tags.containers.riff`.
"""

from dataclasses import dataclass

from tagger.tags.containers.base import Data, Purpose, Splice
from tagger.tags.containers.id3 import after_id3, read_tag
from tagger.tags.containers.riff import (
    WAV,
    Chunk,
    ChunkFormat,
    chunks,
    chunks_end,
    dsf_tag,
    info_items,
    is_info,
)
from tagger.tags.genre_fields.base import GenreCodec, GenreField, Items, Layout, NewItems, replaced
from tagger.tags.genre_fields.id3 import fields_of, new_tag, render
from tagger.tags.genre_names import Texts, WriteStyle

_INFO = "RIFF INFO"
_GENRE = b"IGNR"
_SEPARATOR = "; "
# An INFO list that says anything else is a tag; FFmpeg writes its own name into any WAV.
_NO_TAG = (b"ISFT", b"ITCH")


@dataclass(frozen=True)
class InfoCodec(GenreCodec):
    """The text IGNR of an INFO list, which holds one value."""

    def texts(self, items: Items) -> Texts:
        """Return the texts."""
        return tuple(text for item in items if (text := _decoded(item).strip("\0")))

    def genres(self, items: Items) -> Texts:
        """Return the genres, which semicolons separate."""
        parts = (part.strip() for text in self.texts(items) for part in text.split(";"))
        return tuple(part for part in parts if part)

    def spell(self, genres: Texts, style: WriteStyle) -> Texts:
        """Return one text."""
        return ((style.joined or _SEPARATOR).join(genres),)

    def pack(self, texts: Texts) -> Items:
        """Return one text in UTF-8."""
        return (_SEPARATOR.join(texts).encode() + b"\0",)


def _decoded(item: bytes) -> str:
    try:
        return item.decode()
    except UnicodeDecodeError:
        return item.decode("latin-1")


def chunk_layout(data: Data, form: ChunkFormat) -> Layout:
    """Read the genre fields of WAV, AIFF or DSDIFF; a new tag is an ID3v2.4 chunk at the end."""
    end = chunks_end(data, form)
    inside = list(chunks(data, form, form.first, end))
    tags = [chunk for chunk in inside if chunk.is_id3]
    infos = [chunk for chunk in inside if form is WAV and is_info(data, chunk)]
    info = next((chunk for chunk in infos if _says_something(data, form, chunk)), None)
    read = {chunk.start: read_tag(data[chunk.inner : chunk.stop]) for chunk in tags}
    if not tags and info is None:
        read[end] = new_tag()
    fields = [
        fields_of(tag, f"ID3v2.{tag.version}" + (f" number {index + 1}" if index else ""))
        for index, tag in enumerate(read.values())
    ]
    listed = None if info is None else _info_field(data, form, info)

    def rebuild(items: NewItems) -> list[Splice]:
        by_start = {chunk.start: chunk for chunk in tags}
        splices = []
        for (start, tag), field in zip(read.items(), fields, strict=True):
            if mine := field.new_items(items):
                old = by_start.get(start)
                name = old.name if old else (b"id3 " if form is WAV else b"ID3 ")
                splices.append(_chunk_splice(data, form, inside, old, name, render(tag, mine)))
        if info and listed and items[_INFO] != listed.items:
            new = b"INFO" + _render_info(data, form, info, items[_INFO])
            splices.append(_chunk_splice(data, form, inside, info, b"LIST", new))
        # Some leave the byte that makes the last chunk even out of the container's size.
        covered = max(end, *(splice.start for splice in splices))
        size = covered - form.header + sum(splice.growth for splice in splices)
        order = "little" if form.little else "big"
        fixed = size.to_bytes(form.width, order)  # type: ignore[arg-type]
        return [*splices, Splice(start=4, stop=form.header, new=fixed)]

    return Layout.of(fields, (listed,) if listed else (), rebuild)


def _info_field(data: Data, form: ChunkFormat, info: Chunk) -> GenreField:
    """Return the genre of an INFO list, which has no texts of one's own for its source."""
    genre = tuple(
        bytes(data[item.inner : item.stop])
        for item in info_items(data, form, info)
        if item.name == _GENRE
    )
    return GenreField(name=_INFO, codec=InfoCodec(), items=genre)


def _says_something(data: Data, form: ChunkFormat, info: Chunk) -> bool:
    return any(item.name not in _NO_TAG for item in info_items(data, form, info))


def _chunk(form: ChunkFormat, name: bytes, content: bytes) -> bytes:
    order = "little" if form.little else "big"
    size = len(content).to_bytes(form.width, order)  # type: ignore[arg-type]
    return name + size + content + bytes(len(content) % 2)


def _chunk_splice(
    data: Data,
    form: ChunkFormat,
    inside: list[Chunk],
    old: Chunk | None,
    name: bytes,
    content: bytes,
) -> Splice:
    """Replace a chunk, or put a new one behind the last."""
    new = _chunk(form, name, content)
    if old is not None:
        return Splice(start=old.start, stop=min(old.padded, len(data)), new=new)
    last = inside[-1].padded if inside else form.first
    at = min(last, len(data))
    return Splice(start=at, stop=at, new=bytes(last - at) + new)


def _render_info(data: Data, form: ChunkFormat, info: Chunk, items: Items) -> bytes:
    whole = []
    for item in info_items(data, form, info):
        raw = bytes(data[item.start : min(item.padded, info.stop)])
        purpose = Purpose.GENRE if item.name == _GENRE else None
        whole.append((purpose, raw + bytes(len(raw) % 2)))
    new = tuple(_chunk(form, _GENRE, item) for item in items)
    return b"".join(replaced(whole, {Purpose.GENRE: new}))


def dsf_layout(data: Data) -> Layout:
    """Read the genre field of a DSF file: an ID3v2 tag behind the audio."""
    start = dsf_tag(data)
    tag = read_tag(data[start:]) if start < len(data) else new_tag()
    field = fields_of(tag)

    def rebuild(items: NewItems) -> list[Splice]:
        end = start + after_id3(data[start:])
        new = render(tag, field.new_items(items))
        size = len(data) - (end - start) + len(new)
        return [
            Splice(start=12, stop=20, new=size.to_bytes(8, "little")),
            Splice(start=20, stop=28, new=start.to_bytes(8, "little")),
            Splice(start=start, stop=end, new=new),
        ]

    return Layout.of((field,), (), rebuild)
