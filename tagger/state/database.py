"""A SQLite file for any number of threads and processes; the cache and the journal are one each."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import ClassVar, Self

from tagger.errors import StateError
from tagger.paths import make_folder
from tagger.state.backup import check, remedy


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A kind of database file.

    Attributes:
        name: what users call it, such as "cache".
        file_name: in the state folder.
        steps: the SQL that brings a file from each version to the next; a new file takes all steps.
        irreplaceable: look for damage whenever the file is opened.
    """

    name: str
    file_name: str
    steps: tuple[str, ...]
    irreplaceable: bool = False

    @property
    def version(self) -> int:
        """The version that the last step leads to, kept in SQLite's `user_version`."""
        return len(self.steps)


class Database:
    """An open database file; a context manager that closes it.

    Several processes may read the file while one writes; a second writer waits for its turn.

    Attributes:
        file: its path.
    """

    schema: ClassVar[Schema]

    def __init__(self, folder: Path) -> None:
        """Open the file in the state folder; make it, or bring it up to date, if need be.

        Raises:
            StateError: it cannot be used, or was made by a newer genretag.
        """
        self.file = folder / self.schema.file_name
        self._lock = RLock()
        make_folder(folder)
        with self._turn():
            self._db = sqlite3.connect(
                self.file, timeout=30, isolation_level=None, check_same_thread=False
            )
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                if self.schema.irreplaceable:
                    check(self._db, self.file)
                self._update()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one thread at a time use the database, and turn its errors into ours."""
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None

    def _update(self) -> None:
        if self._version() < self.schema.version:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")  # another process may be about to do the same
                for step in self.schema.steps[self._version() :]:
                    for statement in step.split(";\n"):
                        self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {self.schema.version}")
        if self._version() > self.schema.version:
            raise StateError(f"{self.file} was made by a newer version of genretag.")

    def _version(self) -> int:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _unusable(self, error: Exception) -> StateError:
        # A damaged file gives the base class itself; a full disk, say, gives one of its kinds.
        damaged = type(error) is sqlite3.DatabaseError
        hint = f"; {remedy(self.file)}" if damaged else ""
        return StateError(f"The {self.schema.name} {self.file} cannot be used ({error}{hint}).")
