"""Tags in files of chunks: ID3v2 in WAV, AIFF, DSDIFF and DSF, and the INFO list of WAV.

Sources: as in `tagger.tags.containers.riff`.
"""

from dataclasses import dataclass

from tagger.tags.containers.base import Data, Splice, number
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
from tagger.tags.genre_fields.base import (
    Codec,
    GenreField,
    Items,
    Layout,
    NewItems,
    Texts,
    WriteStyle,
    replaced,
)
from tagger.tags.genre_fields.id3 import field_of, new_tag, render

_INFO = "RIFF INFO"
_GENRE = b"IGNR"
_SEPARATOR = "; "
# An INFO list that says anything else is a tag; FFmpeg writes its own name into any WAV.
_NO_TAG = (b"ISFT", b"ITCH")


@dataclass(frozen=True)
class InfoCodec(Codec):
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
        field_of(tag, f"ID3v2.{tag.version}" + (f" number {index + 1}" if index else ""))
        for index, tag in enumerate(read.values())
    ]
    if info is not None:
        genre = tuple(
            bytes(data[item.inner : item.stop])
            for item in info_items(data, form, info)
            if item.name == _GENRE
        )
        fields.append(GenreField(name=_INFO, codec=InfoCodec(), items=genre))

    def rebuild(items: NewItems) -> list[Splice]:
        by_start = {chunk.start: chunk for chunk in tags}
        splices = []
        for (start, tag), field in zip(read.items(), fields, strict=False):
            if items[field.name] == field.items:
                continue
            new = render(tag, items[field.name])
            old = by_start.get(start)
            name = old.name if old else (b"id3 " if form is WAV else b"ID3 ")
            splices.append(_chunk_splice(data, form, inside, old, name, new))
        if info is not None and items[_INFO] != genre:
            new = b"INFO" + _render_info(data, form, info, items[_INFO])
            splices.append(_chunk_splice(data, form, inside, info, b"LIST", new))
        size = number(data[4 : form.header], little=form.little)
        size += sum(splice.growth for splice in splices) - (form.header + size - end)
        order = "little" if form.little else "big"
        fixed = size.to_bytes(form.width, order)  # type: ignore[arg-type]
        return [*splices, Splice(start=4, stop=form.header, new=fixed)]

    return Layout(fields=tuple(fields), rebuild=rebuild)


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
    old = [
        (item.name == _GENRE, bytes(data[item.start : min(item.padded, info.stop)]))
        for item in info_items(data, form, info)
    ]
    whole = [(genre, raw + bytes(len(raw) % 2)) for genre, raw in old]
    return b"".join(replaced(whole, tuple(_chunk(form, _GENRE, item) for item in items)))


def dsf_layout(data: Data) -> Layout:
    """Read the genre field of a DSF file: an ID3v2 tag behind the audio."""
    start = dsf_tag(data)
    tag = read_tag(data[start:]) if start < len(data) else new_tag()
    field = field_of(tag)

    def rebuild(items: NewItems) -> list[Splice]:
        end = start + after_id3(data[start:])
        new = render(tag, items[field.name])
        size = len(data) - (end - start) + len(new)
        return [
            Splice(start=12, stop=20, new=size.to_bytes(8, "little")),
            Splice(start=20, stop=28, new=start.to_bytes(8, "little")),
            Splice(start=start, stop=end, new=new),
        ]

    return Layout(fields=(field,), rebuild=rebuild)
