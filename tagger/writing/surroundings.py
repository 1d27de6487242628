"""What may keep a file from being written besides itself, for runs that write nothing."""

import stat
from contextlib import suppress
from pathlib import Path

from tagger.errors import TagError
from tagger.identity import Identity
from tagger.runtime.space import NO_SPACE, free_bytes
from tagger.writing.permissions import check_permissions, may_write


class Surroundings:
    """The folder of a file, its owner, and free space: what the cache cannot know.

    What holds for many files is asked once; the folder, as long as files of it follow one another.
    """

    def __init__(self, *, strict_owner: bool = False) -> None:
        """Look around.

        Args:
            strict_owner: files are refused whose owner or group cannot be kept.
        """
        self._strict_owner = strict_owner
        self._free: dict[int, float] = {}  # bytes, by device
        self._folder: Path | None = None
        self._locked = self._sticky = False

    def locked(self, folder: Path) -> bool:
        """Tell whether the user may not write in a folder, be it mounted to be read, or another's.

        That is no failure of a dry run, whose results may be for elsewhere.
        """
        if folder != self._folder:
            self._folder, self._locked = folder, not may_write(folder)
            with suppress(OSError):  # it is gone by now
                self._sticky = bool(folder.stat().st_mode & stat.S_ISVTX)
        return self._locked

    def refusal(self, path: Path, identity: Identity | None) -> str:
        """Return why a file could not be written; empty if nothing speaks against it.

        Args:
            path: the file; in a locked folder nothing is refused.
            identity: what it was when it was analysed; None: unknown, so nothing is refused.
        """
        if identity is None or self.locked(path.parent):
            return ""
        if identity.device not in self._free:
            self._free[identity.device] = free_bytes(path)
        if identity.size > self._free[identity.device]:
            return NO_SPACE
        if self._sticky or self._strict_owner:
            try:
                check_permissions(path, strict_owner=self._strict_owner)
            except TagError as error:
                return str(error)
        return ""
