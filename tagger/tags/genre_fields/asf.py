"""The attributes WM/Genre and GENRE_SOURCE of ASF (WMA).

Several genres stand in their order in the extended content description, the one object that all
players read; the specification allows a name more than once.

Source: "Advanced Systems Format (ASF) Specification", revision 01.20.
"""

import struct
from dataclasses import dataclass

from tagger.tags.containers.asf import (
    ASF_HEADER,
    ATTRIBUTES,
    EXTENDED_CONTENT,
    EXTENSION_SIZE,
    FILE_PROPERTIES,
    GENRE_KEY,
    HEADER_EXTENSION,
    HEADER_SIZE,
    PADDING,
    AsfObject,
    asf_objects,
    attributes,
    purpose_of,
)
from tagger.tags.containers.base import SOURCE_KEY, Data, Splice, number
from tagger.tags.genre_fields.base import (
    Codec,
    GenreCodec,
    Items,
    Layout,
    NewItems,
    TagFields,
    replaced,
)
from tagger.tags.genre_names import Texts

_NAME = "ASF"
_OBJECT = 24
_MOST_VALUE = (1 << 16) - 1


@dataclass(frozen=True)
class AsfCodec(Codec):
    """Attributes, each behind one byte with the number of the object in `ATTRIBUTES`."""

    key: str

    def texts(self, items: Items) -> Texts:
        """Return the values."""
        return tuple(text for item in items if (text := _text(item)))

    def pack(self, texts: Texts) -> Items:
        """Return one attribute for each text."""
        return tuple(_attribute(self.key, text) for text in texts)


class AsfGenreCodec(AsfCodec, GenreCodec):
    """The attributes of the genre."""


def _text(item: bytes) -> str:
    raw = item[1:]
    if ATTRIBUTES[item[0]] == EXTENDED_CONTENT:
        start = 2 + number(raw[:2], little=True) + 4
    else:
        start = 12 + number(raw[4:6], little=True)
    return raw[start:].decode("utf-16-le", "replace").rstrip("\0")


def _attribute(key: str, text: str) -> bytes:
    name, value = ((part + "\0").encode("utf-16-le") for part in (key, text))
    if len(value) > _MOST_VALUE:
        raise ValueError("the genre is too long for an ASF attribute")
    sizes = struct.pack("<HH", 0, len(value))  # a text in UTF-16
    return b"\0" + len(name).to_bytes(2, "little") + name + sizes + value


def asf_layout(data: Data) -> Layout:
    """Read the fields of an ASF file."""
    header = next(asf_objects(data, 0, len(data)))
    if header.kind != ASF_HEADER:
        raise ValueError("it has no ASF header")
    inside = list(asf_objects(data, header.start + HEADER_SIZE, header.stop))
    extension = next((one for one in inside if one.kind == HEADER_EXTENSION), None)
    deeper = (
        list(asf_objects(data, extension.start + EXTENSION_SIZE, extension.stop))
        if extension
        else []
    )
    holders = [one for one in (*inside, *deeper) if one.kind in ATTRIBUTES]
    held = {
        one.start: attributes(one.kind, bytes(data[one.start + _OBJECT : one.stop]))
        for one in holders
    }
    fields = TagFields.of(
        _NAME,
        AsfGenreCodec(GENRE_KEY),
        AsfCodec(SOURCE_KEY),
        (
            (purpose_of(name), bytes([ATTRIBUTES.index(one.kind)]) + raw)
            for one in holders
            for name, raw in held[one.start]
        ),
    )

    def rebuild(items: NewItems) -> list[Splice]:
        left = fields.new_items(items)
        splices, grown, added = [], 0, 0
        deeper_grown = 0
        for one in holders:
            mine = {
                purpose: tuple(item[1:] for item in items if ATTRIBUTES[item[0]] == one.kind)
                for purpose, items in left.items()
            }
            left = {
                purpose: tuple(item for item in items if ATTRIBUTES[item[0]] != one.kind)
                for purpose, items in left.items()
            }
            old = [(purpose_of(name), raw) for name, raw in held[one.start]]
            new = _object(one.kind, replaced(old, mine))
            splice = Splice(start=one.start, stop=one.stop, new=new)
            if new != bytes(data[one.start : one.stop]):
                splices.append(splice)
            grown += splice.growth
            deeper_grown += splice.growth if one in deeper else 0
        if homeless := [item[1:] for items in left.values() for item in items]:
            new = _object(EXTENDED_CONTENT, homeless)
            splices.append(Splice(start=header.stop, stop=header.stop, new=new))
            grown, added = grown + len(new), 1
        padding = next((one for one in (*inside, *deeper) if one.kind == PADDING), None)
        if padding is not None and grown <= padding.stop - padding.start - _OBJECT:
            size = padding.stop - padding.start - grown
            room = PADDING + size.to_bytes(8, "little") + bytes(size - _OBJECT)
            splices.append(Splice(start=padding.start, stop=padding.stop, new=room))
            deeper_grown -= grown if padding in deeper else 0
            grown = 0
        return splices + _sizes(data, header, inside, extension, grown, deeper_grown, added)

    return Layout.of((fields,), (), rebuild)


def _object(kind: bytes, items: list[bytes]) -> bytes:
    content = len(items).to_bytes(2, "little") + b"".join(items)
    return kind + (_OBJECT + len(content)).to_bytes(8, "little") + content


def _sizes(
    data: Data,
    header: AsfObject,
    inside: list[AsfObject],
    extension: AsfObject | None,
    grown: int,
    deeper_grown: int,
    added: int,
) -> list[Splice]:
    """Return the new sizes of what holds the attributes, and of the file."""
    changes = [
        (header.start + 16, 8, grown),
        (header.start + 24, 4, added),
    ]
    if extension is not None:
        changes += [
            (extension.start + 16, 8, deeper_grown),
            (extension.start + 42, 4, deeper_grown),
        ]
    changes += [(one.start + 40, 8, grown) for one in inside if one.kind == FILE_PROPERTIES]
    return [
        Splice(
            start=at,
            stop=at + width,
            new=(number(data[at : at + width], little=True) + change).to_bytes(width, "little"),
        )
        for at, width, change in changes
        if change
    ]
