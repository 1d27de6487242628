"""What tells whether a file is still the one that was looked at."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

SETTLED_NS = 3_000_000_000


@dataclass(frozen=True)
class Identity:
    """A file as the file system knows it; links are followed."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    # When anything about it changed, a name or a mode too: no program can set this back, which some
    # do with the modification time. (Windows has the time of its creation here.)
    ctime_ns: int = field(default=0, compare=False)

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file.

        Raises:
            OSError: it is not there.
        """
        status = path.stat()
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )

    @property
    def settled(self) -> bool:
        """Tell whether the file has been left alone long enough to be known by its looks.

        A younger one may still be being copied; and where times are coarse, as on many USB sticks,
        it may change once more without looking different.
        """
        return not 0 <= time.time_ns() - self.mtime_ns < SETTLED_NS
