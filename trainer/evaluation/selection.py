"""What a confidence is worth for choosing the tracks that a genre is written for.

Cross-validated by group: no track is counted with settings that its artist took part in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.calibration import least_confidence
from trainer.evaluation.intervals import Groups

FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a way to be confident is worth, cross-validated by group.

    Attributes:
        confidence: Of each track `[tracks]`, fitted without its group.
        right: Whether the best label is right `[tracks]`.
        risk: Area under the risk–coverage curve: the mean share of mistakes among the surest
            tracks, over all shares of them, within each fold. The smaller, the better.
        coverage: Share of the tracks from the least confidence on that reaches the goal.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    risk: float
    coverage: float

    def better_than(self, other: "Selection") -> bool:
        """Compare by the area under the curve, and by what is written at the goal."""
        return self.risk < other.risk and self.coverage >= other.coverage


def group_folds(groups: Groups) -> NDArray[np.int_]:
    """Deal tracks out to folds of the same size, whole groups at a time; gives `[tracks]`."""
    members = np.bincount(groups)
    sizes = [0] * min(FOLDS, len(members))
    fold_of = np.zeros(len(members), dtype=np.int_)
    shuffled = np.random.default_rng(0).permutation(len(members))
    for group in shuffled[np.argsort(-members[shuffled], kind="stable")]:
        fold_of[group] = int(np.argmin(sizes))
        sizes[fold_of[group]] += int(members[group])
    folds: NDArray[np.int_] = fold_of[groups]
    return folds


def risk_and_coverage(
    confidence: NDArray[np.float64], right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the risk–coverage curve `[tracks]`: mistakes among the surest tracks, and their share.

    El-Yaniv and Wiener, On the Foundations of Noise-free Selective Classification, 2010.
    """
    order = np.argsort(-confidence, kind="stable")
    numbers = np.arange(1, len(right) + 1)
    return (~right[order]).cumsum() / numbers, numbers / len(right)


def selection(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    folds: NDArray[np.int_],
    goal: float,
) -> Selection:
    """Judge confidences `[tracks]` that were fitted without the fold of each track."""
    # Ranked within folds: in use all tracks have their confidence by one and the same fit.
    mine = [folds == fold for fold in np.unique(folds)]
    risks = [risk_and_coverage(confidence[m], right[m])[0].mean() for m in mine]
    threshold = least_confidence(confidence, right, goal)
    return Selection(
        confidence=confidence,
        right=right,
        risk=float(np.average(risks, weights=[m.sum() for m in mine])),
        coverage=float((confidence >= threshold).mean()),
    )


def written_by_others(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    folds: NDArray[np.int_],
    goal: float,
) -> NDArray[np.bool_]:
    """Return which tracks get a genre if the minimum comes from the tracks of the other folds."""
    written = np.zeros(len(right), dtype=np.bool_)
    for fold in np.unique(folds):
        mine = folds == fold
        others = ~mine if not mine.all() else mine
        written[mine] = confidence[mine] >= least_confidence(
            confidence[others], right[others], goal
        )
    return written
