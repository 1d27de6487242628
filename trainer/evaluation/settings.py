"""How the windows of a track become a confidence, and from which confidence on a genre is written.

All of it is fitted to validation tracks: the voting rule, the temperature, the minimum confidence
and, where that pays, a logistic model of whether the best label is right. What is said of the
result is cross-validated by group: no track is counted with settings that its artist took part in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tagger.inference.confidence import (
    WRITES_NOTHING,
    Confidence,
    features,
    with_confidence,
)
from tagger.inference.vote import Probabilities, Voting
from trainer.evaluation.calibration import (
    PRECISION_GOAL,
    cross_validated,
    fit_temperature,
    least_confidence,
    soften,
)
from trainer.evaluation.predictions import WindowPredictions
from trainer.evaluation.selection import (
    Selection,
    group_folds,
    selection,
    written_by_others,
)

ENOUGH_FOR_CONFIDENCE = 100  # tracks; from fewer, a logistic model learns chance
ENOUGH_GROUPS = 20
N_FEATURES = 3
LABEL_SCALE = 0.5  # of the label's inputs: their weights are shrunk four times as much as others


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is fitted to validation tracks, and used on all others.

    Attributes:
        voting: How windows become a track.
        temperature: Divides the logits of a track.
        confidence: Of the best label; None: its probability is its confidence.
        min_confidence: From which on a genre is written by default.
        precision_goal: Share of the written genres that are to be right.
        source: The data set whose tracks they were fitted to; empty: all validation tracks.
        tracks: How many of them have a label.
        unknown: How many others of none of the labels were used as well.
    """

    voting: Voting
    temperature: float
    min_confidence: float
    confidence: Confidence | None = None
    precision_goal: float = PRECISION_GOAL
    source: str = ""
    tracks: int = 0
    unknown: int = 0

    def probabilities(self, predicted: WindowPredictions) -> Probabilities:
        """Return the probabilities of tracks `[tracks, labels]`, as the tagger has them."""
        votes = soften(predicted.votes[self.voting], self.temperature)
        if self.confidence is None:
            return votes
        return np.stack(
            [
                with_confidence(vote, self.confidence.of(predicted.of(track), vote))
                for track, vote in enumerate(votes)
            ]
        )

    def writes(self, confidence: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Tell of which confidences `[tracks]` a genre is written by default."""
        if self.min_confidence >= WRITES_NOTHING:
            return np.zeros(confidence.shape, np.bool_)
        return np.asarray(confidence >= self.min_confidence)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        confidence = self.confidence.to_dict() if self.confidence else None
        return {**vars(self), "voting": str(self.voting), "confidence": confidence}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned."""
        stored = content["confidence"]
        confidence = Confidence.from_dict(stored) if stored else None
        return cls(**{**content, "voting": Voting(content["voting"]), "confidence": confidence})


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Settings, and what they are worth on tracks whose groups took no part in them.

    Attributes:
        settings: Fitted to all of the tracks.
        plain: With the temperature alone.
        learned: With the logistic model; None where there are too few tracks for one.
        written: Share of the tracks that a genre is written for.
        written_right: Share of those that are right; None if nothing is written.
    """

    settings: Settings
    plain: Selection
    learned: Selection | None
    written: float
    written_right: float | None

    @property
    def used(self) -> Selection:
        """The selection by the confidence that the settings use."""
        return self.learned if self.learned and self.settings.confidence else self.plain


def fit_settings(
    predicted: WindowPredictions, *, goal: float = PRECISION_GOAL, source: str = ""
) -> Fitted:
    """Fit everything to validation tracks; those of no label count as mistakes."""
    labelled = predicted.labelled
    targets = predicted.targets
    voting = _likelier_voting(predicted.only(labelled))
    votes = predicted.votes[voting]
    right = votes.argmax(1) == targets
    folds = group_folds(predicted.group_numbers)

    def fit_plain(mask: NDArray[np.bool_]) -> "_Plain":
        known = mask & labelled
        return _Plain(votes, fit_temperature(votes[known], targets[known]))

    def fit_learned(mask: NDArray[np.bool_]) -> "_Plain | _Learned":
        plain = fit_plain(mask)
        inputs = _inputs(predicted, soften(votes, plain.temperature))
        confidence = fit_confidence(inputs[mask], right[mask], len(predicted.labels))
        return _Learned(inputs, confidence) if confidence else plain

    everything = np.ones_like(labelled)
    temperature = fit_plain(everything).temperature
    plain = selection(cross_validated(fit_plain, folds), right, folds, goal)
    learned, confidence = None, None
    groups = int(predicted.group_numbers.max()) + 1
    if len(right) >= ENOUGH_FOR_CONFIDENCE and groups >= ENOUGH_GROUPS:
        learned = selection(cross_validated(fit_learned, folds), right, folds, goal)
        if learned.better_than(plain):
            inputs = _inputs(predicted, soften(votes, temperature))
            confidence = fit_confidence(inputs, right, len(predicted.labels))
    used = learned if learned and confidence else plain
    written = written_by_others(used.confidence, right, folds, goal)
    settings = Settings(
        voting=voting,
        temperature=round(temperature, 4),
        confidence=confidence,
        min_confidence=least_confidence(used.confidence, right, goal),
        precision_goal=goal,
        source=source,
        tracks=int(labelled.sum()),
        unknown=int((~labelled).sum()),
    )
    return Fitted(
        settings=settings,
        plain=plain,
        learned=learned,
        written=float(written.mean()),
        written_right=float(right[written].mean()) if written.any() else None,
    )


def fit_confidence(
    inputs: NDArray[np.float64], right: NDArray[np.bool_], n_labels: int
) -> Confidence | None:
    """Fit a logistic model of whether the best label is right, or None if it always is, or never.

    Args:
        inputs: `[tracks, features + labels]`, see `_inputs`.
        right: `[tracks]`.
        n_labels: How many labels there are.
    """
    from sklearn.linear_model import LogisticRegression

    if right.all() or not right.any():
        return None
    scale = np.concatenate(
        [inputs[:, :N_FEATURES].std(0) + 1e-9, np.full(n_labels, 1 / LABEL_SCALE)]
    )
    found = LogisticRegression(solver="newton-cholesky").fit(inputs / scale, right)
    weights = found.coef_[0] / scale
    log_odds, margin, disagreement, *labels = (round(float(weight), 5) for weight in weights)
    return Confidence(
        intercept=round(float(found.intercept_[0]), 5),
        log_odds=log_odds,
        margin=margin,
        disagreement=disagreement,
        labels=tuple(labels),
    )


@dataclass(frozen=True)
class _Plain:
    """Confidence by temperature alone."""

    votes: Probabilities
    temperature: float

    def __call__(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        softened = soften(self.votes[mask], self.temperature)
        return np.asarray(softened.max(1), dtype=np.float64)


@dataclass(frozen=True)
class _Learned:
    """Confidence by a logistic model."""

    inputs: NDArray[np.float64]
    model: Confidence

    def __call__(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        model = self.model
        weights = (model.log_odds, model.margin, model.disagreement, *model.labels)
        logits = model.intercept + self.inputs[mask] @ np.array(weights)
        return np.asarray(1 / (1 + np.exp(-logits)))


def _inputs(predicted: WindowPredictions, votes: Probabilities) -> NDArray[np.float64]:
    """Return the features of each track and which label is best, `[tracks, features + labels]`."""
    found = np.stack([features(predicted.of(track), vote) for track, vote in enumerate(votes)])
    return np.concatenate([found, np.eye(votes.shape[1])[votes.argmax(1)]], 1)


def _likelier_voting(predicted: WindowPredictions) -> Voting:
    """Choose by likelihood: on equal terms the difference is small, and so is the risk."""
    rows = np.arange(len(predicted.targets))
    losses = {
        rule: float(-np.log(np.clip(p[rows, predicted.targets], 1e-9, 1)).mean())
        for rule, p in predicted.votes.items()
    }
    return min(losses, key=losses.__getitem__)
