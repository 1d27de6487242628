"""Whose music a file holds, by its tags."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.errors import TagError
from tagger.tags.formats import can_hold_tags
from tagger.tags.genre_names import plain
from tagger.tags.mutagen_tags import open_tags

# What each family of tags calls it: Vorbis, ID3, MP4, ASF, APE.
_ALBUM_ARTIST = ("albumartist", "TPE2", "aART", "WM/AlbumArtist", "Album Artist")
_ARTIST = ("artist", "TPE1", "\xa9ART", "Author")
_ALBUM = ("album", "TALB", "\xa9alb", "WM/AlbumTitle")

_MANY = frozenset(["various", "variousartists", "va"])


@dataclass(frozen=True)
class Credits:
    """Artist and album, empty where they are not known; an artist is spelled in one way only."""

    artist: str = ""
    album: str = ""


def read_credits(path: Path) -> Credits:
    """Read artist and album from the tags of a file; a file without tags has none.

    The artist of the album comes before that of the track, which often names guests too.
    """
    if not can_hold_tags(path):
        return Credits()
    try:
        tags = open_tags(path).tags
    except TagError:
        return Credits()
    names = (_first(tags, keys) for keys in (_ALBUM_ARTIST, _ARTIST))
    artists = (plain(name) or name for name in names)  # there are bands without a letter
    known = (artist for artist in artists if artist and artist not in _MANY)
    return Credits(next(known, ""), _first(tags, _ALBUM))


def _first(tags: Any, keys: Sequence[str]) -> str:
    """Return the first text under the first of the keys that there is."""
    for key in keys:
        try:
            value = tags[key]
        except (KeyError, ValueError):  # not there, or not a key that this family may have
            continue
        texts = getattr(value, "text", value)  # a frame of ID3 has its texts inside
        if text := str(texts if isinstance(texts, str) else next(iter(texts), "")).strip():
            return text
    return ""
