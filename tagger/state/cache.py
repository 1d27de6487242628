"""What was heard before, so that nothing is listened to twice.

Two things are remembered apart. A *file* is known by its looks (device, inode, size and times) and
has a fingerprint of its audio and the genres of its tag. An *opinion* belongs to a fingerprint and
to a listener, which is a model and how it listens. So a file that was moved, copied or tagged anew
has its opinion as soon as its fingerprint is known, and a threshold can change without a new one.
"""

import hashlib
import json
import os
import sqlite3
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tagger.errors import StateError, TagError
from tagger.identity import Identity
from tagger.inference.metadata import ModelMetadata
from tagger.state.database import StateFile
from tagger.tags.change import Change
from tagger.tags.families import read_genres
from tagger.tracks import Heard, Opinion, Status

EAR = 1
"""To be raised when decoding, features or voting change in a way that changes opinions."""

_MOST_PENDING = 256  # rows
_LONGEST_PENDING = 1.0  # seconds: what a kill may cost

_OPINION = "o.status, o.error, o.seconds, o.probabilities"


@dataclass(frozen=True)
class Recall:
    """Asks for opinions by fingerprint, in any process: it is only the place where they are."""

    file: Path
    listener: int

    def __call__(self, audio: bytes) -> Opinion | None:
        """Return the opinion of a recording; none if it cannot be had, for whatever reason."""
        with suppress(sqlite3.Error):
            query = f"SELECT {_OPINION} FROM opinion o WHERE audio = ? AND listener = ?"
            if row := _reader(self.file).execute(query, (audio, self.listener)).fetchone():
                return _opinion(*row)
        return None


@lru_cache(maxsize=1)
def _reader(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)


class Cache(StateFile):
    """The cache; a context manager that writes what is pending and closes it.

    Rows are collected and written some at a time. Any thread may use it. Every method raises
    StateError where the file cannot be used: locked for long, damaged, or the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -512")  # kB: rows are read once
        self._pending: list[tuple[str, tuple[object, ...]]] = []
        self._flushed = time.monotonic()

    def __exit__(self, *_: object) -> None:
        with suppress(StateError):  # whoever wants to know flushes before
            self.flush()
        super().__exit__()

    def flush(self) -> None:
        """Write what is pending."""
        with self._turn():
            pending, self._pending = self._pending, []
            self._flushed = time.monotonic()
            if pending:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    for query, values in pending:
                        self._db.execute(query, values)

    def _add(self, query: str, *values: object) -> None:
        with self._lock:
            self._pending.append((query, values))
            waited = time.monotonic() - self._flushed
            if len(self._pending) >= _MOST_PENDING or waited > _LONGEST_PENDING:
                self.flush()

    # Models

    def digest(self, model: Path) -> bytes:
        """Return the SHA-256 digest of a model file, which is read only if it is not known."""
        with self._turn():
            identity = Identity.of(model)
            looks = _looks(identity)
            query = "SELECT digest FROM model_file WHERE " + " AND ".join(
                f"{name} = ?" for name in _LOOKS
            )
            if row := self._db.execute(query, looks).fetchone():
                return bytes(row[0])
            with model.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            if identity.settled:
                self._db.execute(
                    "INSERT OR REPLACE INTO model_file VALUES (?, ?, ?, ?, ?, ?)", (*looks, digest)
                )
            return digest

    def facts(self, digest: bytes) -> ModelMetadata | None:
        """Return what a model says about itself, if that is known and still understood."""
        with self._turn(), suppress(ValueError):
            query = "SELECT facts FROM model WHERE digest = ?"
            if row := self._db.execute(query, (digest,)).fetchone():
                return ModelMetadata.from_json(row[0])
        return None

    def learn_facts(self, digest: bytes, name: str, facts: ModelMetadata) -> None:
        """Note what a model says about itself."""
        with self._turn():
            self._db.execute(
                "INSERT OR REPLACE INTO model VALUES (?, ?, ?)", (digest, name, facts.to_json())
            )

    def listener(self, digest: bytes, seconds: float | None) -> int:
        """Return the number of a model that hears so much of each track."""
        key = (digest, "full" if seconds is None else repr(float(seconds)), EAR)
        with self._turn():
            self._db.execute(
                "INSERT OR IGNORE INTO listener (model, seconds, ear) VALUES (?, ?, ?)", key
            )
            query = "SELECT id FROM listener WHERE model = ? AND seconds = ? AND ear = ?"
            return int(self._db.execute(query, key).fetchone()[0])

    # Tracks

    def find(
        self, files: Sequence[tuple[Path, Identity | None]], listener: int
    ) -> list[Heard | None]:
        """Return for each file what is remembered of it; none if it looks different by now.

        The number of a device is not kept by removable and network drives, so a file in its place
        that looks the same otherwise is the same.
        """
        inodes = [_number(i.inode) for _, i in files if i is not None and i.inode]
        query = (
            f"SELECT {', '.join(_LOOKS)}, path, audio, genres, tag_error, {_OPINION}"
            " FROM file JOIN opinion o USING (audio)"
            f" WHERE o.listener = ? AND inode IN ({', '.join('?' * len(inodes))})"
        )
        known: dict[int, list[tuple[Any, ...]]] = {}
        with self._turn():
            for row in self._db.execute(query, (listener, *inodes)):
                known.setdefault(row[0], []).append(row)
        return [
            None if identity is None else _found(path, identity, known) for path, identity in files
        ]

    def learn_opinion(self, audio: bytes, listener: int, opinion: Opinion) -> None:
        """Note an opinion of a recording."""
        self._add(
            "INSERT OR REPLACE INTO opinion VALUES (?, ?, ?, ?, ?, ?)",
            audio,
            listener,
            str(opinion.status),
            opinion.error,
            opinion.seconds,
            array("f", opinion.probabilities).tobytes(),
        )

    def learn_file(
        self,
        path: Path,
        identity: Identity,
        audio: bytes,
        genres: Sequence[str],
        tag_error: str = "",
    ) -> None:
        """Note what a file looks like and holds."""
        if identity.inode:  # some network drives do not tell their files apart
            self._add(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *_looks(identity),
                os.fsencode(path.absolute()),
                audio,
                json.dumps(genres),
                tag_error,
                time.time(),
            )

    def wrote(self, change: Change) -> None:
        """Note what a file looks like after its genre was written."""
        with suppress(OSError, TagError, StateError):  # then it will be looked into again
            identity = Identity.of(change.path)
            genres = read_genres(change.path) if change.meaning is None else change.meaning
            self.learn_file(change.path, identity, change.content.fingerprint, genres)


_LOOKS = ("inode", "device", "size", "mtime_ns", "ctime_ns")


def _looks(identity: Identity) -> tuple[int, ...]:
    return tuple(_number(getattr(identity, name)) for name in _LOOKS)


def _number(value: int) -> int:
    """Return a number as SQLite can hold it; those of some file systems have more bits."""
    return value & (2**63 - 1)


def _found(path: Path, identity: Identity, known: dict[int, list[tuple[Any, ...]]]) -> Heard | None:
    inode, device, *rest = _looks(identity)
    for _, known_device, *row in known.get(inode, ()):
        *looks, place, audio, genres, tag_error = row[:7]
        if looks != rest:
            continue
        if device == known_device or os.fsencode(path.absolute()) == place:
            opinion = _opinion(*row[7:])
            return Heard(
                path,
                tuple(json.loads(genres)),
                None,
                opinion.seconds,
                opinion.status,
                opinion.error or tag_error,
                identity,
                audio,
                opinion.probabilities,
                by_looks=True,
            )
    return None


def _opinion(status: str, error: str, seconds: float, probabilities: bytes) -> Opinion:
    return Opinion(Status(status), error, seconds, tuple(array("f", probabilities)))
