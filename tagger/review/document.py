"""The table of a review on disk: saved whole after each decision, or not at all."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tagger.errors import PathError, reason
from tagger.output.planfile import read_table
from tagger.output.written import digest
from tagger.paths import state_folder

FOLDER = "reviews"


class Document:
    """A table that is being reviewed.

    Its note of how genretag wrote it stays as it is: once it holds decisions, a scan does not
    replace it.

    Attributes:
        table: as it was read.
    """

    def __init__(self, file: Path) -> None:
        """Read the table.

        Raises:
            PathError: it cannot be read as a whole, or lacks a column.
        """
        self.file = file
        self.table = read_table(file)
        self._real = Path(os.path.realpath(file))
        self._digest = digest(self._real)
        name = hashlib.sha256(os.fsencode(self._real)).hexdigest()
        self._bookmark = state_folder() / FOLDER / name

    @property
    def bookmark(self) -> Path | None:
        """The music file that the last review of this table ended at."""
        with suppress(OSError):
            return Path(os.fsdecode(self._bookmark.read_bytes()))
        return None

    def leave_bookmark(self, path: Path) -> None:
        """Note the music file that a review ends at, if the state folder can be used."""
        with suppress(OSError):
            self._bookmark.parent.mkdir(parents=True, exist_ok=True)
            self._bookmark.write_bytes(os.fsencode(path))

    def save(self, changes: Mapping[int, Mapping[str, str]]) -> None:
        """Replace the table in one step by one with these cells.

        Raises:
            PathError: somebody else has changed it, or it cannot be written.
        """
        part = self._real.with_name(f".{self._real.name}.{os.getpid()}")
        try:
            if digest(self._real) != self._digest:
                raise PathError(
                    f"{self.file} was changed by another program. The last decision is not saved;"
                    " start the review again."
                )
            with part.open("wb") as file:
                file.write(self.table.edited(changes).encode())
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(self._real, part)
            part.replace(self._real)
        except OSError as error:
            raise PathError(f"{self.file} cannot be written: {reason(error)}.") from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        self._digest = digest(self._real)
