"""Recordings with a teacher's targets: the data of a pretraining."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError
from trainer.data.dataset import check_strips, expand, read_front_end, read_shrink
from trainer.data.targets import DESCRIPTION_FILE, Targets, load_targets, tracks_digest
from trainer.data.tracks_table import TRACKS_FILE, Row, read_rows


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """The tracks of one prepared data set with targets.

    Attributes:
        folder: The data set.
        front_end: How its strips were made.
        shrink: By how much they are shrunk already.
        rows: The tracks, in the order of the targets.
        targets: What a teacher says of their windows.
    """

    folder: Path
    front_end: FrontEnd
    shrink: int
    rows: tuple[Row, ...]
    targets: Targets

    def split(self, name: str) -> NDArray[np.int_]:
        """Return the indices of the tracks of a split."""
        return np.flatnonzero([row.split == name for row in self.rows])

    def without(self, names: Collection[str]) -> "Recordings":
        """Return the same with no tracks of these full names in any split."""
        rows = (replace(row, split="") if row.full_name in names else row for row in self.rows)
        return replace(self, rows=tuple(rows))

    def load(self, index: int) -> NDArray[np.floating[Any]]:
        """Read the strip `[rows, frames]` of a track, at full resolution."""
        return expand(np.load(self.folder / self.rows[index].file), self.shrink)


def load_recordings(folder: Path) -> Recordings:
    """Read a prepared data set with targets.

    Raises:
        DataError: not a prepared data set, no targets, or targets of other tracks.
    """
    front_end = read_front_end(folder)
    rows = read_rows(folder / TRACKS_FILE)
    targets = load_targets(folder)
    if not fits(targets, rows):
        raise DataError(
            f"{folder} has targets of other tracks than it lists; remove {DESCRIPTION_FILE} and "
            "make them again with 'genretag-train pretrain --teacher'."
        )
    check_strips([folder / row.file for row in rows])
    return Recordings(
        folder=folder,
        front_end=front_end,
        shrink=read_shrink(folder),
        rows=tuple(rows),
        targets=targets,
    )


def fits(targets: Targets, rows: Sequence[Row]) -> bool:
    """Tell whether targets are those of these tracks."""
    same = not targets.tracks or targets.tracks == tracks_digest(row.file for row in rows)
    return same and len(targets.values) == len(rows)
