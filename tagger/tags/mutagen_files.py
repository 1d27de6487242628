"""Opens files with mutagen, as the kind that it takes them for."""

import errno
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from tagger.errors import reason
from tagger.tags.containers.apev2 import start_of_ape_audio
from tagger.tags.containers.base import open_data


def open_file(path: Path) -> Any:
    """Open a file with mutagen's class for its kind.

    Returns:
        An instance with tags, empty ones if need be; None where there is no such class.

    Raises:
        Exception: an odd file can make of a parser whatever it likes; see `why_not`.
    """
    import mutagen
    from mutagen.mp3 import HeaderNotFoundError

    try:
        file = mutagen.File(path)
    except (HeaderNotFoundError, IndexError):
        if (only_tags := _kind_of_tags(path)) is None:
            raise
        file = only_tags(path)
    kind: Any = type(file)
    if issubclass(kind, _id3_kinds()):
        # As it is: otherwise mutagen turns the frames of v2.3 into those of v2.4, and not all of
        # them find back; and it fills in from ID3v1 what ID3v2 does not say.
        plain = kind(path, translate=False, load_v1=False)
        found = plain.tags is not None and (plain.tags or plain.tags.unknown_frames)
        if found and plain.tags.version[:2] in ((2, 3), (2, 4)):
            return plain
    # Tags of v2.2, or of v1 with none or an empty one of v2, have to be translated; they are
    # written as v2.4.
    if file is not None and file.tags is None:
        file.add_tags()
    return file


def passes_for_mp3(kind: Any, name: str, head: bytes) -> bool:
    """Tell whether mutagen takes a file that begins like this for MP3 rather than for its kind."""
    from mutagen.mp3 import MP3

    if issubclass(MP3, kind):
        return False
    return bool(MP3.score(name, BytesIO(head), head) > kind.score(name, BytesIO(head), head))


def _kind_of_tags(path: Path) -> Any:
    """Return a class for the tags of a file whose audio mutagen does not understand, or None.

    Such are Monkey's Audio behind an ID3v2 tag, which it takes for MP3, and WavPack at unusual
    sample rates, above 192 kHz for instance.
    """
    from mutagen.apev2 import APEv2File
    from mutagen.id3 import ID3FileType

    start = start_of_ape_audio(open_data(path))
    return None if start is None else ID3FileType if start else APEv2File


@cache
def _id3_kinds() -> tuple[Any, ...]:
    from mutagen.aiff import AIFF
    from mutagen.dsdiff import DSDIFF
    from mutagen.dsf import DSF
    from mutagen.id3 import ID3FileType
    from mutagen.wave import WAVE

    return ID3FileType, AIFF, WAVE, DSDIFF, DSF


def system_error(error: Exception) -> OSError | None:
    """Return the failure of a disk or network that made `open_file` fail, if one did."""
    from mutagen import MutagenError

    if isinstance(error, MutagenError) and error.args:  # mutagen wraps it
        error = error.args[0]
    # A damaged file may send a parser before its beginning, which is an invalid argument.
    return error if isinstance(error, OSError) and error.errno != errno.EINVAL else None


def why_not(error: Exception) -> str:
    """Return why `open_file` failed, in words for the user."""
    from mutagen import MutagenError
    from mutagen.mp3 import HeaderNotFoundError

    if isinstance(error, HeaderNotFoundError):
        return "no MPEG audio was found"
    said = f": {reason(error)}" if isinstance(error, MutagenError) else ""
    return f"mutagen, which reads them again, fails on this file{said}"
