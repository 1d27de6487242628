"""Which tracks vote together with `--album`."""

from pathlib import Path
from threading import Event

import mutagen
import pytest
from conftest import music, write_audio

from tagger.pipeline.albums import vote_by_album
from tagger.pipeline.walk import find_music
from tagger.tracks import PredictedTrack, Prediction, Status, Track

PROBABILITIES = ((0.9, 0.1), (0.2, 0.8), (0.6, 0.4), (0.3, 0.7), (0.5, 0.5), (0.75, 0.25))


def predicted(path: Path, probabilities: tuple[float, ...]) -> PredictedTrack:
    prediction = Prediction(status=Status.OK, seconds=30.0, probabilities=probabilities)
    return PredictedTrack(track=Track(path=path), prediction=prediction)


@pytest.fixture
def votes(tmp_path):
    """Make a library; gives a function that lets it vote, and says who voted with whom.

    The names of tracks are `folder/track`; one that ends in `:album` has that album in its tag, and
    one that ends in `:album by artist` an artist too.
    """
    root = tmp_path / "m"

    def make(name: str) -> None:
        name, _, album = name.partition(":")
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not album:
            path.touch()
            return
        file = mutagen.File(write_audio(path, music(0.2)))
        file["album"], _, artist = album.partition(" by ")
        if artist:
            file["artist"] = artist
        file.save()

    def among(*names: str, named: tuple[str, ...] = (".",)) -> set[str]:
        for name in names:
            make(name)
        paths = [root / name for name in named]
        found = [file.path for file in find_music(paths)]
        tracks = [predicted(path, PROBABILITIES[n]) for n, path in enumerate(found)]
        voted = list(vote_by_album(tracks, paths, Event()))
        assert [track.path for track in voted] == found
        together: dict[tuple[float, ...], list[str]] = {}
        for track in voted:
            together.setdefault(track.prediction.probabilities, []).append(track.path.stem)
        return {"".join(names) for names in together.values()}

    return among


def test_a_folder_is_an_album(votes):
    assert votes("one/a.mp3", "one/b.mp3", "two/c.mp3", "two/d.mp3") == {"ab", "cd"}


def test_singles_beside_albums_vote_alone(votes):
    assert votes("a.mp3", "b.mp3", "album/c.mp3", "album/d.mp3") == {"a", "b", "cd"}


def test_singles_named_themselves_do_too(votes):
    names = ("a.mp3", "b.mp3", "album/c.mp3")
    assert votes(*names, named=("a.mp3", "b.mp3")) == {"a", "b"}


@pytest.mark.parametrize("also", [".hidden/z.mp3", "Scans/front.jpg"])
def test_an_album_that_is_named_itself_votes_as_one(votes, also):
    assert votes("a.mp3", "b.mp3", also) == {"ab"}


def test_so_does_one_with_discs_and_more(votes):
    assert votes("a.mp3", "CD1/b.mp3", "CD2/c.mp3", "Bonus/d.mp3") == {"abc", "d"}


def test_a_library_with_a_folder_that_is_named_like_a_disc_is_no_album(votes):
    names = ("a.mp3", "b.mp3", "CD 2003 Hits/c.mp3", "album/d.mp3", "other/e.mp3", "Scans/f.jpg")
    assert votes(*names) >= {"a", "b", "d", "e"}


def test_the_greatest_hits_of_two_bands_are_two_albums(votes):
    names = ("a.flac:Hits by Abba", "b.flac:Hits by Queen", "c.flac:Hits by ABBA")
    assert votes(*names) == {"ac", "b"}


def test_loose_tracks_go_by_their_album_tags(votes):
    names = ("a.flac:One", "b.flac:Two", "c.flac:ONE", "d.flac", "e.flac")
    assert votes(*names) == {"ac", "b", "de"}
    assert votes("album/f.mp3") == {"ac", "b", "d", "e", "f"}


def test_further_down_a_folder_is_an_album_whatever_the_tags_say(votes):
    assert votes("x/a.flac:One", "x/b.flac:Two") == {"ab"}


def test_an_album_that_is_not_complete_is_left_out():
    stop = Event()
    taken = 0

    def tracks():
        nonlocal taken
        for taken in range(100):
            if taken == 12:
                stop.set()
            yield predicted(Path(f"{taken // 5}/{taken}.mp3"), (0.5, 0.5))

    assert [int(t.path.stem) for t in vote_by_album(tracks(), [], stop)] == list(range(10))
    assert taken == 12


def test_only_the_albums_that_vote_are_held_together():
    tracks = [
        predicted(Path(name), PROBABILITIES[n % 2])
        for n, name in enumerate(("a/1", "a/2", "b/CD1/1", "b/CD2/1"))
    ]
    voted = list(vote_by_album(tracks, [], Event(), {Path("b")}.__contains__))
    assert [t.path for t in voted] == [t.path for t in tracks]
    assert voted[:2] == tracks[:2]
    assert voted[2].prediction == voted[3].prediction
