"""The one SQLite file of what genretag keeps: the journal of its writes and what it has heard."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Self

from tagger.errors import StateError
from tagger.paths import make_folder

FILE_NAME = "genretag.sqlite"

_JOURNAL = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    started REAL NOT NULL,      -- seconds since 1970, UTC
    command TEXT NOT NULL
);
CREATE TABLE write (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id),
    path BLOB NOT NULL,         -- as the file system has it, UTF-8 or not
    temporary BLOB NOT NULL,
    old TEXT NOT NULL,          -- JSON: of each tag that held a genre, its texts and its bytes
    new TEXT NOT NULL,
    audio BLOB NOT NULL,        -- its fingerprint
    state TEXT NOT NULL
);
CREATE INDEX write_of_run ON write (run);
CREATE INDEX write_by_state ON write (state) WHERE state = 'begun';
CREATE TABLE plan (
    path BLOB PRIMARY KEY,      -- a file, and what it was when it was last put into a CSV
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
"""

_CACHE = """
CREATE TABLE model (
    digest BLOB PRIMARY KEY,    -- SHA-256 of the file
    name TEXT NOT NULL,
    facts TEXT NOT NULL         -- what it says about itself, JSON
) WITHOUT ROWID;
CREATE TABLE model_file (       -- so that an unchanged model file is not read to know its digest
    inode INTEGER, device INTEGER,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (inode, device)
) WITHOUT ROWID;
CREATE TABLE listener (         -- a model, and how it listens
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- no number is given twice, whatever was cleared
    model BLOB NOT NULL,        -- its digest
    seconds TEXT NOT NULL,      -- of each track, or "full"
    ear INTEGER NOT NULL,       -- the version of the code between file and model
    UNIQUE (model, seconds, ear)
);
CREATE TABLE opinion (          -- of a recording, whatever file it is in
    audio BLOB, listener INTEGER,
    status TEXT NOT NULL,
    error TEXT NOT NULL,
    seconds REAL NOT NULL,      -- of audio that were heard
    probabilities BLOB NOT NULL,  -- float32, in the order of the model's labels
    PRIMARY KEY (audio, listener)
) WITHOUT ROWID;
CREATE TABLE file (
    inode INTEGER, device INTEGER,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    path BLOB NOT NULL,         -- where it was seen last
    audio BLOB NOT NULL,        -- its fingerprint
    genres TEXT NOT NULL,       -- JSON list of those in its tag
    tag_error TEXT NOT NULL,    -- why its tags cannot be read
    seen REAL NOT NULL,         -- seconds since 1970, UTC
    PRIMARY KEY (inode, device)
) WITHOUT ROWID;
"""

_STEPS = (_JOURNAL, _CACHE)
"""What brings the file from each version to the next; a new file goes through all of them."""
VERSION = len(_STEPS)


def open_state(folder: Path) -> sqlite3.Connection:
    """Open the state file, which is made, or brought up to date, if need be.

    Several processes may read it while one writes; a second writer waits for its turn.

    Raises:
        StateError: it cannot be used, or was made by a newer genretag.
    """
    file = folder / FILE_NAME
    make_folder(folder)
    try:
        database = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            _update(database, file)
        except BaseException:
            database.close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise _unusable(file, error) from None
    return database


class StateFile:
    """The state file for any number of threads; a context manager that closes it.

    Raises:
        StateError: it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE_NAME
        self._lock = RLock()
        self._db = open_state(folder)

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
            raise _unusable(self.file, error) from None


def _update(database: sqlite3.Connection, file: Path) -> None:
    if _version(database) < VERSION:
        with database:
            database.execute("BEGIN IMMEDIATE")  # others may be about to do the same
            for step in _STEPS[_version(database) :]:
                for statement in step.split(";\n"):
                    database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
    if _version(database) > VERSION:
        raise StateError(f"{file} was made by a newer version of genretag.")


def _version(database: sqlite3.Connection) -> int:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(version)


def _unusable(file: Path, error: Exception) -> StateError:
    damaged = type(error) is sqlite3.DatabaseError  # not one of its kinds, such as a full disk
    hint = "; move it away to begin a new one" if damaged else ""
    return StateError(f"The journal and cache in {file} cannot be used ({error}{hint}).")
