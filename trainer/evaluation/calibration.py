"""Whether a confidence means what it says: temperature scaling and what error it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.inference.confidence import WRITES_NOTHING
from tagger.inference.vote import Probabilities
from tagger.output.console import count_of
from trainer.evaluation.intervals import Interval, share_interval

BINS = 15  # of equal width, as in Guo et al. 2017
PRECISION_GOAL = 0.8  # of the tracks that get a genre by default, this many are to be right
LEAST_SHARE = 0.1  # of the tracks: a precision that fewer of them reach says too little
ENOUGH_TRACKS = 30
"""From fewer, a share of 80 % may be anything from 63 to 90 % (Wilson's 95 % interval of 24 in 30),
and nothing can be calibrated."""

TEMPERATURES = np.geomspace(0.2, 5, 200)
"""The grid of temperatures. At its ends the best temperature may lie outside of it."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Mean confidence, accuracy, its 95 % interval and number of tracks in each bin with tracks."""

    confidence: list[float]
    accuracy: list[float]
    interval: list[Interval]
    tracks: list[int]

    @classmethod
    def of(cls, confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_]) -> "Reliability":
        """Sort tracks into bins by their confidence `[tracks]`."""
        confidence = confidence.astype(np.float64)
        # A confidence on an edge belongs below it, and 1 into the last bin.
        bins = np.ceil(confidence * BINS).clip(1, BINS)
        members = [np.flatnonzero(bins == number) for number in np.unique(bins)]
        return cls(
            confidence=[float(confidence[member].mean()) for member in members],
            accuracy=[float(right[member].mean()) for member in members],
            interval=[share_interval(right[member], np.arange(len(member))) for member in members],
            tracks=[len(member) for member in members],
        )

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap of the bins, weighed by their tracks."""
        gaps = np.abs(np.subtract(self.confidence, self.accuracy))
        return float(np.average(gaps, weights=self.tracks))


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Expected calibration error of the plain vote and of the final confidence, with their bins.

    Attributes:
        error_before: Of the vote without a temperature.
        error_after: Of the confidence as it is used.
        error_cross_validated: Of confidences that were fitted, fold by fold, to tracks of other
            groups; None where the settings were fitted to other tracks anyway.
        before: The bins behind `error_before`.
        after: The bins behind `error_after`.
    """

    error_before: float
    error_after: float
    error_cross_validated: float | None
    before: Reliability
    after: Reliability

    @property
    def error(self) -> float:
        """The honest error: cross-validated where the confidence was fitted to the same tracks."""
        cross_validated = self.error_cross_validated
        return self.error_after if cross_validated is None else cross_validated


def too_few(tracks: int) -> str:
    """Say in a sentence that so few tracks tell no confidence, or nothing if they are enough."""
    if tracks >= ENOUGH_TRACKS:
        return ""
    return (
        f"Temperature and minimum confidence come from {count_of(tracks, 'track')}, too few to "
        f"mean much (fewer than {ENOUGH_TRACKS}): choose --min-confidence yourself when you scan."
    )


def at_end_of_grid(temperature: float) -> str:
    """Say in a sentence that a temperature is the last one that was tried, or nothing."""
    if TEMPERATURES[0] < temperature < TEMPERATURES[-1]:
        return ""
    return (
        f"The temperature, {temperature:.2f}, is at the end of the range that is searched "
        f"({TEMPERATURES[0]:g} to {TEMPERATURES[-1]:g}): confidence says little about this network."
    )


def fit_temperature(probabilities: Probabilities, targets: NDArray[np.int_]) -> float:
    """Return the temperature that makes track probabilities `[tracks, labels]` likeliest.

    Guo et al., On Calibration of Modern Neural Networks, 2017; found on a logarithmic grid, since
    one number needs no optimiser.
    """
    logits = _logits(probabilities)

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        normaliser = np.logaddexp.reduce(scaled, axis=1)
        return float((normaliser - scaled[np.arange(len(targets)), targets]).mean())

    return float(TEMPERATURES[np.argmin([loss(temperature) for temperature in TEMPERATURES])])


def soften(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Apply a temperature to probabilities `[tracks, labels]`."""
    scaled = _logits(probabilities) / temperature
    softened = np.exp(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True))
    return softened.astype(np.float32)


def _logits(probabilities: Probabilities) -> NDArray[np.float64]:
    return np.log(np.clip(probabilities.astype(np.float64), 1e-9, 1))


def least_confidence(
    confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_], goal: float = PRECISION_GOAL
) -> float:
    """Return the least confidence from which on at least `goal` of the tracks are right.

    It is a whole number of hundredths: as fine as a threshold from some hundred tracks can honestly
    be. A tenth of the tracks have to reach it. Where no confidence does, `WRITES_NOTHING`.
    """
    hundredths = np.floor(confidence.astype(np.float64) * 100 + 1e-6).clip(0, 99)
    enough = LEAST_SHARE * len(right)

    def reaches_goal(threshold: float) -> bool:
        chosen = right[hundredths >= threshold]
        return len(chosen) >= enough and float(chosen.mean()) >= goal

    reached = [threshold for threshold in np.unique(hundredths) if reaches_goal(threshold)]
    return float(min(reached)) / 100 if reached else WRITES_NOTHING


def nothing_to_write(votes: Probabilities, targets: NDArray[np.int_]) -> str:
    """Say in a sentence that a network would write nothing, or nothing if it would.

    Args:
        votes: Track probabilities of validation tracks `[tracks, labels]`, without a temperature.
        targets: Their true labels `[tracks]`.
    """
    confidence = soften(votes, fit_temperature(votes, targets)).max(1)
    if least_confidence(confidence, votes.argmax(1) == targets) < WRITES_NOTHING:
        return ""
    return (
        f"No confidence of this network is right in {PRECISION_GOAL:.0%} of the validation tracks: "
        "a model file made of it would write nothing by default."
    )


Fit = Callable[[NDArray[np.bool_]], Callable[[NDArray[np.bool_]], NDArray[np.float64]]]
"""Fits to the tracks of a mask `[tracks]`; gives a function from a mask to their confidences."""


def cross_validated(fit: Fit, folds: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return for each track the confidence by a fit to the tracks of the other folds.

    A single fold, of tracks that are all of one group, is all that there is to fit to.
    """
    found = np.zeros(len(folds))
    for fold in np.unique(folds):
        mine = folds == fold
        found[mine] = fit(mine if mine.all() else ~mine)(mine)
    return found
