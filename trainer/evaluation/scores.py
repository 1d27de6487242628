"""How good predictions are, counted in tracks."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.intervals import (
    Groups,
    Interval,
    bootstrap_interval,
    drawn_groups,
    share_interval,
    sums,
)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The figures of one set of tracks; intervals are 95 % intervals over groups of tracks."""

    tracks: int
    groups: int  # artists or albums; a track of an unknown one is a group of its own
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    confusion: list[list[int]]  # rows: true label, columns: predicted
    recall: list[float]
    precision: list[float]
    f1: list[float]

    @property
    def of_genres(self) -> list[tuple[float | None, float | None, float | None]]:
        """Recall, precision and F1 of each label; None where they are a share of no tracks."""
        true, predicted = np.array(self.confusion).sum(1), np.array(self.confusion).sum(0)
        return [
            (recall if tracks else None, precision if said else None, f1 if tracks else None)
            for recall, precision, f1, tracks, said in zip(
                self.recall, self.precision, self.f1, true, predicted, strict=True
            )
        ]


def share_text(share: float | None) -> str:
    """Return a share in percent, or a dash where there is none."""
    return "–" if share is None else f"{share:.0%}"


class Confusion(Protocol):
    """What a confusion matrix is drawn or written of."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The genres."""

    @property
    def track(self) -> Scores:
        """Scores of tracks."""

    @property
    def protocol(self) -> str:
        """What was counted."""


def score(
    targets: NDArray[np.int_], predicted: NDArray[np.int_], n_labels: int, groups: Groups
) -> Scores:
    """Score predicted labels `[tracks]` against the true ones.

    Macro-F1 is the mean F1 of the labels that occur, in truth or prediction.
    """
    from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

    labels = np.arange(n_labels)
    right = targets == predicted
    precision, recall, f1, _ = precision_recall_fscore_support(
        targets, predicted, labels=labels, zero_division=0.0
    )
    accuracy = share_interval(right, groups)
    return Scores(
        tracks=len(targets),
        groups=int(groups.max()) + 1,
        accuracy=float(right.mean()),
        accuracy_interval=accuracy,
        macro_f1=float(f1_score(targets, predicted, average="macro", zero_division=0.0)),
        # With all tracks right, or none, no drawing of them ever varies.
        macro_f1_interval=accuracy
        if right.all() or not right.any()
        else _macro_f1_interval(targets, predicted, n_labels, groups),
        confusion=confusion_matrix(targets, predicted, labels=labels).tolist(),
        recall=recall.tolist(),
        precision=precision.tolist(),
        f1=f1.tolist(),
    )


def _macro_f1_interval(
    targets: NDArray[np.int_], predicted: NDArray[np.int_], n_labels: int, groups: Groups
) -> Interval:
    pairs = np.eye(n_labels**2, dtype=np.int_)[targets * n_labels + predicted]
    by_group = sums(pairs, groups)
    drawn = (drawn_groups(len(by_group)) @ by_group).reshape(-1, n_labels, n_labels)
    right = np.diagonal(drawn, axis1=1, axis2=2)
    both = drawn.sum(1) + drawn.sum(2)
    occurs = both > 0
    f1 = (2 * right / np.maximum(both, 1)).sum(1) / np.maximum(occurs.sum(1), 1)
    low, high = bootstrap_interval(f1, len(by_group))
    return max(low, 0.0), min(high, 1.0)
