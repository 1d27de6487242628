"""Tells what never changes, such as noise and tones, from music, in which something always does."""

import numpy as np
from numpy.typing import NDArray

from tagger.errors import SteadyError

_BANDS = 8  # groups that the mel bands are divided into
_FRAMES = 8  # frames in a group, 0.2 s: longer than noise takes to come to its mean
_LEAST_GROUPS = 4  # over time
STEADY = 0.8
"""Decibels by which the level of a part of the spectrum departs from its mean, below which a track
is no music. Noise of all colours and tones reach 0.4; of 397 clips of GTZAN none is below 1.3, of
439 other songs none below 1.8, and of 3674 recordings of all kinds two are below 0.8."""


def refuse_steadiness(levels: NDArray[np.floating]) -> None:
    """Raise SteadyError for decibels `[mel bands, frames]` that stay the same over time."""
    changes = change(levels)
    if changes is not None and changes < STEADY:
        raise SteadyError("is a steady noise or tone in the part that was analysed")


def change(levels: NDArray[np.floating]) -> float | None:
    """Return by how many decibels the level departs from its mean, the mean over the spectrum.

    Args:
        levels: decibels, `[mel bands, frames]`.

    Returns:
        None for what is too short to tell.
    """
    # What is cut off at both ends makes a click of its own.
    count = levels.shape[1] // _FRAMES - 2
    if count < _LEAST_GROUPS:
        return None
    inner = levels[:, _FRAMES : (1 + count) * _FRAMES]
    over_time = inner.reshape(len(levels), count, _FRAMES)
    parts = np.array_split(over_time, _BANDS)
    groups = np.array([part.mean((0, 2), dtype=np.float32) for part in parts])
    return float(np.sqrt(groups.var(1).mean()))
