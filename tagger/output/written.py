"""Remembers which tables genretag wrote, so that one that was edited since is not replaced.

A small file in the state folder stands for each table: its name is the digest of the table's path,
and it holds the digest of the table's content.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from tagger.paths import state_folder

FOLDER = "tables"


def remember(table: Path) -> None:
    """Note that genretag wrote a table as it is now.

    Where the state folder cannot be used nothing is noted, and the table counts as somebody's own.
    """
    note = _note(table)
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        draft = note.with_suffix(f".{os.getpid()}")
        draft.write_text(digest(table) or "", "ascii")
        draft.replace(note)


def is_as_written(table: Path) -> bool:
    """Tell whether genretag wrote a table and nobody has changed it since."""
    with suppress(OSError):
        return _note(table).read_text("ascii") == digest(table)
    return False


def digest(table: Path) -> str | None:
    """Return the SHA-256 of a file's content; None if there is no such file."""
    try:
        with table.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _note(table: Path) -> Path:
    name = hashlib.sha256(os.fsencode(table.absolute())).hexdigest()
    return state_folder() / FOLDER / name
