from pathlib import Path

import numpy as np
import pytest

from tagger.pipeline.decide import Rules, decide
from tagger.tags.genres import spelling
from tagger.tracks import Action, Heard, Judged, Status

LABELS = ("hiphop", "rock", "my own")


def judged(probabilities=(0.7, 0.2, 0.1), existing=(), name="a.mp3") -> Judged:
    heard = Heard(Path(name), existing, np.zeros((2, 2), np.float32), 30.0)
    return Judged(heard, probabilities)


@pytest.mark.parametrize(
    ("track", "rules", "status", "action", "genres"),
    [
        (judged(), Rules(0.5), Status.OK, Action.WRITE, ("Hip-Hop",)),
        (judged(), Rules(0.8), Status.UNCERTAIN, Action.SKIP, ()),
        (judged(), Rules(0.7), Status.OK, Action.WRITE, ("Hip-Hop",)),
        (judged(), Rules(0.15, top=3), Status.OK, Action.WRITE, ("Hip-Hop", "Rock")),
        (judged(), Rules(0.0, top=2), Status.OK, Action.WRITE, ("Hip-Hop", "Rock")),
        (judged(existing=("Polka",)), Rules(0.5), Status.OK, Action.KEEP, ("Hip-Hop",)),
        (
            judged(existing=("Polka",)),
            Rules(0.5, overwrite=True),
            Status.OK,
            Action.WRITE,
            ("Hip-Hop",),
        ),
        (judged(name="a.au"), Rules(0.5), Status.OK, Action.SKIP, ("Hip-Hop",)),
    ],
)
def test_decisions(track, rules, status, action, genres):
    result = decide(track, LABELS, rules)
    assert (result.status, result.action, result.genres) == (status, action, genres)
    assert [genre for genre, _ in result.ranking] == ["Hip-Hop", "Rock", "my own"]


def test_a_track_that_was_not_heard_is_skipped_with_its_reason():
    heard = Heard(Path("a.mp3"), status=Status.SILENT, error="is silent")
    result = decide(Judged(heard), LABELS, Rules(0.5))
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
