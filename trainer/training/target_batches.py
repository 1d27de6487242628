"""Batches of a pretraining: windows drawn at random, with what a teacher says of them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import WindowGrid
from trainer.data.recordings import Recordings
from trainer.training.augmentation import Array, Augmentation, augment, vary
from trainer.training.batches import Batch, cut_window, prefetched, shrink_strip

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
        self._strips, self._values = [], []
        for index in recordings.split("train"):
            given = recordings.targets.values[index]
            values = given[np.isfinite(given).all(1)].astype(np.float32)
            if len(values):
                self._strips.append(shrink_strip(recordings.load(index), factor))
                self._values.append(values)

    def batch(self, number: int, size: int) -> Batch:
        """Return batch `number` of the run."""
        rng = np.random.default_rng((self._seed, number))
        drawn = [self._draw(rng) for _ in range(size)]
        windows = augment(np.stack([window for window, _ in drawn]), self._augmentation, rng)
        return Batch(
            windows=windows[..., None],
            targets=np.stack([target for _, target in drawn]),
            weights=np.ones(size, np.float32),
        )

    def batches(self, first: int, count: int, size: int) -> Iterator[Batch]:
        """Yield batches `first` to `first + count - 1`, each prepared while the last is used."""
        return prefetched(self.batch, first, count, size)

    def _draw(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw a varied window near one of the teacher's, and its target."""
        index = int(rng.integers(len(self._strips)))
        strip, values = self._strips[index], self._values[index]
        starts = self._starts[: len(values)]
        offset = rng.uniform(-1, 1) * JITTER * self._window
        start = round(float(np.clip(rng.choice(starts) + offset, starts[0], starts[-1])))
        length = self._augmentation.piece(self._window, strip.shape[1] - start, rng)
        piece = cut_window(strip, start, length)
        window = vary(piece, self._window, self._augmentation, rng)
        return window, interpolate(values, starts, start)


def interpolate(values: Array, starts: NDArray[np.floating], start: float) -> Array:
    """Return the target of a window that begins at `start`, between two windows of the teacher.

    Args:
        values: Targets of the teacher's windows, `[windows, outputs]`.
        starts: Where these windows begin, in rising order.
        start: Where the window begins; before the first and after the last it gets theirs.
    """
    above = min(int(np.searchsorted(starts, start)), len(starts) - 1)
    below = max(above - 1, 0)
    span = max(starts[above] - starts[below], 1e-9)
    share = np.float32(np.clip((start - starts[below]) / span, 0, 1))
    mixed: Array = values[below] * (1 - share) + values[above] * share
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
