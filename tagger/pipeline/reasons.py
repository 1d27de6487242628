"""Says in plain sentences why no genre of a track is certain enough to be written."""

from collections.abc import Sequence

import numpy as np

from tagger.inference.confidence import WRITES_NOTHING, Confidence
from tagger.inference.vote import Probabilities

_AGREED = 0.6  # share of the windows with the same first genre
_CLOSE = 0.6  # second over best probability
_LOWERED = 0.05  # vote less confidence
_WEAK_LABEL = 0.3  # logits below the mean of the labels
_FEW_WINDOWS = 4
_NAMED = 3  # genres


def why_uncertain(
    names: Sequence[str],
    windows: Probabilities,
    vote: Probabilities,
    probabilities: Probabilities,
    *,
    minimum: float,
    confidence: Confidence | None,
) -> tuple[str, ...]:
    """Return sentences on why the best genre is less certain than the minimum.

    Args:
        names: of the labels.
        windows: probabilities `[windows, labels]`.
        vote: of the windows `[labels]`.
        probabilities: of the track `[labels]`, after the model's confidence.
        minimum: that a genre needs to be written.
        confidence: of the model file, if it has one.
    """
    if minimum >= WRITES_NOTHING:
        return ("The minimum confidence is 1, with which nothing is written.",)
    best = int(vote.argmax())
    reached = float(probabilities[best])
    sentences = []
    if confidence is not None and float(vote[best]) - reached > _LOWERED:
        sentences.append(_lowered(names[best], float(vote[best]), reached, confidence, best))
    sentences += _how_windows_vote(names, windows, vote)
    if len(windows) < _FEW_WINDOWS:
        sentences.append(
            f"Only {len(windows)} window{'s' if len(windows) > 1 else ''} could vote; with more of"
            " the track (--seconds full) there may be more."
        )
    return tuple(sentences)


def _lowered(name: str, vote: float, reached: float, confidence: Confidence, best: int) -> str:
    weaker = confidence.labels[best] < float(np.mean(confidence.labels)) - _WEAK_LABEL
    return (
        f"The windows vote {vote:.0%} for {name}; on the tracks that the model's confidence was"
        f" fitted on, a vote like this was right in about {reached:.0%} of cases"
        + (f", and one for {name} less often than others." if weaker else ".")
    )


def _how_windows_vote(
    names: Sequence[str], windows: Probabilities, vote: Probabilities
) -> list[str]:
    """Return a sentence on what the windows say: different genres, two alike, or nothing clear."""
    best, second = (int(label) for label in np.argsort(-vote, kind="stable")[:2])
    firsts = np.bincount(windows.argmax(1), minlength=len(names))
    if firsts[best] < _AGREED * len(windows):
        order = [int(label) for label in np.argsort(-firsts, kind="stable") if firsts[label]]
        parts = [f"{firsts[label]} {names[label]}" for label in order[:_NAMED]]
        others = int(firsts.sum() - sum(firsts[label] for label in order[:_NAMED]))
        parts += [f"{others} something else"] if others else []
        return [f"The windows disagree: of {len(windows)}, {_listed(parts)}."]
    if vote[second] > _CLOSE * vote[best]:
        return [
            f"The vote is close: {vote[best]:.0%} for {names[best]}, {vote[second]:.0%} for"
            f" {names[second]}."
        ]
    typical = float(np.median(windows[:, best]))
    return [
        f"{firsts[best]} of {len(windows)} windows say {names[best]}, but half of all windows give"
        f" it no more than {typical:.0%}."
    ]


def _listed(parts: Sequence[str]) -> str:
    """Join words with commas, and "say" behind the first number."""
    first, *others = parts
    number, _, name = first.partition(" ")
    parts = [f"{number} say {name}", *others]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def percent(value: float, beside: float) -> str:
    """Write a probability as percent, with a decimal where it would look like another one."""
    digits = 1 if f"{value:.0%}" == f"{beside:.0%}" else 0
    return f"{value:.{digits}%}"
