"""The journal of every write: what a file's genre was, before it is changed.

An entry is on the disk before the music file is touched, and is marked done
afterwards, so that after a crash it is known which files were being written.
"""

import json
import os
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from tagger.errors import StateError
from tagger.identity import Identity
from tagger.runtime.threads import Together
from tagger.state.database import Database
from tagger.state.schemas import JOURNAL
from tagger.tags.change import Change, Held
from tagger.tags.genre_fields.base import Texts

_MOST_LATER = 100  # notes that wait for a commit
_YEAR_9999 = 253_370_764_800  # seconds since 1970: later times cannot be shown

T = TypeVar("T")


def _to_json(held: Held) -> str:
    """Return what the fields of a file hold: a text, and bytes in base 64, for each."""
    return json.dumps(
        {
            field: {
                "texts": texts,
                "items": [b64encode(item).decode() for item in held.items[field]],
            }
            for field, texts in held.texts.items()
        }
    )


def _from_json(text: Any) -> Held:
    """Read what `_to_json` wrote, or the list of texts that was written before bytes were kept.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(text, str):
        raise ValueError("its genres are no text")
    fields = json.loads(text)
    if isinstance(fields, list):
        return Held(texts={"": _texts(fields)}, items={})
    try:
        return Held(
            texts={name: _texts(field["texts"]) for name, field in fields.items()},
            items={name: tuple(map(b64decode, field["items"])) for name, field in fields.items()},
        )
    except (AttributeError, KeyError, TypeError):
        raise ValueError("its genres are not those of a file") from None


def _texts(values: Any) -> Texts:
    if not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
        raise ValueError("its genres are no list of texts")
    return tuple(values)


class State(StrEnum):
    """How far a write has come."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"  # the file is as it was
    UNDONE = "undone"

    @property
    def shown(self) -> str:
        """The word for people."""
        return {State.DONE: "written", State.BEGUN: "unfinished"}.get(self, str(self))


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write of the journal."""

    id: int
    run: int
    path: Path
    temporary: Path
    before: Held
    after: Held
    fingerprint: bytes
    state: State

    @property
    def old(self) -> Texts:
        """The genre texts that it replaced."""
        return self.before.shown

    @property
    def new(self) -> Texts:
        """The genre texts that it wrote."""
        return self.after.shown


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run that wrote, with how many of its writes are in which state."""

    id: int
    started: float
    command: str
    counts: dict[State, int]

    @property
    def started_utc(self) -> str:
        """When it started, in ISO 8601."""
        return datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds")


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
        super().__init__(folder)

    def __exit__(self, *_: object) -> None:
        with suppress(StateError):  # what is not noted is found out by `recover`
            self._settle()
        super().__exit__()

    def begin_run(self, command: str) -> int:
        """Open a run and return its number."""
        with self._turn():
            cursor = self._db.execute(
                "INSERT INTO run (started, command) VALUES (?, ?)", (time.time(), command)
            )
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
                _to_json(change.old),
                _to_json(change.new),
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
        return self._readable("run", rows, lambda row: _read_run(row, counts))

    def writes(self, run: int, state: State = State.DONE) -> list[Write]:
        """Return the writes of a run in one state, the newest first."""
        return self._select("run = ? AND state = ?", (run, state))

    def writes_of(self, path: Path) -> list[Write]:
        """Return all writes of a file, links resolved, the newest first."""
        return self._select("path = ?", (os.fsencode(path),))

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
            " AND command != ? AND command NOT LIKE ? || ' %'"
        )
        self._settle()
        with self._turn():
            values = (State.DONE, file, len(folder), folder, but_not, but_not)
            (run,) = self._db.execute(query, values).fetchone()
        return run  # type: ignore[no-any-return]

    def unfinished(self) -> list[Write]:
        """Return the writes that were begun and have no end: the runs were killed."""
        return self._select("state = ?", (State.BEGUN,))

    def _select(self, condition: str, values: tuple[object, ...]) -> list[Write]:
        query = (
            "SELECT id, run, path, temporary, old, new, fingerprint, state FROM write"
            f" WHERE {condition} ORDER BY id DESC"
        )
        self._settle()
        with self._turn():
            rows = self._db.execute(query, values).fetchall()
        return self._readable("entry", rows, _read_write)

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

    def remember(self, path: Path, identity: Identity) -> None:
        """Note what a file was when it was put into a CSV."""
        self._note(
            "INSERT OR REPLACE INTO plan VALUES (?, ?, ?)",
            os.fsencode(path.absolute()),
            identity.size,
            identity.mtime_ns,
        )

    def remembered(self, path: Path) -> tuple[int, int] | None:
        """Return size and modification time of a file when it was last put into a CSV."""
        with self._turn():
            row = self._db.execute(
                "SELECT size, mtime_ns FROM plan WHERE path = ?",
                (os.fsencode(path.absolute()),),
            ).fetchone()
        return (row[0], row[1]) if row else None


def _read_run(row: tuple[Any, ...], counts: dict[int, dict[State, int]]) -> RunRecord:
    """Read a row of the table `run`.

    Raises:
        ValueError: it is not what genretag writes.
    """
    number, started, command = row
    if not (isinstance(started, float) and 0 <= started < _YEAR_9999):
        raise ValueError("its time is out of range")
    if not isinstance(command, str):
        raise ValueError("its command is no text")
    return RunRecord(id=number, started=started, command=command, counts=counts.get(number, {}))


def _read_write(row: tuple[Any, ...]) -> Write:
    """Read a row of the table `write`.

    Raises:
        ValueError: it is not what genretag writes.
    """
    number, run, path, temporary, old, new, fingerprint, state = row
    if not isinstance(fingerprint, bytes):
        raise ValueError("its fingerprint is not bytes")
    return Write(
        id=number,
        run=run,
        path=_read_path(path),
        temporary=_read_path(temporary),
        before=_from_json(old),
        after=_from_json(new),
        fingerprint=fingerprint,
        state=State(state),
    )


def _read_path(value: Any) -> Path:
    if not isinstance(value, bytes) or not value or b"\0" in value:
        raise ValueError("a path cannot be one")
    return Path(os.fsdecode(value))
