"""Whether a confidence means what it says: temperature scaling and what is left to wish for."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.inference.vote import Probabilities
from tagger.output.console import count_of

BINS = 15  # of equal width, as in Guo et al. 2017
FOLDS = 5
PRECISION_WANTED = 0.8  # of the tracks that get a genre by default, this many are to be right
ENOUGH_TRACKS = 30
"""From fewer, a share of 80 % may be anything from 63 to 90 % (Wilson's 95 % interval of 24 in 30),
and nothing can be calibrated."""


@dataclass(frozen=True)
class Reliability:
    """Mean confidence, accuracy and number of tracks in each bin that holds some."""

    confidence: list[float]
    accuracy: list[float]
    tracks: list[int]

    @classmethod
    def of(cls, probabilities: Probabilities, targets: NDArray[np.int_]) -> "Reliability":
        """Sort tracks `[tracks, labels]` into bins by the confidence of their likeliest label."""
        confidence = probabilities.max(1).astype(np.float64)
        right = probabilities.argmax(1) == targets
        # A confidence on an edge belongs below it, and 1 into the last bin.
        bins = np.ceil(confidence * BINS).clip(1, BINS)
        members = [np.flatnonzero(bins == number) for number in np.unique(bins)]
        return cls(
            [float(confidence[member].mean()) for member in members],
            [float(right[member].mean()) for member in members],
            [len(member) for member in members],
        )

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap of the bins, weighed by their tracks."""
        gaps = np.abs(np.subtract(self.confidence, self.accuracy))
        return float(np.average(gaps, weights=self.tracks))


@dataclass(frozen=True)
class Calibration:
    """Expected calibration error before and after temperature scaling, and the bins behind it.

    The temperature is fitted to the very tracks that `after` is counted on; `cross_validated`
    takes it, fold by fold, from the other tracks.
    """

    error_before: float
    error_after: float
    error_cross_validated: float
    before: Reliability
    after: Reliability


def calibrate(
    probabilities: Probabilities, targets: NDArray[np.int_]
) -> tuple[float, Probabilities, Calibration]:
    """Return the temperature, track probabilities `[tracks, labels]` with it, and its worth."""
    temperature = fit_temperature(probabilities, targets)
    scaled = soften(probabilities, temperature)
    folds = np.random.default_rng(0).permutation(len(targets)) % FOLDS
    unseen = np.empty_like(probabilities)
    for fold in np.unique(folds):
        mine = folds == fold
        others = (
            temperature if mine.all() else fit_temperature(probabilities[~mine], targets[~mine])
        )
        unseen[mine] = soften(probabilities[mine], others)
    before, after = (Reliability.of(each, targets) for each in (probabilities, scaled))
    return (
        temperature,
        scaled,
        Calibration(
            before.error, after.error, Reliability.of(unseen, targets).error, before, after
        ),
    )


def too_few(tracks: int) -> str:
    """Say in a sentence that so few tracks tell no confidence, or nothing if they are enough."""
    if tracks >= ENOUGH_TRACKS:
        return ""
    return (
        f"Temperature and minimum confidence come from {count_of(tracks, 'track')}, too few to "
        f"mean much (fewer than {ENOUGH_TRACKS}): choose --min-confidence yourself when you scan."
    )


def fit_temperature(probabilities: Probabilities, targets: NDArray[np.int_]) -> float:
    """Return the temperature that makes track probabilities `[tracks, labels]` likeliest.

    Guo et al., On Calibration of Modern Neural Networks, 2017; found on a logarithmic grid, since
    one number needs no optimiser.
    """
    logits = _logits(probabilities)
    grid = np.geomspace(0.2, 5, 200)

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        normaliser = np.logaddexp.reduce(scaled, axis=1)
        return float((normaliser - scaled[np.arange(len(targets)), targets]).mean())

    return float(grid[np.argmin([loss(temperature) for temperature in grid])])


def soften(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Apply a temperature to probabilities `[tracks, labels]`."""
    scaled = _logits(probabilities) / temperature
    softened = np.exp(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True))
    return softened.astype(np.float32)


def _logits(probabilities: Probabilities) -> NDArray[np.float64]:
    return np.log(np.clip(probabilities.astype(np.float64), 1e-9, 1))


def default_confidence(
    probabilities: Probabilities, targets: NDArray[np.int_], wanted: float = PRECISION_WANTED
) -> float:
    """Return the least confidence from which on the wanted share of tracks is right.

    Where no confidence reaches that, the one with the highest share among those that at least a
    tenth of the tracks reach.
    """
    confidence = probabilities.max(1)
    order = np.argsort(-confidence)
    right = (probabilities.argmax(1) == targets)[order]
    precision = right.cumsum() / np.arange(1, len(right) + 1)
    fewest = max(1, len(right) // 10)
    reached = np.flatnonzero(precision[fewest - 1 :] >= wanted) + fewest - 1
    last = int(reached[-1]) if reached.size else int(precision[fewest - 1 :].argmax()) + fewest - 1
    # One hundredth is as fine as a threshold from some hundred tracks can honestly be.
    return math.floor(float(confidence[order][last]) * 100) / 100
