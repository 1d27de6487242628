"""What is done to training windows before the network sees them.

Every operation is one of a whole batch, `[batch, bands, frames]`, as far as NumPy has it: NumPy
lets go of Python's lock meanwhile, so threads draw batches side by side.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from trainer.training.augmentation import Augmentation

Array = NDArray[np.float32]

NOISE_NUMBERS = 1 << 21
"""Far more than a window has, so that hardly two windows get the same noise."""

LOW_PASS = (0.6, 0.95)
"""Range of the cut-off of a low-pass filter, as a share of the bands."""

WAVES = 3
"""Slow waves over the bands that an equaliser is made of."""

ERASED = (0.02, 0.2)
"""Range of the area of an erased rectangle, as a share of the window."""
ERASED_RATIO = 3.0
"""Height to width of the tallest one; the widest has the reciprocal."""


def lengths(
    strips: NDArray[np.int_], window: int, augmentation: Augmentation, rng: np.random.Generator
) -> NDArray[np.int_]:
    """Draw how many frames of strips of so many frames are stretched to a window, `[batch]`."""
    drawn = np.rint(window * (1 + _spread(len(strips), rng) * augmentation.stretch_frames))
    return np.where(drawn > strips, window, drawn).astype(int)


def vary(
    pieces: Array,
    lengths: NDArray[np.int_],
    frames: int,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Array:
    """Stretch pieces to windows, stretch and shift their bands, equalise, scale the contrast.

    Args:
        pieces: `[batch, bands, longest]`; they may be changed.
        lengths: How many frames each piece has, `[batch]`.
        frames: How many each window shall have.
        augmentation: How much to vary.
        rng: What draws.

    Returns:
        Windows `[batch, bands, frames]`.
    """
    size, n_bands, _ = pieces.shape
    windows = pieces
    if augmentation.turn or (lengths != frames).any():
        turns = np.rint(_spread(size, rng) * augmentation.turn * frames)
        times = (np.arange(frames) - turns[:, None]) % frames
        steps = (lengths - 1) / max(frames - 1, 1)
        # Rows are copied as a whole, which is far quicker than cells here and there.
        windows = _resampled(windows.swapaxes(1, 2), times * steps[:, None]).swapaxes(1, 2)
    if augmentation.stretch_bands or augmentation.shift_bands:
        scales = 1 + _spread(size, rng) * augmentation.stretch_bands
        shifts = _spread(size, rng) * augmentation.shift_bands
        centred = np.arange(n_bands) - (n_bands - 1) / 2
        places = scales[:, None] * centred + (n_bands - 1) / 2 + shifts[:, None]
        windows = _resampled(windows, places)
    if augmentation.low_pass:
        for number in np.flatnonzero(rng.random(size) < augmentation.low_pass):
            window = windows[number]
            window[int(n_bands * rng.uniform(*LOW_PASS)) :] = window.min()
    if augmentation.equaliser:
        waves = np.cos(np.pi * np.outer(np.arange(1, WAVES + 1), np.arange(n_bands) / n_bands))
        curves = rng.normal(0, augmentation.equaliser, (size, WAVES)) @ waves
        windows += curves.astype(np.float32)[..., None]
    if augmentation.gain:
        gains = 1 + _spread(size, rng) * augmentation.gain
        windows *= gains.astype(np.float32)[:, None, None]
    return windows


def mix(
    windows: Array, targets: Array, alpha: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Blend every window and its label with another of the batch (mixup)."""
    if not alpha:
        return windows, targets
    share = rng.beta(alpha, alpha, len(windows)).astype(np.float32)
    partner = rng.permutation(len(windows))
    mixed = windows[partner]
    mixed -= windows
    mixed *= (1 - share)[:, None, None]
    mixed += windows
    return mixed, share[:, None] * targets + (1 - share)[:, None] * targets[partner]


def augment(windows: Array, augmentation: Augmentation, rng: np.random.Generator) -> Array:
    """Mask windows, erase parts and add noise, in place."""
    size, bands, frames = windows.shape
    kinds = (
        (bands, augmentation.mask_bands, windows),
        (frames, augmentation.mask_frames, windows.swapaxes(1, 2)),
    )
    for length, widest, lines in kinds * augmentation.masks:
        mask(lines, min(widest, length), augmentation.masked, rng)
    if augmentation.erase:
        for number in np.flatnonzero(rng.random(size) < augmentation.erase):
            erase(windows[number], augmentation.masked, rng)
    if augmentation.noise:
        numbers = noise(augmentation.noise)
        at_once = max(len(numbers) // 2 // (bands * frames), 1)
        for first in range(0, size, at_once):
            part = windows[first : first + at_once]
            start = int(rng.integers(len(numbers) - part.size, endpoint=True))
            part += numbers[start : start + part.size].reshape(part.shape)
    return windows


def mask(lines: Array, widest: int, value: float, rng: np.random.Generator) -> None:
    """Set a run of at most so many lines of each window to a value, in place."""
    widths: NDArray[np.int_] = rng.integers(widest, endpoint=True, size=len(lines))
    starts: NDArray[np.int_] = rng.integers(lines.shape[1] - widths, endpoint=True)
    places = np.arange(lines.shape[1]) - starts[:, None]
    hidden = (places >= 0) & (places < widths[:, None])
    np.copyto(lines, np.float32(value), where=hidden[..., None])


def erase(window: Array, value: float, rng: np.random.Generator) -> None:
    """Set a rectangle of some of the area to a value, in place."""
    rows, columns = window.shape
    area = rng.uniform(*ERASED) * rows * columns
    height = np.sqrt(area * np.exp(rng.uniform(-1, 1) * np.log(ERASED_RATIO)))
    high, wide = min(rows, round(height)), min(columns, round(area / height))
    top, left = rng.integers(rows - high + 1), rng.integers(columns - wide + 1)
    window[top : top + high, left : left + wide] = value


@cache
def noise(deviation: float) -> Array:
    """Return normal numbers to cut noise from: to draw as many costs more than all else here."""
    numbers = np.random.default_rng(0).standard_normal(NOISE_NUMBERS, dtype=np.float32)
    numbers *= np.float32(deviation)
    return numbers


def _spread(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw so many numbers from −1 to 1."""
    return rng.uniform(-1, 1, size)


def _resampled(rows: Array, places: NDArray[np.float64]) -> Array:
    """Return rows at fractional places, between the two rows around each; edges are repeated.

    Args:
        rows: `[batch, rows, columns]`.
        places: Where in each to look, `[batch, places]`.

    Returns:
        `[batch, places, columns]`.
    """
    size, n_rows, columns = rows.shape
    places = np.clip(places, 0, n_rows - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, n_rows - 1)
    first = np.arange(size)[:, None] * n_rows
    flat = np.ascontiguousarray(rows).reshape(-1, columns)
    lower = np.take(flat, first + below, axis=0)
    mixed: Array = np.take(flat, first + above, axis=0)
    mixed -= lower  # in place: to fill new memory takes as long as to compute
    mixed *= (places - below).astype(np.float32)[..., None]
    mixed += lower
    return mixed
