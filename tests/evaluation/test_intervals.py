"""What a number of tracks by some artists can say, and what it cannot."""

import numpy as np
import pytest
from scipy import stats

from trainer.evaluation.intervals import (
    bootstrap_interval,
    difference,
    effective_tracks,
    holm,
    mcnemar,
    number_groups,
    share_interval,
)


def test_tracks_of_unknown_artists_are_groups_of_their_own():
    assert number_groups(["a", "", "b", "", "a"]).tolist() == [0, 1, 2, 3, 0]


def test_eight_of_eight_right_is_no_certainty():
    low, high = share_interval(np.ones(8, bool), np.arange(8))
    assert high == 1
    assert low == pytest.approx(0.676, abs=0.001)  # Wilson's
    assert share_interval(np.zeros(8, bool), np.arange(8)) == pytest.approx((0, 1 - low))
    # All by two artists, of whom we know that each is right.
    assert share_interval(np.ones(8, bool), np.arange(8) // 4)[0] < 0.4


def test_independent_tracks_have_the_interval_of_wilson():
    right = np.arange(100) < 60
    low, high = share_interval(right, np.arange(100))
    assert (low, high) == pytest.approx((0.502, 0.691), abs=0.004)


def test_tracks_of_one_artist_that_are_right_together_count_for_fewer():
    right = np.repeat(np.arange(10) < 6, 10)
    groups = np.repeat(np.arange(10), 10)
    assert effective_tracks(right, groups) < 12
    low, high = share_interval(right, groups)
    assert high - low > 0.45
    assert effective_tracks(right, np.arange(100)) == pytest.approx(100, rel=0.05)


def test_intervals_by_artist_cover_the_truth():
    """Of twelve artists each has a share of its own; plain Wilson covers the mean in half."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 12)
    by_group = by_track = 0
    for _ in range(200):
        right = rng.random(144) < np.repeat(rng.beta(0.7, 0.7, 12), 12)
        by_group += _covers(right, groups)
        by_track += _covers(right, np.arange(144))
    assert by_group >= 180
    assert by_track < 140


def _covers(right: np.ndarray, groups: np.ndarray) -> bool:
    low, high = share_interval(right, groups)
    return low <= 0.5 <= high


def test_a_chance_gain_with_few_artists_is_hardly_ever_called_clear(monkeypatch):
    """Two runs that are equally good, each better with some artists by chance."""
    monkeypatch.setattr("trainer.evaluation.intervals.SIGN_FLIPS", 2_000)  # 0.05 within a half %
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(8), 12)
    clear = naive = 0
    for _ in range(150):
        one, other = (rng.random(96) < np.repeat(rng.beta(1, 1, 8), 12) for _ in range(2))
        clear += difference(one, other, groups).p < 0.05
        naive += difference(one, other, np.arange(96)).p < 0.05
    assert clear <= 15  # 5 % of 150 and twice the deviation
    assert naive > 50


def test_intervals_over_few_artists_reach_as_far_as_students_distribution():
    samples = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    low, high = bootstrap_interval(samples, groups=5)
    assert high == pytest.approx(np.sqrt(5 / 4) * 2.776, rel=0.01)  # from a table of t, 4 degrees
    assert low == pytest.approx(-high)


def test_a_gain_with_every_artist_is_clear():
    groups = np.repeat(np.arange(10), 6)
    reference = np.tile([True, False, False, True, False, False], 10)
    better = np.tile([True, True, False, True, False, False], 10)
    found = difference(better, reference, groups)
    assert found.gain == pytest.approx(1 / 6)
    assert found.interval == pytest.approx((1 / 6, 1 / 6))
    assert found.p == pytest.approx(2 / 2**10)
    assert found.mcnemar == pytest.approx(2 / 2**10)
    assert difference(reference, reference, groups).p == 1
    # Three artists cannot make anything clear: signs alone do that in one of four cases.
    few = difference(better[:18], reference[:18], groups[:18])
    assert few.p == pytest.approx(0.25)


def test_a_paired_difference_is_surer_than_two_intervals():
    rng = np.random.default_rng(0)
    reference = rng.random(200) < 0.6
    better = reference.copy()
    better[np.flatnonzero(~reference)[:10]] = True
    found = difference(better, reference, np.arange(200))
    low, high = found.interval
    assert found.gain == pytest.approx(0.05)
    assert 0 < low < found.gain < high < 0.1
    assert difference(reference, better, np.arange(200)).gain == pytest.approx(-0.05)


def test_mcnemar_is_the_sign_test_of_the_tracks_that_differ():
    assert mcnemar(0, 0) == 1
    assert mcnemar(8, 0) == pytest.approx(2 / 2**8)
    assert mcnemar(5, 5) == 1


def test_many_comparisons_are_corrected_for():
    assert holm([]) == []
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1, 1]
