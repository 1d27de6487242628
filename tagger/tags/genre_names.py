"""How genres are spelled in tags."""

from functools import cache


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
