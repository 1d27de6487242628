"""The genre frame of ID3v2 tags, and the genre number of ID3v1.

Sources: "ID3 tag version 2.2.0", "2.3.0", "2.4.0 - Main Structure" and "- Native Frames" (id3.org).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tagger.tags.containers.base import SOURCE_KEY, Purpose
from tagger.tags.containers.id3 import (
    V22,
    V23,
    V24,
    Tag,
    frame_content,
    frame_texts,
    is_encrypted,
    purpose_of,
    syncsafe,
)
from tagger.tags.genre_fields.base import Codec, GenreCodec, Items, TagFields, replaced
from tagger.tags.genre_names import NO_ID3V1_GENRE, Texts, WriteStyle, id3v1_name, id3v1_number

_GENRE = {V22: b"TCO", V23: b"TCON", V24: b"TCON"}
_ROOM = 1024  # bytes of padding that a tag gets when it has to grow
_MOST_TEXT = 1 << 16  # bytes of a compressed genre

# Names with a slash that iTunes gives to one genre; any other slash in ID3v2.3 separates two.
_ONE_GENRE = frozenset(["hip-hop/rap", "r&b/soul", "singer/songwriter"])
_NUMBERED = re.compile(r"(\d+|CR|RX)$|\((\d+|CR|RX)\)")
_LATIN1, _UTF16, _UTF8 = 0, 1, 3


@dataclass(frozen=True, kw_only=True)
class _Frames:
    """How the text frames of a tag are built."""

    version: int
    plain_sizes: bool = False  # v2.4 as iTunes wrote it, with sizes of eight bits in a byte
    unsynchronised: bool = False

    def frame(self, name: bytes, text: str) -> bytes:
        """Return a text frame."""
        if text.isascii():
            content = bytes([_LATIN1]) + text.encode("ascii")
        elif self.version == V24:
            content = bytes([_UTF8]) + text.encode()
        else:  # before v2.4 there is no UTF-8
            content = bytes([_UTF16]) + "\0".join(
                f"\ufeff{part}" for part in text.split("\0")
            ).encode("utf-16-le")
        size = len(content)
        if self.version == V22:
            return name + size.to_bytes(3) + content
        plain = self.version == V23 or self.plain_sizes
        return name + (size.to_bytes(4) if plain else syncsafe(size)) + b"\0\0" + content

    def frame_texts(self, frame: bytes) -> list[str]:
        """Return the texts of a frame, with empty ones."""
        content = frame_content(frame, self.version, _MOST_TEXT)
        if self.unsynchronised:
            content = content.replace(b"\xff\0", b"\xff")
        return frame_texts(content)


@dataclass(frozen=True, kw_only=True)
class Id3Codec(_Frames, GenreCodec):
    """Frames TCON (v2.3, v2.4) and TCO (v2.2)."""

    def texts(self, items: Items) -> Texts:
        """Return the texts; terminators and empty ones are left out."""
        return tuple(text for item in items for text in self.frame_texts(item) if text)

    def genres(self, items: Items) -> Texts:
        """Return the genres: numbers are names, and a slash separates in v2.3 and before."""
        from mutagen.id3 import TCON

        texts = self.texts(items)
        named = [
            name
            for text in texts
            # Only what begins with a number is a number; mutagen would also cut at line ends.
            for name in (TCON(text=[text]).genres if _NUMBERED.match(text) else [text])
        ]
        if self.version < V24 and len(texts) == 1:
            named = [part for name in named for part in _parts(name)]
        return tuple(name.strip() for name in named if name.strip())

    def spell(self, genres: Texts, style: WriteStyle) -> Texts:
        """Return one text before v2.4, unless a genre holds the separator: then several."""
        separator = style.joined or (style.id3v23_separator if self.version < V24 else "")
        if not separator or any("/" in genre or separator in genre for genre in genres):
            return genres
        return (separator.join(genres),)

    def pack(self, texts: Texts) -> Items:
        """Return one frame."""
        return (self.frame(_GENRE[self.version], "\0".join(texts)),)


@dataclass(frozen=True, kw_only=True)
class Id3SourceCodec(_Frames, Codec):
    """Frames TXXX (v2.3, v2.4) and TXX (v2.2), which have a description before the text."""

    def texts(self, items: Items) -> Texts:
        """Return the texts."""
        return tuple(text for item in items for text in self.frame_texts(item)[1:] if text)

    def pack(self, texts: Texts) -> Items:
        """Return a frame for each text."""
        name = b"TXX" if self.version == V22 else b"TXXX"
        return tuple(self.frame(name, f"{SOURCE_KEY}\0{text}") for text in texts)


def _parts(name: str) -> list[str]:
    return [name] if name.casefold() in _ONE_GENRE else name.split("/")


@dataclass(frozen=True)
class Id3v1Codec(GenreCodec):
    """The last byte of an ID3v1 tag."""

    exact = False

    def texts(self, items: Items) -> Texts:
        """Return the name of the number; zero is Blues, but also what careless taggers leave."""
        name = id3v1_name(items[0][0]) if items and items[0][0] else ""
        return (name,) if name else ()

    def pack(self, texts: Texts) -> Items:
        """Return the number of the first genre."""
        return (bytes([id3v1_number(texts[0]) if texts else NO_ID3V1_GENRE]),)

    def encode(self, genres: Texts, style: WriteStyle) -> Items:  # type: ignore[override]
        """Return the number of the first genre, 255 if it has none."""
        return self.pack(tuple(genres))


def fields_of(tag: Tag, name: str = "") -> TagFields:
    """Return the fields of an ID3v2 tag."""
    return TagFields.of(
        name or f"ID3v2.{tag.version}",
        Id3Codec(
            version=tag.version, plain_sizes=tag.plain_sizes, unsynchronised=tag.unsynchronised
        ),
        Id3SourceCodec(
            version=tag.version, plain_sizes=tag.plain_sizes, unsynchronised=tag.unsynchronised
        ),
        _frames(tag),
    )


def _frames(tag: Tag) -> list[tuple[Purpose | None, bytes]]:
    return [(purpose_of(name, raw, tag.version), raw) for name, raw in tag.frames]


def render(tag: Tag, items: Mapping[Purpose, Items]) -> bytes:
    """Return the tag with other items in its fields, in its old size wherever they fit.

    A new frame goes to the front: behind the frames there may be bytes that belong to a broken one.
    """
    hidden = all(is_encrypted(raw, tag.version) for _, raw in tag.frames)
    if hidden and (tag.frames or tag.rest):
        # Readers find nothing in it now; with a genre in front they would find that alone, and no
        # longer look at another tag.
        raise ValueError("its ID3 tag begins with a broken frame, or has only encrypted ones")
    frames = _frames(tag)
    present = {purpose for purpose, _ in frames}
    frames[:0] = [(purpose, b"") for purpose in items if purpose not in present]
    content = b"".join(replaced(frames, items)) + tag.rest
    if tag.rest or tag.footer:
        room = 0
    else:
        room = tag.size - len(content) if len(content) <= tag.size else _ROOM
    content += bytes(room)
    header = bytes([tag.version, tag.revision, tag.flags]) + syncsafe(len(content))
    return b"ID3" + header + content + (b"3DI" + header if tag.footer else b"")


def new_tag(id3v1: bytes = b"") -> Tag:
    """Return an ID3v2.4 tag that is not there yet, with what an ID3v1 tag says.

    Readers that find an ID3v2 tag do not look at ID3v1 any more.
    """
    return Tag(version=V24, frames=tuple(_frames_of(id3v1)) if id3v1 else ())


def _frames_of(id3v1: bytes) -> Iterator[tuple[bytes, bytes]]:
    def text(start: int, stop: int) -> bytes:
        return id3v1[start:stop].partition(b"\0")[0].strip()

    track = id3v1[126] if id3v1[125] == 0 else 0  # ID3v1.1
    comment = text(97, 125 if track or id3v1[125] == 0 else 127)
    for name, content in (
        (b"TIT2", text(3, 33)),
        (b"TPE1", text(33, 63)),
        (b"TALB", text(63, 93)),
        (b"TDRC", text(93, 97)),
        (b"COMM", b"engID3v1 Comment\0" + comment if comment else b""),
        (b"TRCK", str(track).encode() if track else b""),
    ):
        if content:
            yield name, name + syncsafe(1 + len(content)) + b"\0\0\0" + content
