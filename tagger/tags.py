"""The genre tags of music files."""

from collections.abc import Sequence
from pathlib import Path

from tagger.errors import TagError

TAGGED_SUFFIXES = frozenset(
    [
        ".aac",
        ".aif",
        ".aiff",
        ".ape",
        ".asf",
        ".dsf",
        ".flac",
        ".m4a",
        ".m4b",
        ".mp3",
        ".mp4",
        ".mpc",
        ".oga",
        ".ogg",
        ".opus",
        ".wav",
        ".wma",
        ".wv",
    ]
)


def can_hold_tags(path: Path) -> bool:
    """Tell by its name whether a file is of a kind whose tags we write."""
    return path.suffix.lower() in TAGGED_SUFFIXES


def read_genres(path: Path) -> tuple[str, ...]:
    """Return the genres of a file; none where there are no tags.

    Raises:
        TagError: the file cannot be read, or is none that holds tags.
    """
    import mediafile

    try:
        return tuple(genre for genre in mediafile.MediaFile(path).genres or () if genre)
    except (mediafile.UnreadableFileError, OSError) as error:
        raise TagError(f"has tags that cannot be read ({_reason(error)})") from None


def write_genres(path: Path, genres: Sequence[str]) -> None:
    """Replace the genres of a file; all other tags stay.

    ID3v2.3 stays v2.3. Nothing is written when the genres are there already.

    Raises:
        TagError: the file cannot be written, or is none that holds tags.
    """
    import mediafile

    try:
        media = mediafile.MediaFile(path)
        version = getattr(media.mgfile.tags, "version", None)
        if version and version[:2] == (2, 3):
            media = mediafile.MediaFile(path, id3v23=True)
        if tuple(media.genres or ()) == tuple(genres):
            return
        media.genres = list(genres)
        media.save()
    except PermissionError:
        raise TagError("may not be written (no permission)") from None
    except (mediafile.UnreadableFileError, OSError) as error:
        raise TagError(f"could not be tagged ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
