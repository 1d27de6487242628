"""Soft labels: how likely each genre is for tracks whose genre nobody named.

`genretag-train label` writes them into a prepared data set as `soft_labels.csv`, one row a track in
the order of its `tracks.csv`, one column a genre. Learning the answers of trained networks to music
without labels is self-training with soft pseudo-labels (Xie et al. 2020, Chen et al. 2020).
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError, reason
from trainer.files import whole

SOFT_LABELS_FILE = "soft_labels.csv"


@dataclass(frozen=True, kw_only=True)
class SoftLabels:
    """Probabilities of genres for the tracks of a prepared data set.

    Attributes:
        labels: The genres.
        files: The strips of the tracks, relative to the folder, in the order of `tracks.csv`.
        values: Probabilities `[tracks, labels]`; each row adds up to 1.
    """

    labels: tuple[str, ...]
    files: tuple[str, ...]
    values: NDArray[np.float32]

    def save(self, folder: Path) -> None:
        """Write `soft_labels.csv`.

        Raises:
            DataError: it cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("file", *self.labels))
        for file, row in zip(self.files, self.values, strict=True):
            writer.writerow((file, *(f"{value:.4f}" for value in row)))
        with whole(folder / SOFT_LABELS_FILE) as stream:
            stream.write(text.getvalue().encode("utf-8", "surrogateescape"))


def load_soft_labels(folder: Path) -> SoftLabels | None:
    """Read the soft labels of a prepared data set, if it has any.

    Raises:
        DataError: they are damaged.
    """
    table = folder / SOFT_LABELS_FILE
    if not table.exists():
        return None
    try:
        with table.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            (_, *labels), *lines = csv.reader(file)
        values = np.array([line[1:] for line in lines], np.float32).reshape(-1, len(labels))
    except OSError as error:
        raise DataError(f"{table} cannot be read ({reason(error)}).") from None
    except (ValueError, csv.Error):
        values, lines, labels = np.zeros((0, 0), np.float32), [], []
    sums = values.sum(1, keepdims=True)
    if not values.size or not np.isfinite(values).all() or (values < 0).any() or (sums <= 0).any():
        raise DataError(f"{table} is damaged; make it again with 'genretag-train label'.")
    return SoftLabels(
        labels=tuple(labels), files=tuple(line[0] for line in lines), values=values / sums
    )
