"""The copy of a database that is kept beside it, for when the database is damaged."""

import sqlite3
import time
from pathlib import Path

_MOST_CHECKED = 1 << 26  # bytes; of a larger file the indexes are not compared with their tables


def check(db: sqlite3.Connection, file: Path) -> None:
    """Look for damage, in milliseconds for each ten megabytes.

    Raises:
        sqlite3.DatabaseError: the database is damaged, or cannot be read.
    """
    thorough = file.stat().st_size <= _MOST_CHECKED
    (found,) = db.execute(f"PRAGMA {'integrity' if thorough else 'quick'}_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(" ".join(str(found).split()))


def back_up(db: sqlite3.Connection, file: Path) -> None:
    """Copy an open database; the copy takes the place of the last one when it is whole.

    Raises:
        sqlite3.Error, OSError: it cannot be copied; the last copy is still there.
    """
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    try:
        copy = sqlite3.connect(draft)
        try:
            db.backup(copy)
        finally:
            copy.close()
        draft.replace(_copy_of(file))
    finally:
        draft.unlink(missing_ok=True)


def remedy(file: Path) -> str:
    """Say what to do about a damaged database."""
    copy = _copy_of(file)
    try:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(copy.stat().st_mtime))
    except OSError:
        return "move it away to begin a new one"
    return (
        f"move it and {file.name}-wal, if there is one, away, and rename {copy.name}, its copy of"
        f" {made}, to {file.name}"
    )


def _copy_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.bak")
