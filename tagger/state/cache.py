"""Cached predictions, so that nothing is analysed twice.

Two things are kept apart. A *file* is known by its stat key (device, inode, size and times) and has
the fingerprint of its audio and the genres of its tags. A *prediction* belongs to a fingerprint and
to a cache key: a model, how much of each track is analysed, and the version of the analysis. A file
that was moved, copied or tagged anew therefore has its prediction as soon as its fingerprint is
known, and a threshold can change without a new analysis.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

from tagger.errors import StateError, TagError
from tagger.identity import Identity, MusicFile, digest_of
from tagger.state.database import Database
from tagger.state.rows import (
    PREDICTION,
    STAT_KEY,
    TRACK,
    prediction_row,
    read_prediction,
    read_track,
    sqlite_integer,
    stat_key,
)
from tagger.state.schemas import CACHE
from tagger.tracks import PredictedTrack, Prediction, Source, Track

if TYPE_CHECKING:
    from tagger.tags.change import Change

ANALYSIS_VERSION = 5
"""To be raised when decoding, features or voting change in a way that changes predictions."""

_MOST_PENDING = 256  # rows
_LONGEST_PENDING = 1.0  # seconds: what a kill may cost
_READER_TIMEOUT = 5  # seconds to wait for a writer

_PREDICTION_COLUMNS = ", ".join(f"p.{name}" for name in PREDICTION)


@dataclass(frozen=True, kw_only=True)
class CacheKey:
    """What the predictions of one scan depend on besides the audio.

    Attributes:
        id: number of the row in the table `cache_key`.
        labels: how many probabilities a prediction has.
    """

    id: int
    labels: int


@dataclass(frozen=True, kw_only=True)
class CacheLocation:
    """Where the predictions of one scan are; small enough to be sent to other processes."""

    file: Path
    key: CacheKey


class PredictionReader:
    """Looks predictions up by fingerprint, in any process, without ever waiting for long.

    The connection is opened with the first question.
    """

    def __init__(self, location: CacheLocation) -> None:
        """Read the predictions of one scan."""
        self._file = location.file
        self._key = location.key
        self._db: sqlite3.Connection | None = None

    def __call__(self, fingerprint: bytes) -> Prediction | None:
        """Return the prediction for a recording; None if there is none, or it cannot be read."""
        query = (
            f"SELECT {_PREDICTION_COLUMNS} FROM prediction p"
            " WHERE fingerprint = ? AND cache_key = ?"
        )
        with suppress(sqlite3.Error, ValueError):
            if self._db is None:
                self._db = sqlite3.connect(
                    self._file,
                    timeout=_READER_TIMEOUT,
                    isolation_level=None,
                    check_same_thread=False,
                )
            if row := self._db.execute(query, (fingerprint, self._key.id)).fetchone():
                return _fitting(read_prediction(*row), self._key)
        return None

    def close(self) -> None:
        """Close the connection."""
        if self._db is not None:
            self._db.close()
            self._db = None


class Cache(Database):
    """The cache; a context manager that writes what is pending and closes it.

    Rows are collected, and written some at a time or after a second. Any
    thread may use it. Every method raises
    StateError where the file cannot be used: locked for long, damaged, or the disk is full. A row
    that genretag cannot have written is forgotten.
    """

    schema = CACHE

    def __init__(self, folder: Path) -> None:
        """Open the cache in the state folder.

        Raises:
            StateError: it cannot be used, or was made by a newer genretag.
        """
        super().__init__(folder)
        self._pending: list[tuple[str, tuple[object, ...]]] = []
        self._timer: Timer | None = None  # until pending rows are written
        self._failure: StateError | None = None  # of a timer, for who uses the cache next
        with self._turn():
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA cache_size = -512")  # kB: rows are read once

    def __exit__(self, *_: object) -> None:
        with suppress(StateError):  # a caller that wants to know flushes before
            self.flush()
        super().__exit__()

    def flush(self) -> None:
        """Write what is pending."""
        with self._turn():
            pending, self._pending = self._pending, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            if pending:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    for query, values in pending:
                        self._db.execute(query, values)

    def _add(self, query: str, *values: object) -> None:
        with self._lock:
            self._pending.append((query, values))
            if len(self._pending) >= _MOST_PENDING or self._failure is not None:
                self.flush()
            elif self._timer is None:  # the next row may be long in coming
                self._timer = Timer(_LONGEST_PENDING, self._flush_in_time)
                self._timer.daemon = True
                self._timer.start()

    def _flush_in_time(self) -> None:
        with self._lock:
            try:
                self.flush()
            except StateError as error:
                self._failure = error

    # Models

    def digest(self, model: Path) -> bytes:
        """Return the SHA-256 of a model file, which is read only if its stat key is not known."""
        with self._turn():
            identity = Identity.of(model)
            key = stat_key(identity)
            query = "SELECT digest FROM model_file WHERE " + " AND ".join(
                f"{name} = ?" for name in STAT_KEY
            )
            row = self._db.execute(query, key).fetchone()
            if row and isinstance(row[0], bytes) and len(row[0]) == hashlib.sha256().digest_size:
                return row[0]
            digest = digest_of(model)
            if identity.settled:
                self._db.execute(
                    "INSERT OR REPLACE INTO model_file VALUES (?, ?, ?, ?, ?, ?)", (*key, digest)
                )
            return digest

    def key_for(self, model: Path, seconds: float | None, labels: int) -> CacheKey:
        """Return the key of a model that analyses so much of each track.

        Args:
            model: the file.
            seconds: analysed of each track; None: all of it.
            labels: how many the model has.
        """
        digest = self.digest(model)
        key = (digest, "full" if seconds is None else repr(float(seconds)), ANALYSIS_VERSION)
        with self._turn():
            self._db.execute("INSERT OR IGNORE INTO model VALUES (?, ?)", (digest, model.stem))
            self._db.execute(
                "INSERT OR IGNORE INTO cache_key (model, seconds, analysis) VALUES (?, ?, ?)", key
            )
            query = "SELECT id FROM cache_key WHERE model = ? AND seconds = ? AND analysis = ?"
            return CacheKey(id=int(self._db.execute(query, key).fetchone()[0]), labels=labels)

    # Tracks

    def find(self, files: Sequence[MusicFile], key: CacheKey) -> list[PredictedTrack | None]:
        """Return for each file what is cached; None if its stat key is not known.

        Removable and network drives do not keep their device number, so a file at a known path
        whose stat key is the same otherwise counts as the same.
        """
        inodes = [
            sqlite_integer(f.identity.inode) for f in files if f.identity and f.identity.inode
        ]
        query = (
            f"SELECT {', '.join(STAT_KEY)}, path, {', '.join(TRACK)}, {_PREDICTION_COLUMNS}"
            " FROM file JOIN prediction p USING (fingerprint)"
            f" WHERE p.cache_key = ? AND inode IN ({', '.join('?' * len(inodes))})"
        )
        rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        if inodes:
            with self._turn():
                for row in self._db.execute(query, (key.id, *inodes)):
                    rows[row[0]].append(row)
        return [self._match(file, rows, key) for file in files]

    def _match(
        self, file: MusicFile, rows: dict[int, list[tuple[Any, ...]]], key: CacheKey
    ) -> PredictedTrack | None:
        """Return what the row with the stat key of a file says, if there is one."""
        if file.identity is None:
            return None
        inode, device, *rest = stat_key(file.identity)
        for row in rows.get(inode, ()):
            _, row_device, *row_rest = row[: len(STAT_KEY)]
            path, *columns = row[len(STAT_KEY) :]
            track, prediction = columns[: len(TRACK)], columns[len(TRACK) :]
            if row_rest != rest:
                continue
            if device != row_device and os.fsencode(file.path.absolute()) != path:
                continue
            try:
                return PredictedTrack(
                    track=read_track(file, *track),
                    prediction=_fitting(read_prediction(*prediction), key),
                    source=Source.STAT_KEY,
                )
            except ValueError:
                self._forget(inode, row_device, track[0], key)
        return None

    def _forget(self, inode: int, device: int, fingerprint: Any, key: CacheKey) -> None:
        self._add("DELETE FROM file WHERE inode = ? AND device = ?", inode, device)
        self._add(
            "DELETE FROM prediction WHERE fingerprint = ? AND cache_key = ?", fingerprint, key.id
        )

    def store_prediction(self, fingerprint: bytes, key: CacheKey, prediction: Prediction) -> None:
        """Keep the prediction for a recording."""
        self._add(
            "INSERT OR REPLACE INTO prediction VALUES (?, ?, ?, ?, ?, ?, ?)",
            fingerprint,
            key.id,
            *prediction_row(prediction),
        )

    def store_file(self, track: Track) -> None:
        """Keep stat key, fingerprint and genres of a file; one without any of them is left out."""
        identity = track.identity
        if track.fingerprint and identity and identity.inode:  # some network drives have no inodes
            self._add(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *stat_key(identity),
                os.fsencode(track.path.absolute()),
                track.fingerprint,
                json.dumps(track.existing),
                track.tag_error,
                time.time(),
                track.refusal,
                track.genre_source,
            )

    def wrote(self, change: "Change") -> None:
        """Keep the new stat key of a file whose genre was written."""
        from tagger.tags.genre_fields.layouts import open_layout  # only needed after a write

        with suppress(OSError, TagError, StateError):  # the next scan will open the file then
            genres, source = change.meaning, change.source
            if genres is None:
                layout = open_layout(change.path)
                genres, source = layout.genres, layout.source
            self.store_file(
                Track(
                    path=change.path,
                    identity=Identity.of(change.path),
                    fingerprint=change.content.fingerprint,
                    existing=genres,
                    genre_source=source,
                )
            )


def _fitting(prediction: Prediction, key: CacheKey) -> Prediction:
    if len(prediction.probabilities) not in (0, key.labels):
        raise ValueError("there are not as many probabilities as labels")
    return prediction
