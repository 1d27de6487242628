"""Free space: a write needs as much as the whole file for a while, since it goes to a copy."""

import math
import os
import shutil
from pathlib import Path

from tagger.identity import Identity

NO_SPACE = "could not be written (no space left on device)"


def free_bytes(path: Path) -> float:
    """Return the free space of the file system of a file; infinity where it cannot be asked."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return math.inf


class FreeSpace:
    """The free space of each file system, which is asked once; for runs that write nothing."""

    def __init__(self) -> None:
        self._free: dict[int, float] = {}  # by device

    def refusal(self, path: Path, identity: Identity | None) -> str:
        """Return why a file could not be written, if its copy would not fit; otherwise "".

        A file system that is mounted to be read has no free space, and is not meant.

        Args:
            path: the file.
            identity: what it was when it was analysed; None: unknown, so nothing is refused.
        """
        if identity is None:
            return ""
        if identity.device not in self._free:
            self._free[identity.device] = free_bytes(path)
        fits = identity.size <= self._free[identity.device]
        return "" if fits or not os.access(path.parent, os.W_OK) else NO_SPACE
