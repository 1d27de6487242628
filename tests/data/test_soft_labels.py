"""Soft labels in a prepared data set: written, read, and learnt from, never scored."""

import numpy as np
import pytest

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.soft_labels import SOFT_LABELS_FILE, SoftLabels, load_soft_labels
from trainer.data.tracks_table import Row, write_rows
from trainer.training.augmentation import Augmentation
from trainer.training.batches import WindowSampler

GUESSES = np.array([[0.75, 0.25, 0], [0.2, 0.2, 0.6], [0, 1, 0]], np.float32)


def write(folder, rows):
    for row in rows:
        prepared.save_strip(folder / row.file, np.zeros((64, 64), np.float32), np.float16)
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, MelStrip(), 2)
    return folder


@pytest.fixture
def named(tmp_path):
    rows = [
        Row(file=f"{genre}/{split}.npy", genre=genre, track=split, split=split)
        for genre in ("jazz", "rock")
        for split in ("train", "valid")
    ]
    return write(tmp_path / "named", rows)


@pytest.fixture
def guessed(tmp_path):
    splits = ("train", "train", "valid")
    folder = write(
        tmp_path / "guessed",
        [
            Row(file=f"{number}.npy", genre="unlabelled", track="train", split=split)
            for number, split in enumerate(splits)
        ],
    )
    files = tuple(f"{number}.npy" for number in range(3))
    SoftLabels(labels=("jazz", "rock", "ska"), files=files, values=GUESSES).save(folder)
    return folder


def test_soft_labels_are_read_as_they_were_written(guessed):
    found = load_soft_labels(guessed)
    assert found is not None
    assert found.labels == ("jazz", "rock", "ska")
    np.testing.assert_allclose(found.values, GUESSES, atol=1e-4)


def test_only_training_tracks_are_taken_and_have_their_likeliest_genre(named, guessed):
    data = prepared.load([named, guessed])
    assert data.labels == ("jazz", "rock", "ska")
    tracks = {track.name: track for track in data.tracks if track.source == "guessed"}
    assert set(tracks) == {"guessed/train"}  # and not one of "named", which is called alike
    assert sorted(t.genre for t in data.tracks if t.source == "guessed") == ["jazz", "ska"]
    assert {track.source for track in data.split("valid")} == {"named"}


def test_batches_hold_the_probabilities(named, guessed):
    data = prepared.load([named, guessed])
    tracks = [track for track in data.tracks if track.source == "guessed"]
    sampler = WindowSampler(data, tracks, WindowGrid(), Augmentation.off(), factor=2)
    found = {tuple(row) for row in sampler.batch(0, 32).targets.round(2).tolist()}
    assert found == {tuple(row) for row in GUESSES[:2].round(2).tolist()}
    labelled = next(track for track in data.tracks if track.genre == "rock")
    assert data.probabilities(labelled).tolist() == [0, 1, 0]


@pytest.mark.parametrize("content", ["", "file,jazz,rock\n0.npy,1,x\n", "file,a\n0.npy,nan\n"])
def test_damaged_soft_labels_are_named(guessed, named, content):
    (guessed / SOFT_LABELS_FILE).write_text(content)
    with pytest.raises(DataError, match=r"soft_labels\.csv is damaged"):
        prepared.load([named, guessed])


def test_soft_labels_of_other_tracks_are_refused(guessed, named):
    write_rows(
        guessed / "tracks.csv", [Row(file="0.npy", genre="unlabelled", track="0", split="train")]
    )
    with pytest.raises(DataError, match="about other tracks"):
        prepared.load([named, guessed])
