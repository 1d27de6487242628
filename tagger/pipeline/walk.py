"""From the paths of the command line to music files."""

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tagger.errors import PathError
from tagger.tags.formats import is_music

Seen = dict[int, int]
"""Files and folders by their numbers, which are in a row for the tracks of most albums: one bit for
each, in a tenth of the memory of a set."""
_BITS = 64  # in one entry

_DISC = re.compile(r"\W*(cd|dis[ck]|vinyl|lp)\W*\d+\b.*", re.IGNORECASE)


def is_disc(folder: Path) -> bool:
    """Tell by its name whether a folder is one disc of an album."""
    return _DISC.fullmatch(folder.name) is not None


def find_music(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Iterator[Path]:
    """Yield music files below the paths, folder by folder in alphabetical order, discs first.

    Hidden files and folders are left out unless they are named themselves. Symbolic links are
    followed, but no file or folder is visited twice, so loops end and a link beside its target
    gives one result. A file named itself is always yielded, whatever its suffix, and a folder that
    may not be looked into is yielded in place of what is in it. `exclude` holds glob patterns; one
    without a slash is matched against every name, one with a slash against the path below the
    folder that was given, and against the path as it starts with that folder.

    Raises:
        PathError: a path does not exist.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise PathError(f"There is no file or folder {path}.")
    seen: Seen = {}
    for path in paths:
        if path.is_dir():
            yield from _below(path, path, exclude, seen)
        elif _is_new(path, seen):
            yield path


def _below(folder: Path, root: Path, exclude: Sequence[str], seen: Seen) -> Iterator[Path]:
    """Yield a folder's own files, then those of its folders."""
    if not _is_new(folder, seen):
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder  # so that it gets its line: it may not be looked into
        return
    folders = []
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if exclude and _excluded(path, root, exclude):
            continue
        if _is_folder(entry):
            folders.append(path)
        elif is_music(entry.name) and _is_new(path, seen):
            yield path
    # Discs come first, so that an album is one row of tracks.
    for path in sorted(folders, key=lambda path: not is_disc(path)):
        yield from _below(path, root, exclude, seen)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads to itself or to where we may not look


def _excluded(path: Path, root: Path, patterns: Sequence[str]) -> bool:
    whole = path.relative_to(root).as_posix(), path.as_posix()
    return any(
        any(fnmatch.fnmatch(name, pattern.removeprefix("./").rstrip("/")) for name in names)
        for pattern in patterns
        for names in [whole if "/" in pattern else (path.name,)]
    )


def _is_new(path: Path, seen: Seen) -> bool:
    """Remember a file or folder by what it is, not by its name."""
    try:
        status = path.stat()
    except OSError:
        return True  # a broken link, say; opening it will give the reason
    if status.st_ino == 0:
        return True  # some network folders on Windows do not tell their files apart
    place, bit = divmod(status.st_dev << 64 | status.st_ino, _BITS)
    known = seen.get(place, 0)
    if known >> bit & 1:
        return False
    seen[place] = known | 1 << bit
    return True
