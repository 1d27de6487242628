"""Validation between the epochs of a training: quick figures to steer by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import WindowGrid
from tagger.inference.vote import Probabilities
from trainer.data.dataset import DataSet, Track
from trainer.evaluation.calibration import nothing_to_write
from trainer.networks.backend import keras
from trainer.track_votes import vote_tracks
from trainer.training.batches import Array, cut_window, shrink

HeldOut = Callable[[], tuple[Array, NDArray[np.int_]]]
"""Gives what a model takes of the windows to validate on, and for each the index of its track."""

WINDOWS = 4  # at most of a strip; enough to steer by, `evaluate` takes them all


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Figures of the validation tracks, NaN where there are none.

    Attributes:
        window_accuracy: Share of windows with the right genre.
        track_accuracy: Share of tracks with the right genre.
        track_loss: Mean cross-entropy of tracks.
        by_source: Accuracy of the tracks of each data set, by its name.
        nothing_to_write: The sentence that no confidence reaches the goal, where none does.
    """

    window_accuracy: float
    track_accuracy: float
    track_loss: float
    by_source: dict[str, float]
    nothing_to_write: str = ""


def spread_windows(
    tracks: Sequence[Track], grid: WindowGrid, factor: int, most: int = WINDOWS
) -> tuple[Array, NDArray[np.int_]]:
    """Cut windows spread evenly over each strip, `[windows, rows, columns, 1]`, shrunk by `factor`.

    Returns:
        The windows and, for each, the index of its track.
    """
    windows: list[Any] = []
    owners: list[int] = []
    for index, track in enumerate(tracks):
        for strip in track.load():
            room = max(strip.shape[1] - grid.window, 0)
            count = min(most, 1 + room // grid.window)
            starts = np.linspace(0, room, count + 2)[1:-1].astype(int)
            windows += [cut_window(strip, int(start), grid.window) for start in starts]
            owners += [index] * count
    return shrink(np.stack(windows), factor)[..., None], np.array(owners)


def validate(
    model: keras.Model, held_out: HeldOut, data: DataSet, tracks: Sequence[Track]
) -> Validation:
    """Run a training network over some windows of each track, if there are tracks."""
    if not tracks:
        return Validation(
            window_accuracy=math.nan, track_accuracy=math.nan, track_loss=math.nan, by_source={}
        )
    windows, owners = held_out()
    probabilities = model.predict(windows, batch_size=64, verbose=0)
    return score(probabilities, owners, data, tracks)


def score(
    probabilities: Probabilities,
    owners: NDArray[np.int_],
    data: DataSet,
    tracks: Sequence[Track],
) -> Validation:
    """Turn window probabilities `[windows, labels]` into figures."""
    targets = np.array([data.target(track) for track in tracks])
    votes = vote_tracks(probabilities, owners, len(tracks))
    right = votes.argmax(1) == targets
    sources = np.array([track.source for track in tracks])
    return Validation(
        window_accuracy=float((probabilities.argmax(1) == targets[owners]).mean()),
        track_accuracy=float(right.mean()),
        track_loss=float(-np.log(votes[np.arange(len(tracks)), targets] + 1e-9).mean()),
        by_source={str(name): float(right[sources == name].mean()) for name in np.unique(sources)},
        nothing_to_write=nothing_to_write(votes, targets),
    )
