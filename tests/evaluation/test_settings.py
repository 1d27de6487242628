"""How sure a network may be, fitted to tracks and told about others."""

import json

import numpy as np
import pytest

from tagger.inference.confidence import WRITES_NOTHING
from tagger.inference.vote import Voting, vote
from trainer.evaluation import calibration
from trainer.evaluation.calibration import (
    Reliability,
    at_end_of_grid,
    fit_temperature,
    least_confidence,
    nothing_to_write,
    soften,
)
from trainer.evaluation.predictions import UNKNOWN, WindowPredictions
from trainer.evaluation.selection import group_folds, risk_and_coverage
from trainer.evaluation.settings import Settings, fit_settings
from trainer.evaluation.text import warnings

LABELS = ("blues", "jazz", "rock")
WINDOWS = 6


def predicted(
    tracks: int = 300, *, skill: float = 2.0, per_group: int = 1, seed: int = 0
) -> WindowPredictions:
    """Windows of tracks; of every third track they disagree, and then it is mostly wrong."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(3, size=tracks)
    odd = np.arange(tracks) % 3 == 0
    owners = np.repeat(np.arange(tracks), WINDOWS)
    logits = rng.normal(size=(tracks, 3)) / 2
    logits[~odd, targets[~odd]] += skill
    logits[odd, rng.integers(3, size=odd.sum())] += skill
    spread = np.where(odd, 3.0, 0.3)[owners, None]
    windows = np.exp(logits[owners] + spread * rng.normal(size=(len(owners), 3)))
    return WindowPredictions(
        labels=LABELS,
        names=tuple(f"{LABELS[t]}/{i:04d}" for i, t in enumerate(targets)),
        sources=("clips",) * tracks,
        groups=tuple(f"artist {i // per_group}" for i in range(tracks)),
        targets=targets,
        windows=(windows / windows.sum(1, keepdims=True)).astype(np.float32),
        owners=owners,
    )


# The minimum confidence


def test_the_least_confidence_reaches_the_goal():
    confidence = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, True, True, False, False, False])
    assert least_confidence(confidence, right, 0.8) == 0.8
    assert least_confidence(confidence, right, 0.7) == 0.7
    assert least_confidence(confidence, right, 0.5) == 0.5


def test_where_no_confidence_reaches_the_goal_nothing_is_written():
    confidence = np.linspace(0.1, 0.99, 100)
    assert least_confidence(confidence, np.arange(100) % 2 == 0, 0.8) == WRITES_NOTHING == 1.0
    # A few sure ones that are right are no tenth of the tracks.
    right = confidence > 0.92
    assert right.sum() < 10
    assert least_confidence(confidence, right & (confidence > 0.99), 0.9) == WRITES_NOTHING
    assert json.dumps(least_confidence(np.full(4, 0.499, np.float32), np.ones(4, bool))) == "0.49"


def test_tracks_of_one_confidence_are_written_together():
    """The hundredth that is kept lets in all tracks at or above it, and all of them count."""
    confidence = np.array([0.806, 0.805, 0.804, 0.803])
    right = np.array([True, True, False, False])
    assert least_confidence(confidence, right, 0.8) == WRITES_NOTHING


def test_a_confidence_of_one_is_no_minimum():
    assert least_confidence(np.ones(10), np.ones(10, bool)) == 0.99


def test_an_untrained_network_is_said_to_write_nothing():
    rng = np.random.default_rng(0)
    votes = rng.dirichlet([50] * 10, 200).astype(np.float32)
    targets = rng.integers(10, size=200)
    assert "would write nothing" in nothing_to_write(votes, targets)
    good = np.eye(10, dtype=np.float32)[targets] * 0.5 + votes * 0.5
    assert nothing_to_write(good, targets) == ""


def test_a_useless_network_is_warned_of():
    useless = fit_settings(predicted(skill=0.0)).settings
    assert useless.min_confidence == WRITES_NOTHING
    assert any("writes nothing by default" in text for text in warnings(useless))
    good = fit_settings(predicted(skill=4.0)).settings
    assert good.min_confidence < WRITES_NOTHING
    assert warnings(good) == []


# The temperature


def test_the_temperature_undoes_what_sharpened_the_probabilities():
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([0.5] * 4, 4000)
    targets = np.array([rng.choice(4, p=row) for row in honest])
    sharpened = soften(honest.astype(np.float32), 1 / 2.5)
    temperature = fit_temperature(sharpened, targets)
    assert temperature == pytest.approx(2.5, rel=0.1)
    np.testing.assert_allclose(soften(sharpened, temperature), honest, atol=0.05)


def test_a_temperature_at_the_end_of_its_grid_is_reported():
    # Always sure, and right in half of the cases: no temperature of the grid is soft enough.
    sure = soften(np.full((100, 2), [0.999, 0.001], np.float32), 0.5)
    temperature = fit_temperature(sure, np.arange(100) % 2)
    assert temperature == calibration.TEMPERATURES[-1]
    assert "at the end of the range" in at_end_of_grid(temperature)
    assert "at the end of the range" in at_end_of_grid(calibration.TEMPERATURES[0])
    assert at_end_of_grid(1.3) == ""
    settings = Settings(voting=Voting.MEAN, temperature=temperature, min_confidence=0.5, tracks=99)
    assert "at the end of the range" in " ".join(warnings(settings))


def test_softening_a_vote_is_voting_with_a_temperature():
    windows = np.random.default_rng(0).dirichlet([1] * 5, 7).astype(np.float32)
    for rule in Voting:
        once = soften(vote(windows, rule)[None], 1.7)[0]
        np.testing.assert_allclose(once, vote(windows, rule, 1.7), atol=1e-5)


def test_the_expected_calibration_error_is_the_weighed_gap():
    # Nine tracks at 0.9, of which six are right, and one at 0.5 that is.
    confidence = np.array([0.9] * 9 + [0.5])
    right = np.array([True] * 6 + [False] * 3 + [True])
    bins = Reliability.of(confidence, right)
    assert bins.tracks == [1, 9]
    assert bins.accuracy == pytest.approx([1, 2 / 3])
    assert bins.error == pytest.approx(0.1 * 0.5 + 0.9 * (0.9 - 2 / 3), abs=1e-6)
    assert bins.interval[0][0] == pytest.approx(0.207, abs=0.001)  # of one track: nearly nothing
    assert Reliability.of(np.ones(2), np.ones(2, bool)).error == 0


# Cross-validation and the logistic model


def test_artists_stay_in_one_fold():
    groups = np.repeat(np.arange(40), np.arange(1, 41))
    folds = group_folds(groups)
    assert all(len(set(folds[groups == group])) == 1 for group in range(40))
    sizes = np.bincount(folds)
    assert len(sizes) == 5
    assert sizes.max() - sizes.min() <= 4
    assert group_folds(np.zeros(7, int)).tolist() == [0] * 7


def test_no_track_is_counted_with_settings_that_its_artist_took_part_in(monkeypatch):
    fitted = []

    def fit(votes, targets):
        fitted.append({vote.tobytes() for vote in votes})
        return 1.0

    monkeypatch.setattr("trainer.evaluation.settings.fit_temperature", fit)
    given = predicted(60, per_group=4)
    fit_settings(given)
    everything, *folds = fitted
    votes = given.votes[fit_settings(given).settings.voting]
    assert len(everything) == 60
    artist = {vote.tobytes(): group for vote, group in zip(votes, given.groups, strict=True)}
    for fold in folds[:5]:
        left_out = everything - fold
        assert left_out
        assert not {artist[vote] for vote in left_out} & {artist[vote] for vote in fold}


def test_disagreement_of_windows_makes_a_better_confidence_where_it_tells():
    found = fit_settings(predicted(600), goal=0.85)
    assert found.learned is not None
    assert found.settings.confidence is not None
    assert found.learned.risk < found.plain.risk
    assert found.settings.confidence.disagreement < 0
    assert found.written_right is not None
    assert found.written_right > 0.8
    # What the tagger does with it is what was counted.
    given = predicted(200, seed=5)
    used = found.settings.probabilities(given)
    votes = soften(given.votes[found.settings.voting], found.settings.temperature)
    assert used.argmax(1).tolist() == votes.argmax(1).tolist()
    right = votes.argmax(1) == given.targets
    assert (
        risk_and_coverage(used.max(1), right)[0].mean()
        < risk_and_coverage(votes.max(1), right)[0].mean()
    )


def test_a_logistic_model_that_is_no_better_is_not_used():
    rng = np.random.default_rng(3)
    given = predicted(200)
    windows = rng.dirichlet([1] * 3, len(given.owners)).astype(np.float32)
    noise = WindowPredictions(**{**vars(given), "windows": windows})
    found = fit_settings(noise)
    assert found.learned is not None
    if found.settings.confidence is None:
        assert not found.learned.better_than(found.plain)
    few = fit_settings(predicted(99))
    assert few.learned is None
    assert few.settings.confidence is None
    one_artist = fit_settings(predicted(300, per_group=300))
    assert one_artist.settings.confidence is None


def test_other_music_is_written_less_where_it_was_learnt_from():
    given = predicted(600, skill=3.0)
    rng = np.random.default_rng(1)
    # Music that is none of the labels: one label leads a little, whichever.
    logits = rng.normal(size=(200, 3))[np.repeat(np.arange(200), WINDOWS)]
    windows = np.exp(1.2 * logits + rng.normal(size=logits.shape))
    other = WindowPredictions(
        labels=LABELS,
        names=tuple(f"other/{i}" for i in range(200)),
        sources=("other",) * 200,
        groups=tuple(f"other artist {i}" for i in range(200)),
        targets=np.zeros(200, int),
        windows=(windows / windows.sum(1, keepdims=True)).astype(np.float32),
        owners=np.repeat(np.arange(200), WINDOWS),
    )
    both = given.and_unknown(other)
    assert (both.targets[600:] == UNKNOWN).all()
    without, with_other = fit_settings(given).settings, fit_settings(both).settings
    assert (with_other.tracks, with_other.unknown) == (600, 200)
    written = with_other.probabilities(other).max(1) >= with_other.min_confidence
    before = without.probabilities(other).max(1) >= without.min_confidence
    assert written.mean() < before.mean() / 2


def test_settings_survive_the_file():
    found = fit_settings(predicted(600), goal=0.85, source="songs").settings
    assert found.confidence is not None
    assert Settings.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    plain = fit_settings(predicted(50)).settings
    assert Settings.from_dict(json.loads(json.dumps(plain.to_dict()))) == plain


def test_the_risk_of_the_surest_tracks():
    risk, coverage = risk_and_coverage(np.array([0.2, 0.9, 0.5]), np.array([False, True, False]))
    assert risk == pytest.approx([0, 1 / 2, 2 / 3])
    assert coverage == pytest.approx([1 / 3, 2 / 3, 1])
