"""What tells whether a file is still the one that was examined: its stat key, or all its bytes."""

import hashlib
import os
import time
from dataclasses import dataclass, field
from io import IOBase
from pathlib import Path
from typing import Self

SETTLED_NS = 3_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The stat key of a file: what the file system knows about it; links are followed."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    # Time of the last change of content, name or mode, which no program can set back, as some do
    # with the modification time. On Windows it is the time of creation.
    ctime_ns: int = field(default=0, compare=False)

    @classmethod
    def of(cls, path: Path) -> Self:
        """Ask the file system about a file.

        Raises:
            OSError: it is not there, or cannot be reached.
        """
        return cls.from_status(path.stat())

    @classmethod
    def of_open(cls, file: IOBase) -> Self:
        """Ask about a file that is open, whatever stands at its path by now."""
        return cls.from_status(os.fstat(file.fileno()))

    @classmethod
    def from_status(cls, status: os.stat_result) -> Self:
        """Take what is needed from the result of `os.stat` or `os.fstat`."""
        return cls(
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )

    @property
    def settled(self) -> bool:
        """Tell whether the file has been left alone long enough for its stat key to be trusted.

        A younger file may still be being copied. Where times are coarse, as on many USB sticks, it
        may also change once more without a new stat key.
        """
        return not 0 <= time.time_ns() - self.mtime_ns < SETTLED_NS


@dataclass(frozen=True, kw_only=True, slots=True)
class MusicFile:
    """A file as the walk found it."""

    path: Path
    identity: Identity | None  # None: the file system could not be asked; opening will say why


def identity_of(path: Path) -> Identity | None:
    """Return the identity of a file, or None where the file system gives none."""
    try:
        return Identity.of(path)
    except OSError:
        return None


def is_gone(path: Path) -> bool:
    """Tell whether nothing stands at a path, and not merely that its disk or network fails."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # or there is a NUL in it
        return True
    except OSError:
        return False
    return False


def digest_of(path: Path) -> bytes:
    """Return the SHA-256 of all bytes of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
