"""Training batches: windows drawn at random from strips, and augmented.

Everything here is numpy, so it is the same for every Keras backend, and every batch depends on
nothing but the seed and its number: a resumed run sees the batches it would have seen.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd, WindowGrid
from trainer.data.dataset import DataSet, Track, class_weights

Array = NDArray[np.float32]
Balance = Literal["even", "root", "weights", "none"]


LOW_PASS = (0.6, 0.95)
"""Where a low-pass filter begins, as a share of the bands."""


@dataclass(frozen=True)
class Augmentation:
    """What is done to a window before the network sees it; the defaults suit log-mel."""

    mixup: float = 0.4  # parameter of the Beta distribution; 0: off (Zhang et al. 2018)
    masks: int = 1  # of each kind (SpecAugment, Park et al. 2019)
    mask_bands: int = 20  # widest mask over mel bands
    mask_frames: int = 20  # widest mask over frames
    shift_bands: float = 3.0  # furthest shift along the mel axis, a cheap change of pitch
    stretch_bands: float = 0.0  # the mel axis is stretched by 1 ± this
    stretch_frames: float = 0.0  # and time, as far as the strip has the frames
    equaliser: float = 0.0  # deviation of each of the slow waves over the bands that are added
    gain: float = 0.2  # contrast is scaled by 1 ± this
    low_pass: float = 0.0  # share of windows that lose their highest bands, as in low bit rates
    noise: float = 0.1  # standard deviation of added noise

    @classmethod
    def off(cls) -> "Augmentation":
        """Leave windows as they are."""
        return cls(**dict.fromkeys((field.name for field in fields(cls)), 0))

    def scaled(self, shrink: int) -> "Augmentation":
        """Return the same for windows of which squares of `shrink` × `shrink` cells are averaged."""
        return replace(
            self,
            mask_bands=self.mask_bands // shrink,
            mask_frames=self.mask_frames // shrink,
            shift_bands=self.shift_bands / shrink,
            noise=self.noise / shrink,
        )

    @classmethod
    def strong(cls) -> "Augmentation":
        """Vary much, where there are few recordings to learn from."""
        return cls(
            masks=2,
            shift_bands=5,
            stretch_bands=0.08,
            stretch_frames=0.2,
            equaliser=0.2,
            low_pass=0.15,
        )


@dataclass(frozen=True)
class Batch:
    """Windows, soft labels `[batch, labels]`, weights `[batch]`.

    Windows are `[batch, bands, frames]`, and `[batch, rows, columns, 1]` for a network.
    """

    windows: Array
    targets: Array
    weights: Array


def cut_window(strip: NDArray[Any], start: int, window: int) -> Array:
    """Cut `[bands, window]` frames out of a strip, repeating one that is too short."""
    piece = strip[:, start : start + window].astype(np.float32)
    if piece.shape[1] < window:
        piece = np.pad(piece, ((0, 0), (0, window - piece.shape[1])), mode="wrap")
    return piece


def inputs(strip: NDArray[Any], front_end: FrontEnd) -> Array:
    """Cut a strip into what a deployed network takes at once, `[batch, rows, frames, 1]`.

    It holds the whole windows of the strip, in one piece or one by one; one that is shorter than
    a window is repeated.
    """
    grid = front_end.grid
    whole = grid.whole(cut_window(strip, 0, max(strip.shape[1], grid.window)))
    pieces = [whole] if front_end.takes_strips else grid.pieces(whole, 1)
    return np.stack(pieces)[..., None]


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
    frames = strip.shape[1] // factor * factor
    return shrink(strip[:, :frames], factor).astype(strip.dtype) if factor > 1 else strip


def shrunk(batch: Batch, factor: int) -> Batch:
    """Return a batch as a network takes it, windows `[batch, rows, columns, 1]`."""
    return replace(batch, windows=shrink(batch.windows, factor)[..., None])


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
    have what is left.
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
    ) -> None:
        self.grid = WindowGrid(grid.window // factor, grid.hop // factor)
        self.augmentation = augmentation.scaled(factor)
        self.balance = balance
        self.seed = seed
        self.n_labels = len(data.labels)
        self._strips = [[shrink_strip(strip, factor) for strip in track.load()] for track in tracks]
        self._targets = np.array([data.target(track) for track in tracks])
        self._odds = draw_probabilities(tracks, balance, shares)
        self._weights = (
            class_weights(tracks, data.labels)
            if balance == "weights"
            else np.ones(self.n_labels, np.float32)
        )

    def batch(self, number: int, size: int) -> Batch:
        """Return batch `number` of the run."""
        rng = np.random.default_rng((self.seed, number))
        drawn = [self._draw(rng) for _ in range(size)]
        windows = np.stack([window for window, _ in drawn])
        targets = np.eye(self.n_labels, dtype=np.float32)[[target for _, target in drawn]]
        windows, targets = _mix(windows, targets, self.augmentation.mixup, rng)
        for window in windows:
            _mask(window, self.augmentation, rng)
        if self.augmentation.noise:
            noise = rng.standard_normal(windows.shape, dtype=np.float32)
            windows += np.float32(self.augmentation.noise) * noise
        return Batch(windows, targets, targets @ self._weights)

    def batches(self, first: int, count: int, size: int) -> Iterator[Batch]:
        """Yield batches `first` to `first + count - 1`, each prepared while the last is used."""
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self.batch, first, size)
            for number in range(first + 1, first + count + 1):
                ready = ahead.result()
                if number < first + count:
                    ahead = pool.submit(self.batch, number, size)
                yield ready

    def _draw(self, rng: np.random.Generator) -> tuple[Array, int]:
        """Draw a varied window and its label."""
        index = int(rng.choice(len(self._strips), p=self._odds))
        strips = self._strips[index]
        starts = np.array([max(strip.shape[1] - self.grid.window, 0) + 1 for strip in strips])
        # A long strip has more to show than a short one, but its windows resemble each other.
        share = np.sqrt(starts + self.grid.hop)
        strip = strips[int(rng.choice(len(strips), p=share / share.sum()))]
        stretch = rng.uniform(-1, 1) * self.augmentation.stretch_frames
        length = round(self.grid.window * (1 + stretch))
        if length > strip.shape[1]:
            length = self.grid.window
        start = int(rng.integers(max(strip.shape[1] - length, 0) + 1))
        piece = cut_window(strip, start, length)
        return _vary(piece, self.grid.window, self.augmentation, rng), int(self._targets[index])


def _vary(piece: Array, frames: int, augmentation: Augmentation, rng: np.random.Generator) -> Array:
    """Stretch a piece to a window, stretch and shift its bands, equalise, scale the contrast."""
    n_bands = piece.shape[0]
    bands = np.arange(n_bands, dtype=np.float32)
    centre = (n_bands - 1) / 2
    scale = 1 + rng.uniform(-1, 1) * augmentation.stretch_bands
    shift = rng.uniform(-1, 1) * augmentation.shift_bands
    window = _resample(piece, (bands - centre) * scale + centre + shift)
    if piece.shape[1] != frames:
        window = _resample(window.T, np.linspace(0, piece.shape[1] - 1, frames)).T
    if augmentation.low_pass and rng.random() < augmentation.low_pass:
        window[int(n_bands * rng.uniform(*LOW_PASS)) :] = window.min()
    if augmentation.equaliser:
        waves = np.cos(np.pi * np.outer(bands / n_bands, np.arange(1, 4)))
        curve = waves @ rng.normal(0, augmentation.equaliser, waves.shape[1])
        window = window + curve[:, None].astype(np.float32)
    return window * np.float32(1 + rng.uniform(-1, 1) * augmentation.gain)


def _resample(rows: Array, places: NDArray[Any]) -> Array:
    """Return rows at fractional places, between the two rows around each; edges are repeated."""
    places = np.clip(places, 0, len(rows) - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, len(rows) - 1)
    share = (places - below).astype(np.float32)[:, None]
    mixed: Array = rows[below] * (1 - share) + rows[above] * share
    return mixed


def _mix(
    windows: Array, targets: Array, alpha: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Blend every window and its label with another of the batch (mixup)."""
    if not alpha:
        return windows, targets
    share = rng.beta(alpha, alpha, len(windows)).astype(np.float32)
    partner = rng.permutation(len(windows))
    mixed = share[:, None, None] * windows + (1 - share)[:, None, None] * windows[partner]
    return mixed, share[:, None] * targets + (1 - share)[:, None] * targets[partner]


def _mask(window: Array, augmentation: Augmentation, rng: np.random.Generator) -> None:
    """Set runs of bands and runs of frames to the mean, in place."""
    bands, frames = window.shape
    kinds = (bands, augmentation.mask_bands, window), (frames, augmentation.mask_frames, window.T)
    for length, widest, view in kinds * augmentation.masks:
        width = int(rng.integers(min(widest, length) + 1))
        start = int(rng.integers(length - width + 1))
        view[start : start + width] = 0
