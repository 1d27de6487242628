from dataclasses import replace
from pathlib import Path

import pytest

from tagger.pipeline.decide import Rules, decide
from tagger.pipeline.folders import FolderRules
from tagger.settings.schema import FolderRule
from tagger.tags.genre_names import WriteStyle, spelling
from tagger.tags.vocabulary import Vocabulary
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


def test_a_whitelist_allows_names_in_any_spelling_and_no_others():
    vocabulary = Vocabulary(names={"hiphop": ("Rap", "Urban"), "rock": ("Rock",)})
    rules = Rules(min_confidence=0.1, top=2, vocabulary=vocabulary, whitelist=("rap",))
    assert decide(predicted(), LABELS, rules).genres == ("Rap",)
    none = decide(predicted(), LABELS, replace(rules, whitelist=()))
    assert (none.action, none.status) == (Action.SKIP, Status.OK)
    assert "config.toml" in none.error


def test_parents_are_written_after_their_children_and_once():
    vocabulary = Vocabulary(
        names={"hiphop": ("Rap", "Urban"), "rock": ("Hard Rock",), "my own": ()},
        parents={"rap": ("Hip-Hop",), "Hip Hop": ("Black", "Rap"), "Hard Rock": ("Rock", "Urban")},
    )
    assert vocabulary.names_of("hiphop") == ("Rap", "Urban", "Hip-Hop", "Black")
    assert vocabulary.names_of("my own") == ()  # what is not written has no parents
    rules = Rules(min_confidence=0.1, top=2, vocabulary=vocabulary)
    both = ("Rap", "Urban", "Hip-Hop", "Black", "Hard Rock", "Rock")
    assert decide(predicted(), LABELS, rules).genres == both
    broad = decide(predicted(), LABELS, replace(rules, whitelist=("hiphop",)))
    assert broad.genres == ("Hip-Hop",)  # a whitelist can leave the parent alone
    unsure = decide(predicted(), LABELS, replace(rules, min_confidence=0.9))
    assert (unsure.genres, unsure.guess) == ((), ("Rap", "Urban", "Hip-Hop", "Black"))


def test_a_runner_up_is_not_written_in_place_of_a_genre_that_is_left_out():
    for rules in ({"whitelist": ("rock",)}, {"vocabulary": Vocabulary(names={"hiphop": ()})}):
        result = decide(predicted(), LABELS, Rules(min_confidence=0.1, top=2, **rules))
        assert (result.action, result.genres) == (Action.SKIP, ())


def test_a_folder_has_a_threshold_of_its_own(tmp_path):
    sure = FolderRules([FolderRule(path=tmp_path / "sure", min_confidence=0.8)])
    rules = Rules(min_confidence=0.5, folders=sure)
    for folder, status in (("sure/deep", Status.UNCERTAIN), ("other", Status.OK)):
        track = predicted(name=str(tmp_path / folder / "a.mp3"))
        assert decide(track, LABELS, rules).status is status


@pytest.mark.parametrize(
    ("style", "existing"),
    [
        (WriteStyle(joined="; "), ("Polka; Hip-Hop",)),
        (WriteStyle(joined="/"), ("Polka/Hip-Hop",)),
        (WriteStyle(id3v23_separator=", "), ("Polka, Hip-Hop",)),
        (WriteStyle(), ("Polka", "Hip-Hop")),
    ],
)
def test_joined_genres_are_told_apart_when_one_is_added(style, existing):
    rules = Rules(min_confidence=0.5, append=True, style=style)
    assert decide(predicted(existing=existing), LABELS, rules).action is Action.KEEP
    added = decide(predicted(existing=("Polka",)), LABELS, rules)
    assert added.genres == ("Polka", "Hip-Hop")
    one = decide(predicted(existing=("Hip-Hop/Rap",)), LABELS, Rules(min_confidence=0, append=True))
    assert one.genres == ("Hip-Hop/Rap", "Hip-Hop")
