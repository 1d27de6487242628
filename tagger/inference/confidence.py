"""From the windows of a track to its probabilities, and how sure the best label is.

The plain confidence of a track is the probability of its best label after temperature scaling. A
model file may hold more: a logistic model of whether the best label is right, fitted on tracks that
were not trained on, some of them of genres that are not among the labels. It uses what the
network's output tells at no cost: how far the best label leads, how much the windows disagree, and
which label it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tagger.inference.vote import Probabilities, Voting, vote

VERSION = 1
WRITES_NOTHING = 1.0
"""As a minimum confidence: no confidence of this model reached the precision that was asked for."""

_TINY = 1e-7
_MOST_WEIGHT = 1e9
_SUREST = 0.9999  # stays below WRITES_NOTHING


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """A logistic model of whether the best label of a track is right.

    Its logit is a sum: `intercept`, the value in `labels` for the best label, and each feature
    times its weight (see `features`).

    Attributes:
        intercept: Of the logit.
        log_odds: Weight of the log-odds of the best label.
        margin: Weight of the logarithm of best over second-best probability.
        disagreement: Weight of the disagreement of the windows.
        labels: One summand a label `[labels]`, in the order of the model.
    """

    intercept: float
    log_odds: float
    margin: float
    disagreement: float
    labels: tuple[float, ...]

    def of(self, windows: Probabilities, track: Probabilities) -> float:
        """Return the probability that the best label of a track is right."""
        weights = (self.log_odds, self.margin, self.disagreement)
        logit = self.intercept + self.labels[int(track.argmax())]
        logit += float(np.dot(weights, features(windows, track)))
        return min(1 / (1 + math.exp(-max(logit, -50.0))), _SUREST)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the model file."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned.

        Raises:
            ValueError: another version, or a number is missing, not finite or too large.
        """
        values = dict(content)
        if (version := values.pop("version", None)) != VERSION:
            raise ValueError(f"the version of its confidence is {version!r}")
        try:
            labels = tuple(map(float, values.pop("labels")))
            found = cls(**{name: float(value) for name, value in values.items()}, labels=labels)
        except (KeyError, TypeError) as error:
            raise ValueError(f"its confidence is incomplete ({error})") from None
        numbers = (found.intercept, found.log_odds, found.margin, found.disagreement, *labels)
        if not all(abs(number) <= _MOST_WEIGHT for number in numbers):  # NaN is not, either
            raise ValueError("its confidence holds numbers that are not finite, or too large")
        return found


def features(windows: Probabilities, track: Probabilities) -> NDArray[np.float64]:
    """Return log-odds, margin and disagreement of a track, `[3]`.

    The disagreement is the mean divergence (Kullback and Leibler, in nats) of the windows
    `[windows, labels]` from their mean: zero if all say the same.
    """
    second, best = np.sort(np.clip(track.astype(np.float64), _TINY, 1 - _TINY))[-2:]
    each = np.clip(windows.astype(np.float64), _TINY, 1.0)
    divergence = (each * (np.log(each) - np.log(each.mean(0)))).sum(1).mean()
    return np.array([math.log(best / (1 - best)), math.log(best / second), divergence])


def track_probabilities(
    windows: Probabilities,
    voting: Voting,
    temperature: float,
    confidence: Confidence | None = None,
) -> Probabilities:
    """Combine window probabilities `[windows, labels]` into track probabilities `[labels]`.

    With a model of the confidence the best label gets what that says. If it is less than the vote,
    all labels are scaled down alike, and what is missing to a sum of one is the probability that
    the track is none of them; if it is more, the others share the rest.
    """
    track = vote(windows, voting, temperature)
    return track if confidence is None else with_confidence(track, confidence.of(windows, track))


def with_confidence(track: Probabilities, confidence: float) -> Probabilities:
    """Give the best label of `track` `[labels]` this probability; the order stays as it is."""
    best = int(track.argmax())
    plain = float(track[best])
    if confidence <= plain:
        return track * np.float32(confidence / plain)
    scaled = track * np.float32((1 - confidence) / max(1 - plain, _TINY))
    scaled[best] = confidence
    return scaled


def vote_of_tracks(tracks: Sequence[Sequence[float]]) -> Probabilities:
    """Combine the probabilities of the tracks of an album `[tracks, labels]` to `[labels]`.

    Labels vote by the mean of their logarithms. What the tracks leave to none of the labels is kept
    by its geometric mean.
    """
    given = np.array(tracks, np.float32)
    left = np.clip(given.sum(1, dtype=np.float64), _TINY, 1.0)
    return vote(given, Voting.LOG_MEAN) * np.float32(np.exp(np.log(left).mean()))


def writes_nothing(min_confidence: float) -> str:
    """Say in a sentence that a model's default minimum lets nothing be written, or nothing."""
    if min_confidence < WRITES_NOTHING:
        return ""
    return (
        "This model writes nothing by default: no confidence of it was right often enough on "
        "the tracks that it was evaluated on. Choose --min-confidence yourself if you want its "
        "genres nevertheless."
    )
