"""Training batches: windows drawn at random from strips, and augmented.

Everything here is numpy, so it is the same for every Keras backend, and every batch depends on
nothing but the seed and its number: a resumed run sees the batches it would have seen.
"""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd, WindowGrid
from trainer.data.dataset import DataSet, Track, class_weights
from trainer.training.augmentation import Augmentation
from trainer.training.variation import Array, augment, lengths, mix, vary

__all__ = ["Array", "Batch", "WindowSampler", "cut", "cut_window", "inputs", "shrink", "shrunk"]

WORKERS = min(8, max(1, (os.cpu_count() or 1) // 2))
"""Threads that prepare batches; the other cores are left to the network."""

Balance = Literal["even", "root", "weights", "none"]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Windows, targets `[batch, outputs]` such as soft labels, and weights `[batch]`.

    Windows are `[batch, bands, frames]`, and `[batch, rows, columns, 1]` for a network.
    """

    windows: Array
    targets: Array
    weights: Array


def cut(
    strips: Sequence[NDArray[Any]], starts: NDArray[np.int_], frames: NDArray[np.int_]
) -> Array:
    """Cut a piece out of each strip `[bands, frames]`, repeating one that is too short.

    Returns:
        `[batch, bands, longest]`, zero behind a piece that is shorter than the longest.
    """
    pieces = np.zeros((len(strips), len(strips[0]), frames.max()), np.float32)
    for piece, strip, start, length in zip(
        pieces, strips, starts.tolist(), frames.tolist(), strict=True
    ):
        part = strip[:, start : start + length]
        if part.shape[1] < length:
            part = np.pad(part, ((0, 0), (0, length - part.shape[1])), mode="wrap")
        piece[:, :length] = part
    return pieces


def cut_window(strip: NDArray[Any], start: int, window: int) -> Array:
    """Cut `[bands, window]` frames out of a strip, repeating one that is too short."""
    piece: Array = cut([strip], np.array([start]), np.array([window]))[0]
    return piece


def inputs(strip: NDArray[Any], front_end: FrontEnd) -> Array:
    """Cut a strip into what a deployed network takes at once, `[batch, rows, frames, 1]`.

    It holds the whole windows of the strip, in one piece or one by one; one that is shorter than
    a window is repeated.
    """
    grid = front_end.grid
    if not front_end.takes_strips:
        return np.stack(whole_windows(strip, grid))[..., None]
    return grid.whole(_at_least(strip, grid.window))[None, ..., None]


def whole_windows(strip: NDArray[Any], grid: WindowGrid) -> list[Array]:
    """Divide a strip into its windows `[rows, frames]`; one that is shorter is repeated."""
    return grid.pieces(_at_least(strip, grid.window), 1)


def _at_least(strip: NDArray[Any], window: int) -> Array:
    """Return a strip, repeated if it is shorter than a window."""
    return cut_window(strip, 0, max(strip.shape[1], window))


def shrink(windows: Array, factor: int) -> Array:
    """Average over squares of `factor` × `factor` cells, `[..., bands, frames]`.

    VGG16 on half the bands and frames costs a quarter of the time and learns most of what it
    needs; a fit on full windows that starts from its weights then finishes the work.
    """
    if factor == 1:
        return windows
    *batch, bands, frames = windows.shape
    squares = windows.reshape(*batch, bands // factor, factor, frames // factor, factor)
    means: Array = squares.mean((-3, -1), dtype=np.float32)
    return means


def shrink_strip(strip: NDArray[Any], factor: int) -> NDArray[Any]:
    """Average a strip `[bands, frames]` over squares, without the frames that fill no square.

    A strip is kept in the type that it is stored in, since all strips of a training are in memory.
    """
    if factor == 1:
        return np.asarray(strip)  # slices of a memory map take ten times as long
    frames = strip.shape[1] // factor * factor
    return shrink(strip[:, :frames], factor).astype(strip.dtype)


def shrunk(batch: Batch, factor: int) -> Batch:
    """Return a batch as a network takes it, windows `[batch, rows, columns, 1]`."""
    return replace(batch, windows=shrink(batch.windows, factor)[..., None])


def prefetched(
    batch: Callable[[int, int], Batch], first: int, count: int, size: int
) -> Iterator[Batch]:
    """Yield batches `first` to `first + count - 1`, prepared by threads while others are used.

    A batch depends on nothing but its number, so any number of them can be made at a time.
    """
    pool = ThreadPoolExecutor(WORKERS)
    try:
        yield from ahead(lambda n: pool.submit(batch, n, size), first, count, 2 * WORKERS)
    finally:
        pool.shutdown(cancel_futures=True)


def ahead(
    submit: Callable[[int], Future[Batch]], first: int, count: int, depth: int
) -> Iterator[Batch]:
    """Yield batches `first` to `first + count - 1`, of which `depth` are under way or ready."""
    numbers = iter(range(first, first + count))
    under_way = deque(submit(number) for number in islice(numbers, depth))
    try:
        while under_way:
            ready = under_way.popleft().result()
            under_way.extend(submit(number) for number in islice(numbers, 1))
            yield ready
    finally:
        for future in under_way:
            future.cancel()


def draw_probabilities(
    tracks: Sequence[Track], balance: Balance, shares: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return how likely each track is drawn, `[tracks]`, see `WindowSampler`."""
    sources = np.array([track.source if track.source in shares else "" for track in tracks])
    kinds = [(source, track.genre) for source, track in zip(sources, tracks, strict=True)]
    counts = Counter(kinds)
    power = {"even": 1.0, "root": 0.5}.get(balance, 0.0)
    odds = np.array([counts[kind] ** -power for kind in kinds])
    for name, share in {**shares, "": 1 - sum(shares.values())}.items():
        part = sources == name
        odds[part] *= share / max(odds[part].sum(), 1e-9)
    return np.asarray(odds / odds.sum())


class WindowSampler:
    """Draws batches of augmented windows from the training tracks.

    Strips are shrunk when they are read, and augmented at that resolution.

    With balance "even" every genre of a data set is drawn equally often, with "root" in proportion
    to the square root of its tracks, so that a genre of one track is not drawn a hundred times as
    often as any other track; with "weights" every track is drawn equally often, and rare genres
    weigh more in the loss. `shares` gives data sets, by name, a share of all windows; the others
    have what is left. `strips` of each track, where they are given, are drawn from in place of its
    own.
    """

    def __init__(
        self,
        data: DataSet,
        tracks: Sequence[Track],
        grid: WindowGrid,
        augmentation: Augmentation,
        *,
        balance: Balance = "even",
        seed: int = 0,
        factor: int = 1,
        shares: Mapping[str, float] = MappingProxyType({}),
        strips: Sequence[Sequence[NDArray[Any]]] | None = None,
    ) -> None:
        self.grid = WindowGrid(grid.window // factor, grid.hop // factor)
        self.augmentation = augmentation.scaled(factor)
        self.balance = balance
        self.seed = seed
        self.n_labels = len(data.labels)
        of_tracks = strips or [
            [shrink_strip(strip, factor) for strip in track.load()] for track in tracks
        ]
        self._strips = list(chain.from_iterable(of_tracks))
        self._frames = np.array([strip.shape[1] for strip in self._strips])
        # Of each strip, to its track: its targets, and how likely the track is drawn.
        self._owners = np.repeat(np.arange(len(of_tracks)), list(map(len, of_tracks)))
        odds = draw_probabilities(tracks, balance, shares)[self._owners] * self._odds_in_track()
        sums = np.cumsum(odds)
        self._cumulative = sums / sums[-1]  # exactly 1 at the end: every number finds a strip
        self._targets = np.stack([data.probabilities(track) for track in tracks])
        self._weights = (
            class_weights(tracks, data.labels)
            if balance == "weights"
            else np.ones(self.n_labels, np.float32)
        )

    def batch(self, number: int, size: int) -> Batch:
        """Return batch `number` of the run."""
        rng = np.random.default_rng((self.seed, number))
        window, step = self.grid.window, self.grid.step
        drawn = np.searchsorted(self._cumulative, rng.random(size), side="right")
        strips = [self._strips[index] for index in drawn]
        taken = lengths(self._frames[drawn], window, self.augmentation, rng)
        rooms = np.maximum(self._frames[drawn] - taken, 0) // step
        starts = rng.integers(rooms + 1) * step
        windows = vary(cut(strips, starts, taken), taken, window, self.augmentation, rng)
        targets = self._targets[self._owners[drawn]]
        windows, targets = mix(windows, targets, self.augmentation.mixup, rng)
        return Batch(
            windows=augment(windows, self.augmentation, rng),
            targets=targets,
            weights=targets @ self._weights,
        )

    def batches(self, first: int, count: int, size: int) -> Iterator[Batch]:
        """Yield batches `first` to `first + count - 1`, each prepared while others are used."""
        return prefetched(self.batch, first, count, size)

    def _odds_in_track(self) -> NDArray[np.float64]:
        """Return how likely each strip is drawn among those of its track, `[strips]`."""
        starts = np.maximum(self._frames - self.grid.window, 0) + 1
        # A long strip has more to show than a short one, but its windows resemble each other.
        odds = np.sqrt(starts + self.grid.hop)
        found: NDArray[np.float64] = odds / np.bincount(self._owners, odds)[self._owners]
        return found
