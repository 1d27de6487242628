"""How good predictions are, counted in tracks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.vote import Probabilities, Voting, vote

BOOTSTRAP_SAMPLES = 2000
PRECISION_WANTED = 0.8  # of the tracks that get a genre by default, this many are to be right


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

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def track_probabilities(
    windows: Probabilities,
    owners: NDArray[np.int_],
    n_tracks: int,
    rule: Voting = Voting.LOG_MEAN,
    temperature: float = 1.0,
) -> Probabilities:
    """Vote for each track over its windows `[windows, labels]`; gives `[tracks, labels]`."""
    return np.stack([vote(windows[owners == i], rule, temperature) for i in range(n_tracks)])


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


def fit_temperature(probabilities: Probabilities, targets: NDArray[np.int_]) -> float:
    """Return the temperature that makes track probabilities `[tracks, labels]` likeliest.

    Guo et al., On Calibration of Modern Neural Networks, 2017; found on a logarithmic grid, since
    one number needs no optimiser.
    """
    logits = np.log(np.clip(probabilities.astype(np.float64), 1e-9, 1))
    grid = np.geomspace(0.2, 5, 200)

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        normaliser = np.logaddexp.reduce(scaled, axis=1)
        return float((normaliser - scaled[np.arange(len(targets)), targets]).mean())

    return float(grid[np.argmin([loss(temperature) for temperature in grid])])


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
    return float(np.floor(confidence[order][last] * 100) / 100)


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Lay out rows in right-aligned columns, the first one left-aligned."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )
