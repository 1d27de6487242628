"""The journal of every write: what a file's genre was, before it is changed.

An entry is on the disk before the music file is touched, and is marked done
afterwards, so that after a crash it is known which files were being written. A copy of the journal
is kept beside it, and is renewed at the end of each run that wrote.
"""

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from tagger.errors import StateError
from tagger.identity import Identity
from tagger.runtime.packed import Packed
from tagger.runtime.threads import Together
from tagger.state.backup import back_up
from tagger.state.database import Database
from tagger.state.schemas import JOURNAL
from tagger.tags.change import Change
from tagger.writing.entries import (
    Planned,
    RunRecord,
    State,
    Write,
    held_column,
    read_run,
    read_write,
)

_PAGE = 1000  # entries that are read at a time
_MOST_ID = 2**63 - 1  # of SQLite, which is given to no entry
_MOST_LATER = 100  # notes that wait for a commit
_OTHER_COMMAND = "command != ? AND command NOT LIKE ? || ' %'"  # both times the first word

T = TypeVar("T")


class Journal(Database):
    """The journal; a context manager that closes it.

    Every method raises StateError where the file cannot be used. An entry that genretag cannot have
    written is named and left out.
    """

    schema = JOURNAL

    def __init__(self, folder: Path, tell: Callable[[str], None] | None = None) -> None:
        """Open the journal in the state folder.

        Args:
            folder: of the state.
            tell: shows a sentence about a damaged entry to the user.

        Raises:
            StateError: it cannot be opened, or was made by a newer genretag.
        """
        self._tell = tell or (lambda _: None)
        self._begin = Together(self._begin_all)
        self._later: deque[tuple[str, tuple[object, ...]]] = deque()
        self._to_copy = False
        super().__init__(folder)

    def __exit__(self, *_: object) -> None:
        with suppress(StateError):  # what is not noted is found out by `recover`
            self._settle()
        try:
            if self._to_copy:
                back_up(self._db, self.file)
        except (sqlite3.Error, OSError) as error:
            self._tell(f"The journal {self.file} could not be copied ({error}).")
        finally:
            super().__exit__()

    def _unusable(self, error: Exception) -> StateError:
        self._to_copy = False  # it would fail for the same reason
        return super()._unusable(error)

    def begin_run(self, command: str) -> int:
        """Open a run and return its number."""
        with self._turn():
            cursor = self._db.execute(
                "INSERT INTO run (started, command) VALUES (?, ?)", (time.time(), command)
            )
        self._to_copy = True
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def begin(self, run: int, change: Change) -> int:
        """Note a change that is about to be made, and return the number of the write.

        It is on the disk when this returns; threads that begin at the same time share one commit.
        """
        return self._begin((run, change))

    def _begin_all(self, changes: Sequence[tuple[int, Change]]) -> list[int]:
        with self._transaction("FULL"):
            return [self._insert(run, change) for run, change in changes]

    @contextmanager
    def _transaction(self, synchronous: str) -> Iterator[None]:
        """Commit what is done within, and what was left for later, at once or not at all."""
        with self._turn():
            self._db.execute(f"PRAGMA synchronous = {synchronous}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                while self._later:
                    self._db.execute(*self._later.popleft())
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # some errors have ended it already
                    self._db.execute("ROLLBACK")
                raise

    def _settle(self) -> None:
        if self._later:
            with self._transaction("NORMAL"):
                pass

    def _note(self, statement: str, *values: object) -> None:
        """Leave for the next commit what may get lost, so that nobody waits for the disk."""
        self._later.append((statement, values))
        if len(self._later) >= _MOST_LATER:
            self._settle()

    def _insert(self, run: int, change: Change) -> int:
        cursor = self._db.execute(
            "INSERT INTO write (run, path, temporary, old, new, fingerprint, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                run,
                os.fsencode(change.path),
                os.fsencode(change.temporary),
                held_column(change.old),
                held_column(change.new),
                change.content.fingerprint,
                State.BEGUN,
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def mark(self, write: int, state: State) -> None:
        """Note how a write ended, or have `recover` ask the file itself."""
        self._note("UPDATE write SET state = ? WHERE id = ?", state, write)

    def runs(self) -> list[RunRecord]:
        """Return the runs, the newest first."""
        self._settle()
        with self._turn():
            counts: dict[int, dict[State, int]] = {}
            for run, state, count in self._db.execute(
                "SELECT run, state, COUNT(*) FROM write GROUP BY run, state"
            ):
                with suppress(ValueError):  # `writes` names the entry
                    counts.setdefault(run, {})[State(state)] = count
            rows = self._db.execute(
                "SELECT id, started, command FROM run ORDER BY id DESC"
            ).fetchall()
        return self._readable("run", rows, lambda row: read_run(row, counts))

    def writes(self, run: int, state: State = State.DONE) -> Sequence[Write]:
        """Return the writes of a run in one state, the newest first, in little memory."""
        return Packed(self._select("run = ? AND state = ?", (run, state)))

    def writes_of(self, path: Path) -> list[Write]:
        """Return all writes of a file, links resolved, the newest first."""
        return [*self._select("path = ?", (os.fsencode(path),))]

    def writes_of_audio(self, fingerprint: bytes, but_not: str) -> list[Write]:
        """Return the writes of a recording that were not taken back, the newest first.

        Args:
            fingerprint: of its audio.
            but_not: see `last_run_below`.
        """
        runs = f"SELECT id FROM run WHERE {_OTHER_COMMAND}"
        condition = f"fingerprint = ? AND state = ? AND run IN ({runs})"
        return [*self._select(condition, (fingerprint, State.DONE, but_not, but_not))]

    def last_run_below(self, path: Path, but_not: str) -> int | None:
        """Return the last run that wrote a file at or below a path and was not taken back.

        Args:
            path: a file or folder, links resolved.
            but_not: the first word of commands that do not count.
        """
        file = os.fsencode(path)
        folder = file.rstrip(os.fsencode(os.sep)) + os.fsencode(os.sep)
        query = (
            "SELECT max(write.run) FROM write JOIN run ON run.id = write.run"
            " WHERE state = ? AND (path = ? OR substr(path, 1, ?) = ?)"
            f" AND {_OTHER_COMMAND}"
        )
        self._settle()
        with self._turn():
            values = (State.DONE, file, len(folder), folder, but_not, but_not)
            (run,) = self._db.execute(query, values).fetchone()
        return run  # type: ignore[no-any-return]

    def unfinished(self) -> list[Write]:
        """Return the writes that were begun and have no end: the runs were killed."""
        return [*self._select("state = ?", (State.BEGUN,))]

    def _select(self, condition: str, values: tuple[object, ...]) -> Iterator[Write]:
        """Yield writes, the newest first; of a large run only some are in memory."""
        query = (
            "SELECT id, run, path, temporary, old, new, fingerprint, state FROM write"
            f" WHERE {condition} AND id < ? ORDER BY id DESC LIMIT {_PAGE}"
        )
        self._settle()
        before = _MOST_ID
        while True:
            with self._turn():
                rows = self._db.execute(query, (*values, before)).fetchall()
            yield from self._readable("entry", rows, read_write)
            if len(rows) < _PAGE:
                return
            before = rows[-1][0]

    def _readable(
        self, what: str, rows: Sequence[tuple[Any, ...]], read: Callable[[tuple[Any, ...]], T]
    ) -> list[T]:
        """Read rows; those that are damaged are named."""
        found = []
        for row in rows:
            try:
                found.append(read(row))
            except ValueError as error:
                self._tell(
                    f"The journal {self.file} is damaged in {what} {row[0]} ({error});"
                    " it is left out."
                )
        return found

    def remember(self, path: Path, identity: Identity, source: str) -> None:
        """Note what a file was when it was put into a CSV, and where its genres there are from."""
        self._note(
            "INSERT OR REPLACE INTO plan (path, size, mtime_ns, source) VALUES (?, ?, ?, ?)",
            os.fsencode(path.absolute()),
            identity.size,
            identity.mtime_ns,
            source,
        )

    def remembers_below(self, folder: Path) -> bool:
        """Tell whether a file in a folder, or below it, was put into a CSV."""
        first = os.fsencode(folder.absolute()).rstrip(os.fsencode(os.sep)) + os.fsencode(os.sep)
        with self._turn():
            # What begins with the folder comes before what is greater in its last byte.
            return bool(
                self._db.execute(
                    "SELECT EXISTS (SELECT 1 FROM plan WHERE path > ? AND path < ?)",
                    (first, first[:-1] + bytes([first[-1] + 1])),
                ).fetchone()[0]
            )

    def remembered(self, path: Path) -> Planned | None:
        """Return what a file was when it was last put into a CSV."""
        with self._turn():
            row = self._db.execute(
                "SELECT size, mtime_ns, source FROM plan WHERE path = ?",
                (os.fsencode(path.absolute()),),
            ).fetchone()
        return Planned(size=row[0], mtime_ns=row[1], source=str(row[2])) if row else None
