"""Finds files that were moved since genretag wrote into them, by the fingerprint of their audio."""

import os
import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tagger.errors import TagError
from tagger.tags.change import Held
from tagger.tags.content import fingerprint
from tagger.tags.genre_fields.layouts import open_layout
from tagger.writing.entries import RunRecord, Write
from tagger.writing.journal import Journal


def missing(writes: Iterable[Write]) -> list[Write]:
    """Return the writes whose files are not where they were."""
    return [write for write in writes if not os.path.lexists(write.path)]


def folders_of(run: RunRecord, writes: Sequence[Write]) -> list[Path]:
    """Return the folders of a run that still exist.

    They are those of its command line, where `scan` found the files; for a run without any, the
    lowest one that holds all its files.
    """
    named = [Path(word) for word in _words(run.command)]
    folders = [path for path in named if path.is_absolute() and path.is_dir()]
    if not folders and writes:
        common = Path(os.path.commonpath([write.path.parent for write in writes]))
        folders = [common] if common.is_dir() and common.parent != common else []
    return folders


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # it was shortened, or damaged
        return []


def last_run_of_moved(
    journal: Journal, files: Iterable[Path], but_not: str
) -> tuple[int | None, dict[Path, Path]]:
    """Look for the last run that wrote one of these files before it was moved to where it is now.

    Args:
        journal: of the writes.
        files: to look at.
        but_not: the first word of commands that do not count.

    Returns:
        The run, None if there is none; and where the paths of its writes lead to now.
    """
    moved: dict[int, dict[Path, Path]] = defaultdict(dict)
    for file in files:
        try:
            writes = missing(journal.writes_of_audio(fingerprint(file), but_not))
        except (OSError, TagError):
            continue
        for write in writes[:1]:
            moved[write.run][write.path] = file
    run = max(moved, default=None)
    return run, {} if run is None else moved[run]


def find_moved(writes: Iterable[Write], files: Iterable[Path]) -> dict[Path, Path]:
    """Look for the files of writes among others; the search ends when all are found.

    A file is taken for one that was moved if it has its audio and its suffix, and the genre that
    was written. Of several that have the same audio, the one that kept its name comes first.

    Args:
        writes: whose files are not where they were.
        files: to look at.

    Returns:
        Where each old path leads to now, as far as it was found.
    """
    sought: dict[bytes, list[Write]] = defaultdict(list)
    for write in writes:
        sought[write.fingerprint].append(write)
    suffixes = {write.path.suffix.lower() for of_audio in sought.values() for write in of_audio}
    found: dict[Path, Path] = {}
    for file in files:
        if not sought:
            break
        if file.suffix.lower() not in suffixes:
            continue
        try:
            of_audio = sought.get(fingerprint(file))
            held = Held.of(open_layout(file)) if of_audio else None
        except (OSError, TagError):
            continue
        fitting = [write for write in of_audio or () if held and held.says(write.after)]
        if fitting and of_audio:
            kept_name = (write for write in fitting if write.path.name == file.name)
            write = next(kept_name, fitting[0])
            found[write.path] = file
            of_audio.remove(write)
            if not of_audio:
                del sought[write.fingerprint]
    return found
