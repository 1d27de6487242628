"""From the paths of the command line to music files."""

import errno
import fnmatch
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tagger.errors import PathError, reason
from tagger.identity import Identity, MusicFile
from tagger.tags.formats import is_music, left_out_as

Seen = dict[int, int]
"""Files and folders by device and inode: one bit each, 64 to an entry.

The inodes of most albums are consecutive, so this takes a tenth of the memory of a set."""
_BITS = 64

_DISC = re.compile(r"\W*(cd|dis[ck]|vinyl|lp)\W*\d+\b.*", re.IGNORECASE)


def is_disc(folder: Path) -> bool:
    """Tell by its name whether a folder is one disc of an album."""
    return _DISC.fullmatch(folder.name) is not None


def find_music(
    paths: Sequence[Path],
    exclude: Sequence[str] = (),
    skips: Callable[[Path], bool] = lambda _: False,
    left_out: Counter[str] | None = None,
) -> Iterator[MusicFile]:
    """Yield music files below the paths, folder by folder in alphabetical order, discs first.

    Hidden files and folders are left out unless they are named themselves. Symbolic links are
    followed, but no file or folder is visited twice: loops end, and a link beside its target gives
    one result. A file named itself is always yielded, whatever its suffix. A folder that cannot be
    listed is yielded in place of its content.

    Args:
        paths: files and folders.
        exclude: glob patterns of what to leave out. A pattern without a slash is matched against
            every name, one with a slash against the path below the folder that was named, and
            against the path as it starts with that folder.
        skips: tells of a folder whether it is left out with all its files, also those named.
        left_out: counts files with sound of other kinds, by their suffix.

    Raises:
        PathError: a path does not exist, or cannot be reached.
    """
    for path in paths:
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise PathError(f"There is no file or folder {path}.") from None
        except (OSError, ValueError) as error:  # the network that it is on is gone, say
            raise PathError(f"{path} cannot be reached ({reason(error)}).") from None
    seen: Seen = {}
    left_out = Counter() if left_out is None else left_out
    for path in paths:
        if _is_folder(path):
            yield from _below(path, path, exclude, skips, seen, left_out)
        elif not skips(path.parent) and (file := _unseen(path, seen)):
            yield file


def _below(
    folder: Path,
    root: Path,
    exclude: Sequence[str],
    skips: Callable[[Path], bool],
    seen: Seen,
    left_out: Counter[str],
) -> Iterator[MusicFile]:
    """Yield a folder's own files, then those of its folders."""
    if skips(folder):
        return
    if _unseen(folder, seen) is None:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        # Its line in the results will say why it cannot be listed, however young it is.
        yield MusicFile(path=folder, identity=None)
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
        elif is_music(entry.name):
            if file := _unseen(path, seen):
                yield file
        elif suffix := left_out_as(entry.name):
            left_out[suffix] += 1
    # Discs come first, so that the tracks of an album are consecutive.
    for path in sorted(folders, key=lambda path: not is_disc(path)):
        yield from _below(path, root, exclude, skips, seen, left_out)


def _is_folder(entry: os.DirEntry[str] | Path) -> bool:
    """Tell whether something is a folder, or a link to what is one as far as can be seen.

    A link may lead to a disk or network that fails. What has no suffix of music is a folder then,
    so that its line in the results says that it cannot be listed.
    """
    try:
        return entry.is_dir()
    except OSError as error:
        # A link that leads to itself, or to a place that may not be read, holds nothing for us.
        hopeless = error.errno in (errno.ELOOP, errno.EACCES)
        return not (hopeless or is_music(entry.name))


def _excluded(path: Path, root: Path, patterns: Sequence[str]) -> bool:
    whole = path.relative_to(root).as_posix(), path.as_posix()
    return any(
        any(fnmatch.fnmatch(name, pattern.removeprefix("./").rstrip("/")) for name in names)
        for pattern in patterns
        for names in [whole if "/" in pattern else (path.name,)]
    )


def _unseen(path: Path, seen: Seen) -> MusicFile | None:
    """Return a file or folder with its identity; None if it was visited before, by any name."""
    try:
        # Not `DirEntry.stat`: on Windows it knows neither device nor inode.
        identity = Identity.of(path)
    except OSError:
        return MusicFile(path=path, identity=None)  # a broken link, say
    if identity.inode and not _mark(identity, seen):  # some network drives have no inodes
        return None
    return MusicFile(path=path, identity=identity)


def _mark(identity: Identity, seen: Seen) -> bool:
    """Note a file or folder as visited; tell whether it is for the first time."""
    place, bit = divmod(identity.device << 64 | identity.inode, _BITS)
    known = seen.get(place, 0)
    if known >> bit & 1:
        return False
    seen[place] = known | 1 << bit
    return True
