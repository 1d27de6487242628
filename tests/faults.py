"""Interrupt a write at every operation that changes the disk; run by writing/test_safewrite.py.

    python faults.py SONG STATE kill|full [COUNT]

For N = 1, 2, 3 … a child process tags SONG. At the N-th operation that changes the disk, it is
killed halfway through the operation (`kill`) or gets the error that the disk is full (`full`).
Afterwards the song must be the old or the new file, byte by byte, and recovery must leave nothing
behind. With COUNT, that many copies of the song are tagged at once, as by `genretag apply`, and
share commits of the journal and flushes of the folder.
"""

import builtins
import errno
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock
from typing import Any

from tagger.errors import StateError, TagError
from tagger.runtime.threads import in_parallel
from tagger.tags.mutagen_tags import read_genres
from tagger.writing.journal import Journal
from tagger.writing.recovery import recover
from tagger.writing.temporary import TEMPORARY_PREFIX
from tagger.writing.writer import TagWriter

KILLED, NO_JOURNAL, REFUSED, TOLERATED, DONE = (
    9,
    8,
    7,
    1,
    0,
)  # TOLERATED: done in spite of the fault
GENRES = ("Hip-Hop", "Jazz")


class Faults:
    """Counts operations and makes the N-th one fail."""

    def __init__(self, at: int, mode: str) -> None:
        self.left = at
        self.mode = mode
        self._lock = Lock()

    def meet(self, half: Callable[[], object] = lambda: None) -> None:
        """Count an operation; `half` carries out part of it."""
        with self._lock:
            self.left -= 1
            mine = self.left == 0
        if mine:
            half()
            if self.mode == "kill":
                os._exit(KILLED)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def install(self) -> None:
        """Wrap every function that changes the disk."""
        for name in (
            "fsync",
            "replace",
            "rename",
            "chown",
            "chmod",
            "utime",
            "setxattr",
            "truncate",
        ):
            self._wrap(os, name)
        real_open = io.open

        def counting_open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if not set(mode) & set("wxa+") or str(file) == os.devnull:
                return real_open(file, mode, *args, **kwargs)
            self.meet()
            return CountingFile(real_open(file, mode, *args, **kwargs), self)

        builtins.open = io.open = counting_open
        for name in ("begin", "_insert", "mark"):
            self._wrap(Journal, name)

    def _wrap(self, owner: Any, name: str) -> None:
        call = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.meet()
            return call(*args, **kwargs)

        setattr(owner, name, wrapped)


class CountingFile:
    """A file whose writes are counted; one that fails is half done."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file = file
        self._faults = faults

    def write(self, data: bytes) -> int:
        def half() -> None:
            self._file.write(bytes(data)[: len(data) // 2])
            self._file.flush()

        self._faults.meet(half)
        return self._file.write(data)

    def truncate(self, *size: int) -> int:
        self._faults.meet()
        return self._file.truncate(*size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "CountingFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def tag(songs: list[Path], state: Path, at: int, mode: str) -> int:
    """Tag in a child process with a fault; return its exit code."""
    child = os.fork()
    if child == 0:
        with Journal(state) as journal:
            writer = TagWriter(journal, "test")

            def write(song: Path) -> int:
                try:
                    writer.write(song, GENRES)
                except TagError:
                    return REFUSED
                return DONE

            faults = Faults(at, mode)
            faults.install()
            try:
                ended = max(in_parallel(write, songs, Event()))
                os._exit(TOLERATED if ended == DONE and faults.left <= 0 else ended)
            except (OSError, StateError):  # only where the journal cannot be written
                os._exit(NO_JOURNAL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    song, state, mode = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    old = song.read_bytes()
    assert tag([song], state, 10**9, mode) == DONE
    new = song.read_bytes()
    assert read_genres(song) == GENRES
    songs = [song.with_name(f"{number}{song.suffix}") for number in range(count)]

    for at in range(1, 10**6):
        for one in songs:
            one.write_bytes(old)
        shutil.rmtree(state)
        ended = tag(songs, state, at, mode)
        now = [one.read_bytes() for one in songs]
        assert set(now) <= {old, new}, f"neither the old nor the new file after fault {at}"
        if ended == REFUSED:
            assert now.count(old) == 1, f"refused but written after fault {at}"
        if ended in (TOLERATED, DONE):
            assert now.count(old) == 0
        with Journal(state) as journal:
            recover(journal)
            assert not journal.unfinished()
            # What was changed is in the journal, or it could not be undone.
            done = [write.path for run in journal.runs() for write in journal.writes(run.id)]
            written = [one for one, content in zip(songs, now, strict=True) if content == new]
            assert sorted(done) == sorted(written), f"the journal is wrong after fault {at}"
        left = [path for path in song.parent.iterdir() if path.name.startswith(TEMPORARY_PREFIX)]
        assert not left, left
        if ended == DONE:
            break
    print(at - 1)


if __name__ == "__main__":
    main()
