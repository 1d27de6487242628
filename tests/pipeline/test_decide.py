from pathlib import Path

import pytest

from tagger.pipeline.decide import Rules, decide
from tagger.tags.genre_names import spelling
from tagger.tracks import Action, PredictedTrack, Prediction, Status, Track

LABELS = ("hiphop", "rock", "my own")


def predicted(probabilities=(0.7, 0.2, 0.1), existing=(), name="a.mp3") -> PredictedTrack:
    return PredictedTrack(
        track=Track(path=Path(name), existing=existing),
        prediction=Prediction(status=Status.OK, seconds=30.0, probabilities=probabilities),
    )


@pytest.mark.parametrize(
    ("track", "rules", "status", "action", "genres"),
    [
        (predicted(), Rules(min_confidence=0.5), Status.OK, Action.WRITE, ("Hip-Hop",)),
        (predicted(), Rules(min_confidence=0.8), Status.UNCERTAIN, Action.SKIP, ()),
        (predicted(), Rules(min_confidence=0.7), Status.OK, Action.WRITE, ("Hip-Hop",)),
        (
            predicted(),
            Rules(min_confidence=0.15, top=3),
            Status.OK,
            Action.WRITE,
            ("Hip-Hop", "Rock"),
        ),
        (
            predicted(),
            Rules(min_confidence=0.0, top=2),
            Status.OK,
            Action.WRITE,
            ("Hip-Hop", "Rock"),
        ),
        (
            predicted(existing=("Polka",)),
            Rules(min_confidence=0.5),
            Status.OK,
            Action.KEEP,
            ("Hip-Hop",),
        ),
        (
            predicted(existing=("Polka",)),
            Rules(min_confidence=0.5, overwrite=True),
            Status.OK,
            Action.WRITE,
            ("Hip-Hop",),
        ),
        (predicted(name="a.au"), Rules(min_confidence=0.5), Status.OK, Action.SKIP, ("Hip-Hop",)),
    ],
)
def test_decisions(track, rules, status, action, genres):
    result = decide(track, LABELS, rules)
    assert (result.status, result.action, result.genres) == (status, action, genres)
    assert [genre for genre, _ in result.ranking] == ["Hip-Hop", "Rock", "my own"]


def test_a_track_without_prediction_is_skipped_with_its_reason():
    silent = PredictedTrack(
        track=Track(path=Path("a.mp3")),
        prediction=Prediction(status=Status.SILENT, error="is silent"),
    )
    result = decide(silent, LABELS, Rules(min_confidence=0.5))
    assert (result.status, result.action, result.error) == (
        Status.SILENT,
        Action.SKIP,
        "is silent",
    )
    assert not result.failed


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("hiphop", "Hip-Hop"),
        ("hip hop", "Hip-Hop"),
        ("blues", "Blues"),
        ("ROCK", "Rock"),
        ("Psytrance 2", "Psytrance 2"),
        ("日本の歌", "日本の歌"),
    ],
)
def test_spelling(label, name):
    assert spelling(label) == name
