"""What is in the cache, and making it smaller."""

import os
from dataclasses import dataclass

from tagger.state.cache import ANALYSIS_VERSION
from tagger.state.database import Database
from tagger.state.presence import presence
from tagger.state.schemas import CACHE
from tagger.tracks import Status

_TABLES = ("prediction", "file", "cache_key", "model_file", "model")


@dataclass(frozen=True, kw_only=True)
class CachedModel:
    """A model, how much of each track it analysed, and for how many recordings."""

    name: str
    digest: str  # SHA-256 of the file, hexadecimal
    seconds: str  # or "full"
    predictions: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What is in the cache."""

    file: str
    bytes: int  # on disk
    files: int
    predictions: int
    oldest: float | None  # seconds since 1970, UTC: when a file was stored
    newest: float | None
    models: tuple[CachedModel, ...]


class CacheMaintenance(Database):
    """The cache as its owner sees it."""

    schema = CACHE

    def summary(self) -> Summary:
        """Count what is there.

        Writing a genre gives a file a new inode, so a path may be there twice. A scan that was
        refused leaves a cache key without predictions, which is left out.
        """
        query = (
            "SELECT coalesce(name, ''), lower(hex(k.model)), k.seconds, count(fingerprint)"
            " FROM cache_key k LEFT JOIN model ON digest = k.model"
            " JOIN prediction ON cache_key = k.id GROUP BY k.id"
        )
        with self._turn():
            models = tuple(
                CachedModel(name=str(name), digest=digest, seconds=str(seconds), predictions=count)
                for name, digest, seconds, count in self._db.execute(query)
            )
            files, oldest, newest = self._db.execute(
                "SELECT count(DISTINCT path), min(seen), max(seen) FROM file"
                " WHERE typeof(seen) = 'real'"
            ).fetchone()
            size = sum(part.stat().st_size for part in self.file.parent.glob(f"{self.file.name}*"))
        return Summary(
            file=os.fspath(self.file),
            bytes=size,
            files=files,
            predictions=sum(model.predictions for model in models),
            oldest=oldest,
            newest=newest,
            models=models,
        )

    def prune(self, keep_model: bytes | None) -> tuple[int, int]:
        """Forget files that are gone, and the predictions that no file needs then.

        Files of a disk or network share that is not mounted are not gone.

        Args:
            keep_model: digest of the only model whose predictions stay; None: those of all models.

        Returns:
            How many files and predictions were forgotten.
        """
        with self._turn():
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                # `device` is that of the row with the greatest `seen`, as SQLite promises.
                rows = self._db.execute("SELECT path, device, max(seen) FROM file GROUP BY path")
                found = presence((path, device) for path, device, _ in rows.fetchall())
                # All at once: there is no index of paths, so each by itself would read all rows.
                self._db.execute("CREATE TEMP TABLE gone (path PRIMARY KEY) WITHOUT ROWID")
                self._db.executemany("INSERT INTO gone VALUES (?)", ((p,) for p in found.gone))
                self._db.execute("DELETE FROM file WHERE path IN (SELECT path FROM gone)")
                self._db.execute("DROP TABLE gone")
                # What was at a path before the file that is there now. It need not be the oldest
                # row, since clocks are set back at times.
                self._db.execute("CREATE TEMP TABLE here (path PRIMARY KEY, inode) WITHOUT ROWID")
                self._db.executemany("INSERT INTO here VALUES (?, ?)", found.inodes)
                self._db.execute(
                    "DELETE FROM file WHERE (path, inode) NOT IN (SELECT path, inode FROM here)"
                    " AND path IN (SELECT path FROM file JOIN here USING (path, inode))"
                )
                self._db.execute("DROP TABLE here")
                self._db.execute(
                    "DELETE FROM file WHERE (path, seen) NOT IN"
                    " (SELECT path, max(seen) FROM file GROUP BY path)"
                )
                self._db.execute("DELETE FROM cache_key WHERE analysis != ?", (ANALYSIS_VERSION,))
                if keep_model is not None:
                    self._db.execute("DELETE FROM cache_key WHERE model != ?", (keep_model,))
                    self._db.execute("DELETE FROM model WHERE digest != ?", (keep_model,))
                predictions = self._db.execute(
                    "DELETE FROM prediction WHERE fingerprint NOT IN (SELECT fingerprint FROM file)"
                    " OR cache_key NOT IN (SELECT id FROM cache_key)"
                ).rowcount
            self._shrink()
        return len(found.gone), predictions

    def clear(self) -> None:
        """Forget everything."""
        with self._turn():
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                for table in _TABLES:
                    self._db.execute(f"DELETE FROM {table}")
            self._shrink()

    def clear_failures(self) -> int:
        """Forget the predictions of what could not be read; return of how many recordings."""
        failures = [str(status) for status in Status if status.is_failure]
        marks = ", ".join("?" * len(failures))
        with self._turn(), self._db:
            return self._db.execute(
                f"DELETE FROM prediction WHERE status IN ({marks})", failures
            ).rowcount

    def _shrink(self) -> None:
        """Give the space back to the disk."""
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
