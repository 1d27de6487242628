"""Free space: a write needs as much as the whole file for a while, since it goes to a copy."""

import math
import shutil
from pathlib import Path

NO_SPACE = "could not be written (no space left on device)"


def free_bytes(path: Path) -> float:
    """Return the free space of the file system of a file; infinity where it cannot be asked."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return math.inf
