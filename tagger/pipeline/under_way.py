"""Which file a scan is waiting for, to be named where it takes long."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

SLOW = 5.0  # seconds after which a file is named


class _OfFile(Protocol):
    @property
    def path(self) -> Path: ...


T = TypeVar("T")
F = TypeVar("F", bound=_OfFile)


class UnderWay:
    """Follows the files into the extraction and out of it, which is in the same order."""

    def __init__(self) -> None:
        self._paths: deque[Path] = deque()
        self._since: float | None = None  # when the wait for the first of them began

    def begun(self, files: Iterable[F]) -> Iterator[F]:
        """Pass files on to the extraction."""
        for file in files:
            self._paths.append(file.path)
            yield file

    def done(self, extracted: Iterable[T]) -> Iterator[T]:
        """Pass on what was extracted."""
        self._since = time.monotonic()
        for one in extracted:
            self._since = None  # until the next one is asked for
            self._paths.popleft()
            yield one
            self._since = time.monotonic()
        self._since = None

    def slow(self) -> Path | None:
        """Return the file that makes the scan wait for long, if one does; any thread may ask."""
        since = self._since
        if since is None or time.monotonic() - since <= SLOW:
            return None
        try:
            return self._paths[0]
        except IndexError:  # just done
            return None
