"""What is in the cache, and making it smaller."""

import os
from dataclasses import dataclass

from tagger.state.cache import EAR
from tagger.state.database import StateFile

_TABLES = ("opinion", "file", "listener", "model_file", "model")


@dataclass(frozen=True)
class KnownModel:
    """A model that heard so many seconds of each track, and of how many it has an opinion."""

    name: str
    digest: str
    seconds: str
    opinions: int


@dataclass(frozen=True)
class Summary:
    """What is in the cache."""

    file: str
    bytes: int  # on disk, with the journal
    files: int
    opinions: int
    oldest: float | None  # seconds since 1970, UTC: when a file was noted
    newest: float | None
    models: tuple[KnownModel, ...]


class CacheCare(StateFile):
    """The cache as its owner sees it."""

    def summary(self) -> Summary:
        """Count what is there.

        A file that was written is another one by its inode, so a path may be there twice; and a
        scan that was refused leaves a listener who has heard nothing.
        """
        query = (
            "SELECT coalesce(name, ''), lower(hex(model)), l.seconds, count(audio) FROM listener l"
            " LEFT JOIN model ON digest = model JOIN opinion ON listener = id GROUP BY id"
        )
        with self._turn():
            models = tuple(KnownModel(*row) for row in self._db.execute(query))
            files, oldest, newest = self._db.execute(
                "SELECT count(DISTINCT path), min(seen), max(seen) FROM file"
            ).fetchone()
            size = sum(part.stat().st_size for part in self.file.parent.glob(f"{self.file.name}*"))
        heard = sum(model.opinions for model in models)
        return Summary(os.fspath(self.file), size, files, heard, oldest, newest, models)

    def prune(self, keep_model: bytes | None) -> tuple[int, int]:
        """Forget files that are gone, and the opinions that nothing needs then.

        Args:
            keep_model: the digest of the only model whose opinions stay; None: those of all models.

        Returns:
            How many files and opinions are no longer there.
        """
        with self._turn():
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                paths = self._db.execute("SELECT DISTINCT path FROM file").fetchall()
                gone = [row for row in paths if not os.path.lexists(row[0])]
                self._db.executemany("DELETE FROM file WHERE path = ?", gone)
                self._db.execute(  # what stood in a place before the file that is there now
                    "DELETE FROM file WHERE (path, seen) NOT IN"
                    " (SELECT path, max(seen) FROM file GROUP BY path)"
                )
                self._db.execute("DELETE FROM listener WHERE ear != ?", (EAR,))
                if keep_model is not None:
                    self._db.execute("DELETE FROM listener WHERE model != ?", (keep_model,))
                    self._db.execute("DELETE FROM model WHERE digest != ?", (keep_model,))
                opinions = self._db.execute(
                    "DELETE FROM opinion WHERE audio NOT IN (SELECT audio FROM file)"
                    " OR listener NOT IN (SELECT id FROM listener)"
                ).rowcount
            self._shrink()
        return len(gone), opinions

    def clear(self) -> None:
        """Forget everything but the journal."""
        with self._turn():
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                for table in _TABLES:
                    self._db.execute(f"DELETE FROM {table}")
            self._shrink()

    def _shrink(self) -> None:
        """Give the space back to the disk."""
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
