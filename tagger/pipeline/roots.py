"""The folders of a scan: a disk or share that goes away amid it ends it with one sentence."""

import stat
from collections.abc import Iterable
from pathlib import Path

from tagger.errors import PathError


class Roots:
    """The folders that were named, as they were when the scan began."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Look at the folders among these paths."""
        self._before = {path: place for path in paths if (place := _place(path))}

    def check(self, path: Path) -> None:
        """Find out, after a file of theirs has failed, whether its folder is still the same.

        Each of the files to come would fail in the same way, and say so in a line of its own.

        Raises:
            PathError: it is not there any more, or another one is, as where a share was mounted.
        """
        for root, before in self._before.items():
            if path.is_relative_to(root) and _place(root) != before:
                raise PathError(
                    f"{root} went away while it was scanned. What was finished is kept; the same"
                    " command goes on from there once it is back."
                )


def _place(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a folder; None: there is none, or it cannot be reached."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
