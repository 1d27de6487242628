"""Stacks of ready strips become a prepared data set."""

import csv
from pathlib import Path

import numpy as np
import pytest
from commandline import train
from tunes import tune

from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.stacked_strips import dequantise
from trainer.data.targets import load_targets
from trainer.data.tracks_table import read_rows
from trainer.training.batches import shrink

SONGS = [  # genre, group, title
    ("rock", "band one", "Band One - First"),
    ("rock", "somebody's list", "Band Two - Second"),
    ("rock", "somebody's list", "Band Three - Third"),
    ("rock", "Band Three", "untitled"),
    *(("rock", f"solo {n}", "") for n in range(8)),
    *(("pop", f"duo {n}", f"Duo {n} - Song") for n in range(12)),
]


def write(
    folder: Path,
    columns: str,
    lines: list[tuple],
    bands: int = 64,
    levels: np.ndarray | None = None,
) -> np.ndarray:
    folder.mkdir(parents=True)
    if levels is None:
        levels = np.random.default_rng(0).integers(0, 256, (len(lines), bands, 96), np.uint8)
    for number, part in enumerate(np.array_split(levels, 2)):
        np.save(folder / f"strips-{number}.npy", part)
    with (folder / "tracks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns.split(","), *lines])
    return levels


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    lines = [(n, 80 + n % 2, *song) for n, song in enumerate(SONGS)]
    write(tmp_path / "songs", "row,frames,genre,group,title", lines)
    return tmp_path / "songs"


def test_labelled_strips_are_split_by_artist(songs, tmp_path):
    output = tmp_path / "out"
    text = train("prepare", songs, output, "--shares", 0.5, 0.25, 0.25)
    assert "24 strips converted" in text
    assert prepared.read_shrink(output) == 2
    rows = read_rows(output / "tracks.csv")
    assert [row.genre for row in rows] == [genre for genre, *_ in SONGS]
    assert rows[0].seconds == pytest.approx(80 * 1024 / 22050, abs=0.01)
    # The list and Band Three are one group, since the list has a song of Band Three.
    assert len({row.split for row in rows[1:4]}) == 1
    assert len({row.group for row in rows[1:4]}) == 1
    for genre in ("rock", "pop"):
        splits = [row.split for row in rows if row.genre == genre]
        assert {name: splits.count(name) for name in prepared.SPLITS} == {
            "train": 6,
            "valid": 3,
            "test": 3,
        }
    strip = np.load(output / rows[1].file)
    assert strip.shape == (64, 81)
    levels = np.concatenate([np.load(songs / f"strips-{n}.npy") for n in (0, 1)])[1, :, :81]
    decibels = levels * (80 / 255) - 80.0
    expected = (decibels - decibels.mean()) / decibels.std()
    np.testing.assert_allclose(strip, expected, atol=2e-3)
    np.testing.assert_allclose(dequantise(levels), expected, atol=1e-3)
    assert len(prepared.load([output]).tracks) == 24


def levels_of(samples: np.ndarray) -> np.ndarray:
    """Return eight bits a cell of a strip at half resolution, `[64, frames]`."""
    strip = MelStrip().compute(samples)
    half = shrink(strip[:, : strip.shape[1] // 2 * 2], 2)
    # The strip has a deviation of one; whatever scale the levels have is taken out again.
    return np.clip((half - half.max()) * 32 + 255, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("split", ["stratified", "kfold"])
def test_copies_of_a_recording_are_in_one_split_with_all_of_their_artists(tmp_path, split):
    frames = 200
    tunes = [levels_of(tune(number, 12.0)) for number in range(12)]
    # The first three are there again, from later on: the first under the name of another artist.
    strips = [levels[:, :frames] for levels in tunes] + [
        levels[:, 21:][:, :frames] for levels in tunes[:3]
    ]
    genres = ["jazz", "rock"] * 6 + ["jazz", "rock", "jazz"]
    artists = [
        "band 0",
        "",
        "",
        "",
        *(f"band {number}" for number in range(4, 12)),
        "band 4",
        "",
        "",
    ]
    lines = [
        (row, genre, artist)
        for row, (genre, artist) in enumerate(zip(genres, artists, strict=True))
    ]
    write(tmp_path / "songs", "row,genre,group", lines, levels=np.stack(strips))
    for seed in range(3):
        output = tmp_path / f"out {seed}"
        text = train(
            "prepare", tmp_path / "songs", output, "--split", split, "--folds", 3, "--seed", seed
        )
        assert "6 tracks are copies of the same recordings, such as jazz/songs-00000 and" in text
        rows = read_rows(output / "tracks.csv")
        places = [row.fold or row.split for row in rows]
        assert places[:3] == places[12:]
        assert rows[0].group == rows[4].group == rows[12].group
        assert rows[1].group == rows[13].group == "rock/songs-00001"
        assert rows[3].group == ""


def test_the_same_command_gives_the_same_splits(songs, tmp_path):
    train("prepare", songs, tmp_path / "one")
    train("prepare", songs, tmp_path / "two")
    train("prepare", songs, tmp_path / "two")
    one, two = ((tmp_path / name / "tracks.csv").read_text() for name in ("one", "two"))
    assert one == two
    train("prepare", songs, tmp_path / "folds", "--split", "kfold", "--folds", 4)
    rows = read_rows(tmp_path / "folds" / "tracks.csv")
    assert {row.fold for row in rows} == {"1", "2", "3", "4"}


def test_music_without_genres_keeps_the_songs_for_validation(tmp_path):
    source, output = tmp_path / "music", tmp_path / "out"
    write(source, "row,group,in_songs", [(n, n // 2, n % 2) for n in range(4)])
    rng = np.random.default_rng(0)
    np.save(source / "tags.npy", rng.standard_normal((4, 2, 5)).astype(np.float16))
    np.save(source / "features.npy", rng.standard_normal((4, 2, 3)).astype(np.float16))
    np.save(source / "feature_variance.npy", np.array([0.16, 0.04, 0.01]))
    train("prepare", source, output)
    rows = read_rows(output / "tracks.csv")
    assert [row.split for row in rows] == ["train", "valid"] * 2
    assert {row.genre for row in rows} == {"unlabelled"}
    targets = load_targets(output)
    assert targets.values.shape == (4, 2, 8)
    assert targets.starts == (0, 64)
    assert [part.name for part in targets.parts] == ["tags", "features"]
    np.testing.assert_allclose(targets.parts[1].weights, np.array([4, 2, 1]) * 3 / 7, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("table", "has 3 strips, but tracks.csv lists 2 tracks"),
        ("bands", "strips of 48 bands; they should divide 128"),
        ("type", "should hold uint8"),
        ("targets", "targets of .* cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, words):
    source = tmp_path / "source"
    lines = [(n, "jazz" if n else "rock", n) for n in range(3)]
    write(source, "row,genre,group", lines, bands=48 if change == "bands" else 64)
    if change == "table":
        text = (source / "tracks.csv").read_text().splitlines()
        (source / "tracks.csv").write_text("\n".join(text[:-1]))
    if change == "type":
        np.save(source / "strips-0.npy", np.zeros((2, 64, 96)))
    if change == "targets":
        (source / "tags.npy").touch()
    with pytest.raises(DataError, match=words):
        train("prepare", source, tmp_path / "out")
    assert not (tmp_path / "out" / "front_end.json").exists()


def test_options_that_ready_strips_cannot_have_are_refused(songs, tmp_path):
    for options in (("--split", "windows"), ("--front-end", "summary-features")):
        with pytest.raises(DataError, match=r"strips, which|alone"):
            train("prepare", songs, tmp_path / "out", *options)
