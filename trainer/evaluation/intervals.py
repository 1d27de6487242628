"""Intervals and tests for tracks that come in groups: those of one artist resemble each other.

A hundred tracks by five artists say less about music than a hundred by a hundred. Whatever is said
here of a share of tracks goes by groups; a track whose artist is not known is a group of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
BOOTSTRAP_SAMPLES = 2000
SIGN_FLIPS = 20_000
ENUMERATED = 14  # groups: up to 2**14 sign flips are tried one by one, of more a sample
SIGNIFICANT = 0.05

Interval = tuple[float, float]
Groups = NDArray[np.int_]
"""The number of the group of each track, `[tracks]`, from 0 on without gaps."""


def number_groups(groups: Sequence[str]) -> Groups:
    """Number the groups of tracks; an empty name is a group of its own."""
    known: dict[str, int] = {}
    numbers = [known.setdefault(name or f"\0{i}", len(known)) for i, name in enumerate(groups)]
    return np.array(numbers, dtype=np.int_)


def sums(values: NDArray[Any], groups: Groups) -> NDArray[np.float64]:
    """Add up values `[tracks, ...]` by group; gives `[groups, ...]`."""
    found = np.zeros((int(groups.max()) + 1, *values.shape[1:]))
    np.add.at(found, groups, values)
    return found


def share_interval(right: NDArray[np.bool_], groups: Groups) -> Interval:
    """Return the 95 % interval of the share of tracks that are right.

    Wilson's interval (1927) with the effective number of tracks: that number of independent tracks
    whose share would vary as much as this one does between groups (Korn and Graubard, 1998). Where
    all are right, or none, nothing varies; tracks of a group then count as if they were one.
    """
    effective = effective_tracks(right, groups)
    share = float(right.mean())
    z = _normal(1 - (1 - LEVEL) / 2)
    middle = (share + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z * np.sqrt(share * (1 - share) / effective + z**2 / (4 * effective**2))
    half /= 1 + z**2 / effective
    low, high = float(max(middle - half, 0)), float(min(middle + half, 1))
    return (low if share else 0.0), (high if share < 1 else 1.0)


def effective_tracks(right: NDArray[np.bool_], groups: Groups) -> float:
    """Return how many independent tracks say as much as these."""
    from scipy import stats

    count, share = len(right), float(right.mean())
    members = np.bincount(groups)
    as_one = count**2 / float((members**2).sum())
    if len(members) == 1:
        return 1.0
    if share in (0, 1):
        return as_one
    variance = (sums(right - share, groups) ** 2).sum() * len(members) / (len(members) - 1)
    tail = 1 - (1 - LEVEL) / 2
    few = float((_normal(tail) / stats.t.ppf(tail, len(members) - 1)) ** 2)
    found = share * (1 - share) * count**2 / max(float(variance), 1e-12) * few
    return float(np.clip(found, 1.0, count))


def drawn_groups(count: int) -> NDArray[np.int_]:
    """Draw as many groups with replacement; gives how often each was drawn, `[samples, groups]`."""
    rng = np.random.default_rng(0)
    return rng.multinomial(count, np.full(count, 1 / count), BOOTSTRAP_SAMPLES)


def bootstrap_interval(samples: NDArray[np.float64], groups: int) -> Interval:
    """Return the expanded percentile interval of bootstrap samples over so many groups.

    Plain percentiles are too narrow where groups are few; these reach further out, by as much as
    Student's distribution does (Hesterberg, What Teachers Should Know About the Bootstrap, 2015).
    """
    from scipy import stats

    if groups < 2:  # noqa: PLR2004
        return float("-inf"), float("inf")
    reach = np.sqrt(groups / (groups - 1)) * stats.t.ppf((1 - LEVEL) / 2, groups - 1)
    tail = float(stats.norm.cdf(reach))
    low, high = np.quantile(samples, (tail, 1 - tail))
    return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """By how much more of the same tracks one run gets right than another.

    Attributes:
        gain: Share of the tracks.
        interval: Its 95 % bootstrap interval over groups.
        p: Probability of so large a gain or loss by chance: random signs of the groups' gains.
        mcnemar: The same by McNemar's exact test, which takes all tracks for independent.
    """

    gain: float
    interval: Interval
    p: float
    mcnemar: float


def difference(
    right: NDArray[np.bool_], reference: NDArray[np.bool_], groups: Groups
) -> Difference:
    """Compare two runs on the same tracks, `[tracks]` each.

    Both are drawn together, group by group: tracks that are hard, or easy, for both take no part.
    """
    gains = right.astype(int) - reference
    by_group, members = sums(gains, groups), np.bincount(groups)
    draws = drawn_groups(len(members))
    samples = (draws @ by_group) / (draws @ members)
    low, high = bootstrap_interval(samples, len(members))
    return Difference(
        gain=float(gains.mean()),
        interval=(max(low, -1.0), min(high, 1.0)),
        p=_sign_flips(by_group),
        mcnemar=mcnemar(int((gains > 0).sum()), int((gains < 0).sum())),
    )


def _sign_flips(gains: NDArray[np.float64]) -> float:
    """Return how often random signs make a sum of gains that is as far from zero."""
    gains = gains[gains != 0]
    if not gains.size:
        return 1.0
    least = abs(gains.sum()) - 1e-9
    if gains.size <= ENUMERATED:
        signs = np.array(list(product((-1, 1), repeat=gains.size)))
        return float((abs(signs @ gains) >= least).mean())
    signs = np.random.default_rng(0).choice((-1, 1), (SIGN_FLIPS, gains.size))
    return float(((abs(signs @ gains) >= least).sum() + 1) / (SIGN_FLIPS + 1))


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact p-value of McNemar's test (1947): are gains and losses equally likely?"""
    from scipy.stats import binomtest

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number (Holm 1979): each may be read as if it were the only one."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _normal(probability: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(probability))
