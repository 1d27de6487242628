"""Takes over the state file of development versions, which held journal and cache in one."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from tagger.errors import StateError
from tagger.state.database import Database
from tagger.state.schemas import JOURNAL

OLD_FILE = "genretag.sqlite"
_SET_ASIDE = ".old"
_OLD_COLUMNS = "id, run, path, temporary, old, new, audio, state"


class _Journal(Database):
    """The journal's file, without the reading and writing of entries."""

    schema = JOURNAL

    def take_over(self, old: Path) -> None:
        """Copy runs and writes of the old file, all or none.

        Raises:
            sqlite3.Error: the old file cannot be read.
        """
        self._db.execute("ATTACH ? AS old", (str(old),))
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for table, columns in (
                ("run", "id, started, command"),
                ("write", _OLD_COLUMNS),
                ("plan", "path, size, mtime_ns, ''"),
            ):
                self._db.execute(
                    f"INSERT OR IGNORE INTO main.{table} SELECT {columns} FROM old.{table}"
                )
        self._db.execute("DETACH old")


def take_over_old_state(folder: Path) -> str:
    """Copy the journal out of an old state file, and set that aside; its cache is left.

    Returns:
        A sentence for the user, empty if there was no old file.

    Raises:
        StateError: the new journal cannot be used.
    """
    old = folder / OLD_FILE
    if not old.is_file():
        return ""
    with _Journal(folder) as journal:
        try:
            journal.take_over(old)
            kept = "its journal was taken over, its cache is made anew"
        except sqlite3.Error as error:
            kept = f"it could not be read ({error}), so its runs cannot be undone"
    aside = old.with_name(f"{old.name}{_SET_ASIDE}")
    try:
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                old.with_name(f"{old.name}{suffix}").replace(f"{aside}{suffix}")
    except OSError as error:
        raise StateError(f"{old} cannot be renamed ({error}); move it away.") from None
    return f"The state file of an earlier version was set aside as {aside}: {kept}."
