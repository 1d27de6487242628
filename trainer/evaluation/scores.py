"""How good predictions are, counted in tracks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BOOTSTRAP_SAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """The figures of one set of tracks; `interval` is the 95 % bootstrap interval over tracks."""

    tracks: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    confusion: list[list[int]]  # rows: true label, columns: predicted
    recall: list[float]
    precision: list[float]
    f1: list[float]


def score(targets: NDArray[np.int_], predicted: NDArray[np.int_], n_labels: int) -> Scores:
    """Score predicted labels `[tracks]` against the true ones."""
    confusion = _confusion(targets, predicted, n_labels)
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(BOOTSTRAP_SAMPLES):
        chosen = rng.integers(len(targets), size=len(targets))
        drawn = _confusion(targets[chosen], predicted[chosen], n_labels)
        samples.append((drawn.trace() / drawn.sum(), _f1(drawn)))
    low, high = np.percentile(samples, (2.5, 97.5), axis=0)
    true, claimed = confusion.sum(1), confusion.sum(0)
    right = confusion.diagonal()
    return Scores(
        len(targets),
        float(right.sum() / len(targets)),
        (float(low[0]), float(high[0])),
        _f1(confusion),
        (float(low[1]), float(high[1])),
        confusion.tolist(),
        (right / np.maximum(true, 1)).tolist(),
        (right / np.maximum(claimed, 1)).tolist(),
        (2 * right / np.maximum(true + claimed, 1)).tolist(),
    )


def _confusion(
    targets: NDArray[np.int_], predicted: NDArray[np.int_], n_labels: int
) -> NDArray[np.int_]:
    counts = np.bincount(targets * n_labels + predicted, minlength=n_labels**2)
    return counts.reshape(n_labels, n_labels)


def _f1(confusion: NDArray[np.int_]) -> float:
    """Return the mean F1 of the labels that occur, in truth or prediction."""
    both = confusion.sum(0) + confusion.sum(1)
    seen = both > 0
    return float((2 * confusion.diagonal()[seen] / both[seen]).mean())


def paired_difference(
    right: NDArray[np.bool_], reference: NDArray[np.bool_]
) -> tuple[float, tuple[float, float]]:
    """Return by how much more of the same tracks are right, with its 95 % bootstrap interval.

    Both ways to be right are drawn together, track by track: tracks that are hard, or easy, for
    both take no part in the difference (Efron and Tibshirani, An Introduction to the Bootstrap).
    """
    gain = right.astype(int) - reference
    chosen = np.random.default_rng(0).integers(len(gain), size=(BOOTSTRAP_SAMPLES, len(gain)))
    low, high = np.percentile(gain[chosen].mean(1), (2.5, 97.5))
    return float(gain.mean()), (float(low), float(high))
