"""The genre frame of ID3v2 tags, and the genre number of ID3v1.

Sources: "ID3 tag version 2.2.0", "2.3.0", "2.4.0 - Main Structure" and "- Native Frames" (id3.org).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tagger.tags.containers.id3 import (
    V22,
    V23,
    V24,
    Tag,
    frame_content,
    syncsafe,
)
from tagger.tags.genre_fields.base import Codec, GenreField, Items, Texts, WriteStyle, replaced
from tagger.tags.genre_names import NO_ID3V1_GENRE, id3v1_name, id3v1_number

_GENRE = {V22: b"TCO", V23: b"TCON", V24: b"TCON"}
_ROOM = 1024  # bytes of padding that a tag gets when it has to grow
_MOST_TEXT = 1 << 16  # bytes of a compressed genre

# Names with a slash that iTunes gives to one genre; any other slash in ID3v2.3 separates two.
_ONE_GENRE = frozenset(["hip-hop/rap", "r&b/soul", "singer/songwriter"])
_NUMBERED = re.compile(r"(\d+|CR|RX)$|\((\d+|CR|RX)\)")
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_LATIN1, _UTF16, _UTF8 = 0, 1, 3


@dataclass(frozen=True, kw_only=True)
class Id3Codec(Codec):
    """Frames TCON (v2.3, v2.4) and TCO (v2.2)."""

    version: int
    plain_sizes: bool = False  # v2.4 as iTunes wrote it, with sizes of eight bits in a byte
    unsynchronised: bool = False

    def texts(self, items: Items) -> Texts:
        """Return the texts; terminators and empty ones are left out."""
        return tuple(text for item in items for text in self._texts(item) if text)

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
        text = "\0".join(texts)
        if text.isascii():
            content = bytes([_LATIN1]) + text.encode("ascii")
        elif self.version == V24:
            content = bytes([_UTF8]) + text.encode()
        else:  # before v2.4 there is no UTF-8
            content = bytes([_UTF16]) + b"\xff\xfe" + text.encode("utf-16-le")
        size = len(content)
        if self.version == V22:
            return (_GENRE[V22] + size.to_bytes(3) + content,)
        plain = self.version == V23 or self.plain_sizes
        return (
            _GENRE[self.version]
            + (size.to_bytes(4) if plain else syncsafe(size))
            + b"\0\0"
            + content,
        )

    def _texts(self, frame: bytes) -> list[str]:
        content = frame_content(frame, self.version, _MOST_TEXT)
        if self.unsynchronised:
            content = content.replace(b"\xff\0", b"\xff")
        if not content:
            return []
        encoding = _ENCODINGS[content[0]] if content[0] < len(_ENCODINGS) else _ENCODINGS[0]
        text = content[1:].decode(encoding, "replace")
        return [part.removeprefix("\ufeff") for part in text.split("\0")]


def _parts(name: str) -> list[str]:
    return [name] if name.casefold() in _ONE_GENRE else name.split("/")


@dataclass(frozen=True)
class Id3v1Codec(Codec):
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


def field_of(tag: Tag, name: str = "") -> GenreField:
    """Return the genre field of an ID3v2 tag."""
    genre = _GENRE[tag.version]
    return GenreField(
        name=name or f"ID3v2.{tag.version}",
        codec=Id3Codec(
            version=tag.version, plain_sizes=tag.plain_sizes, unsynchronised=tag.unsynchronised
        ),
        items=tuple(raw for frame, raw in tag.frames if frame == genre),
    )


def render(tag: Tag, items: Items) -> bytes:
    """Return the tag with other genre frames, in its old size wherever they fit.

    A new frame goes to the front: behind the frames there may be bytes that belong to a broken one.
    """
    genre = _GENRE[tag.version]
    frames = [(name == genre, raw) for name, raw in tag.frames]
    if not any(is_genre for is_genre, _ in frames):
        frames.insert(0, (True, b""))
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
