"""How genres are spelled in tags, one by one and several in one file."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

Texts = tuple[str, ...]


@cache
def spelling(label: str) -> str:
    """Return the ID3v1 spelling of a model's label ("hiphop": "Hip-Hop").

    A label that ID3v1 does not know, such as a genre of the user's own, is kept as it is.
    """
    return _id3v1().get(plain(label), label)


NO_ID3V1_GENRE = 255


def id3v1_number(genre: str) -> int:
    """Return the number that ID3v1 has for a genre, 255 if none."""
    from mutagen.id3 import TCON

    name = _id3v1().get(plain(genre))
    return TCON.GENRES.index(name) if name else NO_ID3V1_GENRE


def id3v1_name(number: int) -> str:
    """Return the genre that a number of ID3v1 stands for, empty if none."""
    from mutagen.id3 import TCON

    return str(TCON.GENRES[number]) if number < len(TCON.GENRES) else ""


@cache
def _id3v1() -> dict[str, str]:
    from mutagen.id3 import TCON

    return {plain(name): name for name in reversed(TCON.GENRES)}


def plain(name: str) -> str:
    """Return a name without what spellings differ in: case, spaces, punctuation."""
    return "".join(character for character in name.casefold() if character.isalnum())


@dataclass(frozen=True, kw_only=True)
class WriteStyle:
    """How several genres of one file are spelled."""

    id3v23_separator: str = "/"  # ID3v2.3 has no lists of its own
    joined: str = ""  # for players that read one value: put all genres into one, separated by this

    def parts(self, genres: Texts) -> Texts:
        """Return the genres that texts stand for which were read from a file of this style.

        The slash of ID3v2.3 is left to its codec: elsewhere it may be part of a name.
        """
        of_id3v23 = self.id3v23_separator.removeprefix("/")
        for separator in filter(None, (self.joined, of_id3v23)):
            genres = tuple(part for genre in genres for part in genre.split(separator))
        return tuple(part for genre in genres if (part := genre.strip()))


def merged(existing: Iterable[str], new: Iterable[str]) -> Texts:
    """Return the existing genres and those new ones that are not among them."""
    result = {genre.casefold(): genre for genre in existing}
    for genre in new:
        result.setdefault(genre.casefold(), genre)
    return tuple(result.values())
