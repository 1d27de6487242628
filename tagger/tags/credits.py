"""Whose music a file holds, and what it is called, by its tags."""

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
_TITLE = ("title", "TIT2", "\xa9nam", "Title")

_MANY = frozenset(["various", "variousartists", "va"])


@dataclass(frozen=True, kw_only=True)
class TrackNames:
    """What the tags of a track call it, word for word; empty where they say nothing."""

    title: str = ""
    artist: str = ""
    album: str = ""
    album_artist: str = ""


def read_names(path: Path) -> TrackNames:
    """Read title, artists and album from the tags of a file; a file without tags has none."""
    if not can_hold_tags(path):
        return TrackNames()
    try:
        tags = open_tags(path).tags
    except TagError:
        return TrackNames()
    return TrackNames(
        title=_first(tags, _TITLE),
        artist=_first(tags, _ARTIST),
        album=_first(tags, _ALBUM),
        album_artist=_first(tags, _ALBUM_ARTIST),
    )


@dataclass(frozen=True)
class Credits:
    """Artist and album, empty where they are not known; an artist is spelled in one way only."""

    artist: str = ""
    album: str = ""


def read_credits(path: Path) -> Credits:
    """Read artist and album from the tags of a file; a file without tags has none.

    The artist of the album comes before that of the track, which often names guests too.
    """
    names = read_names(path)
    # There are bands without a letter.
    artists = (plain(name) or name for name in (names.album_artist, names.artist))
    known = (artist for artist in artists if artist and artist not in _MANY)
    return Credits(next(known, ""), names.album)


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
