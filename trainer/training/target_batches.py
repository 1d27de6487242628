"""Batches of a pretraining: windows drawn at random, with what a teacher says of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import WindowGrid
from trainer.data.recordings import Recordings
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Batch, cut, cut_window, prefetched, shrink_strip
from trainer.training.variation import Array, augment, lengths, vary

JITTER = 0.25  # of a window: how far windows of a training may begin from those of the teacher


class TargetSampler:
    """Draws batches of augmented windows and their targets from the training recordings.

    Strips are shrunk by `factor` when they are read, and augmented at that resolution.
    """

    def __init__(
        self,
        recordings: Recordings,
        grid: WindowGrid,
        augmentation: Augmentation,
        *,
        seed: int = 0,
        factor: int = 1,
    ) -> None:
        self._window = grid.window // factor
        self._augmentation = augmentation.scaled(factor)
        self._seed = seed
        self._starts = np.array(recordings.targets.starts) * recordings.shrink / factor
        self._strips, of_strips = [], []
        for index in recordings.split("train"):
            given = recordings.targets.values[index]
            values = given[np.isfinite(given).all(1)].astype(np.float32)
            if len(values):
                self._strips.append(shrink_strip(recordings.load(index), factor))
                of_strips.append(values)
        self._frames = np.array([strip.shape[1] for strip in self._strips])
        self._counts = np.array([len(values) for values in of_strips])
        self._first = np.cumsum(self._counts) - self._counts
        self._values = np.concatenate(of_strips)

    def batch(self, number: int, size: int) -> Batch:
        """Return batch `number` of the run: varied windows near those of the teacher."""
        rng = np.random.default_rng((self._seed, number))
        window = self._window
        drawn = rng.integers(len(self._strips), size=size)
        counts = self._counts[drawn]
        near = self._starts[rng.integers(counts)] + rng.uniform(-1, 1, size) * JITTER * window
        starts = np.rint(np.clip(near, self._starts[0], self._starts[counts - 1])).astype(int)
        taken = lengths(self._frames[drawn] - starts, window, self._augmentation, rng)
        pieces = cut([self._strips[index] for index in drawn], starts, taken)
        windows = augment(
            vary(pieces, taken, window, self._augmentation, rng), self._augmentation, rng
        )
        return Batch(
            windows=windows[..., None],
            targets=interpolate(self._values, self._first[drawn], counts, self._starts, starts),
            weights=np.ones(size, np.float32),
        )

    def batches(self, first: int, count: int, size: int) -> Iterator[Batch]:
        """Yield batches `first` to `first + count - 1`, each prepared while others are used."""
        return prefetched(self.batch, first, count, size)


def interpolate(
    values: Array,
    first: NDArray[np.int_],
    counts: NDArray[np.int_],
    teacher: NDArray[np.floating],
    starts: NDArray[Any],
) -> Array:
    """Return the targets of windows that begin between two windows of the teacher.

    Args:
        values: Targets of the teacher's windows of all strips, `[windows, outputs]`.
        first: Which of them is the first of each window's strip, `[batch]`.
        counts: How many of them that strip has, `[batch]`.
        teacher: Where the teacher's windows begin in any strip, in rising order.
        starts: Where the windows begin, `[batch]`; one before the first of the teacher's or after
            the last gets the targets of that.
    """
    below = np.clip(np.searchsorted(teacher, starts, side="right"), 1, counts) - 1
    above = np.minimum(below + 1, counts - 1)
    span = np.maximum(teacher[above] - teacher[below], 1e-9)
    share = np.clip((starts - teacher[below]) / span, 0, 1).astype(np.float32)[:, None]
    mixed: Array = values[first + below] * (1 - share) + values[first + above] * share
    return mixed


def validation_batch(recordings: Recordings, grid: WindowGrid, factor: int) -> Batch | None:
    """Return every second window that the teacher saw of the validation recordings, unchanged."""
    window = grid.window // factor
    starts = np.array(recordings.targets.starts) * recordings.shrink / factor
    windows, targets = [], []
    for index in recordings.split("valid"):
        strip = shrink_strip(recordings.load(index), factor)
        for start, target in zip(starts[::2], recordings.targets.values[index][::2], strict=True):
            if np.isfinite(target).all():
                windows.append(cut_window(strip, round(start), window))
                targets.append(target.astype(np.float32))
    if not windows:
        return None
    weights = np.ones(len(windows), np.float32)
    return Batch(windows=np.stack(windows)[..., None], targets=np.stack(targets), weights=weights)
