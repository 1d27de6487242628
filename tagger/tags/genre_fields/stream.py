"""Files whose audio stands between tags: MP3, TrueAudio, Monkey's Audio, WavPack, Musepack, TAK.

In front there may be ID3v2 tags; behind there may be an APEv2 tag, and an ID3v1 tag at the very
end. Source: "APEv2 specification" (Hydrogenaudio Knowledgebase).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from tagger.tags.containers.apev2 import ApeTag, purpose_of, read_ape, start_of_ape_audio
from tagger.tags.containers.base import SOURCE_KEY, Data, Purpose, Splice
from tagger.tags.containers.id3 import before_id3v1, id3_tags, read_tag
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
from tagger.tags.genre_fields.id3 import Id3v1Codec, fields_of, new_tag, render
from tagger.tags.genre_names import Texts

_APE = "APEv2"
_HAS_HEADER, _IS_HEADER = 1 << 31, 1 << 29


@dataclass(frozen=True)
class ApeCodec(Codec):
    """An APEv2 item: one text in UTF-8 with NUL between values."""

    key: str

    def texts(self, items: Items) -> Texts:
        """Return the values of all items."""
        values = (item[8:].partition(b"\0")[2].decode(errors="replace") for item in items)
        return tuple(text for value in values for text in value.split("\0") if text)

    def pack(self, texts: Texts) -> Items:
        """Return one item."""
        value = "\0".join(texts).encode()
        return (struct.pack("<II", len(value), 0) + self.key.encode() + b"\0" + value,)


class ApeGenreCodec(ApeCodec, GenreCodec):
    """The item of the genre."""


def stream_layout(data: Data) -> Layout:
    """Read the genre fields of a file; a new tag is APEv2 where that is usual, or else ID3v2.4."""
    tags = [(start, len(raw), read_tag(raw)) for start, raw in id3_tags(data)]
    end = before_id3v1(data)
    id3v1 = bytes(data[end:])
    ape = read_ape(data[:end])
    if ape is None and start_of_ape_audio(data) is not None:
        ape = ApeTag(start=end, stop=end)  # readers of these look for no other tag
    if not tags and ape is None:
        tags = [(0, 0, new_tag(id3v1))]
    elif len(tags) == 1 and id3v1 and not (tags[0][2].frames or tags[0][2].rest):
        start, size, _ = tags[0]
        tags = [(start, size, new_tag(id3v1))]  # nothing stands in it, so readers use ID3v1
    fields = [fields_of(tag, _name(index, tag.version)) for index, (_, _, tag) in enumerate(tags)]
    if ape is not None:
        codecs = ApeGenreCodec("Genre"), ApeCodec(SOURCE_KEY)
        fields.append(TagFields.of(_APE, *codecs, _ape_items(ape)))
    number = GenreField(name=ID3V1, codec=Id3v1Codec(), items=(id3v1[-1:],)) if id3v1 else None

    def rebuild(items: NewItems) -> list[Splice]:
        splices = []
        for (start, size, tag), field in zip(tags, fields, strict=False):
            if new := field.new_items(items):
                splices.append(Splice(start=start, stop=start + size, new=render(tag, new)))
        if ape is not None and (new := fields[-1].new_items(items)):
            splices.append(Splice(start=ape.start, stop=ape.stop, new=_render_ape(ape, new)))
        if id3v1 and items[ID3V1] != (id3v1[-1:],):
            new_byte = (items[ID3V1] or (id3v1[-1:],))[0]
            splices.append(Splice(start=len(data) - 1, stop=len(data), new=new_byte))
        return splices

    return Layout.of(fields, (number,) if number else (), rebuild)


def _name(index: int, version: int) -> str:
    return f"ID3v2.{version}" + (f" number {index + 1}" if index else "")


def _ape_items(tag: ApeTag) -> list[tuple[Purpose | None, bytes]]:
    return [(purpose_of(key), raw) for key, raw in tag.items]


def _render_ape(tag: ApeTag, new: Mapping[Purpose, Items]) -> bytes:
    """Return an APEv2 tag with other items in its fields, with a header if it had one or is new."""
    if tag.count != len(tag.items):  # readers go by it, so a true one would show them other items
        raise ValueError("its APEv2 tag has a wrong count of items")
    items = replaced(_ape_items(tag), new)
    body = b"".join(items)
    has_header = tag.has_header or tag.start == tag.stop

    def frame(flags: int) -> bytes:
        fixed = struct.pack("<IIII", tag.version, len(body) + 32, len(items), flags)
        return b"APETAGEX" + fixed + bytes(8)

    kept = tag.flags & ~(_HAS_HEADER | _IS_HEADER) | (_HAS_HEADER if has_header else 0)
    return (frame(kept | _IS_HEADER) if has_header else b"") + body + frame(kept)
