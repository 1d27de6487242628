"""The work of `genretag cache`: what is in it, and making it smaller."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tagger.errors import ExitCode, GenretagError, ModelError
from tagger.output.console import ask, count_of, printable, show_table
from tagger.state.cache import EAR, Cache
from tagger.state.database import StateFile, state_folder
from tagger.state.lock import only_writer

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


@contextmanager
def _changing() -> Iterator[CacheCare]:
    with only_writer(state_folder()), CacheCare(state_folder()) as care:
        yield care


def run_info(*, as_json: bool) -> ExitCode:
    """Show what is in the cache."""
    with CacheCare(state_folder()) as care:
        summary = care.summary()
    if as_json:
        print(json.dumps(asdict(summary)))
        return ExitCode.DONE
    print(f"{count_of(summary.files, 'file')}, {count_of(summary.opinions, 'opinion')}")
    if summary.oldest is not None and summary.newest is not None:
        print(f"noted between {_when(summary.oldest)} and {_when(summary.newest)}")
    print(f"{summary.bytes / 1e6:.1f} MB, with the journal, in {printable(summary.file)}")
    if summary.models:
        print()
        show_table(
            ("model", "digest", "seconds", "opinions"),
            (
                (printable(m.name), m.digest[:12], m.seconds, str(m.opinions))
                for m in summary.models
            ),
        )
    return ExitCode.DONE


def run_prune(only_model: Path | None) -> ExitCode:
    """Forget what is gone, and other models than this one, if one is given.

    Raises:
        ModelError: there is no such model file.
    """
    if only_model is not None and not only_model.is_file():
        raise ModelError(f"There is no model file {only_model}.")
    with _changing() as care:
        keep = None
        if only_model is not None:
            with Cache(state_folder()) as cache:
                keep = cache.digest(only_model)
        files, opinions = care.prune(keep)
    _say_forgotten(files, opinions)
    return ExitCode.DONE


def run_clear(*, yes: bool) -> ExitCode:
    """Forget everything, after asking.

    Raises:
        GenretagError: there is no terminal to ask on and no `--yes`.
    """
    with _changing() as care:
        known = care.summary()
        if not yes:
            if not sys.stdin.isatty():
                raise GenretagError("There is nobody to ask; say --yes to clear without asking.")
            files = count_of(known.files, "file")
            if not ask(f"Forget what was heard of {files}? The journal stays."):
                return ExitCode.DONE
        care.clear()
    _say_forgotten(known.files, known.opinions)
    return ExitCode.DONE


def _say_forgotten(files: int, opinions: int) -> None:
    print(f"{count_of(files, 'file')} and {count_of(opinions, 'opinion')} forgotten")


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
