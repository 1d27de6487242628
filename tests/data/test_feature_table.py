"""Tables of ready features, as they go round with GTZAN."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tagger.audio.summary import NAMES, SummaryFeatures
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.feature_table import COLUMNS, write_feature_table
from trainer.data.gtzan import GENRES
from trainer.data.prepare import Preparation, prepare
from trainer.data.splits import Split
from trainer.data.tracks_table import Row, read_rows


def write(file: Path, names: list[tuple[str, str]], **changes: str) -> Path:
    """Write a table whose columns are not in our order, with one that nobody asked for."""
    rng = np.random.default_rng(0)
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["filename", "length", *reversed(COLUMNS), "label"])
        writer.writeheader()
        for name, label in names:
            values = dict(zip(COLUMNS, rng.normal(size=len(COLUMNS)), strict=True))
            writer.writerow(
                {"filename": name, "length": 66149, "label": label, **values, **changes}
            )
    return file


SEGMENTS = [
    (f"{genre}.{number:05d}.{segment}.wav", genre)
    for genre in ("jazz", "rock")
    for number in range(4)
    for segment in range(3)
]


def read(folder: Path) -> list[Row]:
    return read_rows(folder / "tracks.csv")


def test_the_columns_are_those_of_the_tables_of_gtzan():
    assert len(set(COLUMNS)) == len(NAMES) == 57
    for name in ("chroma_stft_mean", "rolloff_var", "perceptr_mean", "mfcc20_var", "tempo"):
        assert name in COLUMNS
    assert COLUMNS[NAMES.index("zero-crossing rate mean")] == "zero_crossing_rate_mean"


def test_segments_of_a_track_are_one_track(tmp_path):
    table, said = write(tmp_path / "features_3_sec.csv", SEGMENTS), []
    prepare(table, tmp_path / "out", Preparation(shares=(0.5, 0.5, 0)), report=said.append)
    data = prepared.load([tmp_path / "out"])
    assert data.labels == ("jazz", "rock")
    assert len(data.tracks) == 8
    assert {strip.shape for track in data.tracks for strip in track.load()} == {(57, 3)}
    assert "may differ" in said[-1]
    with table.open() as stream:
        first = next(csv.DictReader(stream))
    (track,) = (track for track in data.tracks if track.name == "jazz.00000")
    expected = [float(first[name]) for name in COLUMNS]
    np.testing.assert_allclose(track.load()[0][:, 0], expected, rtol=1e-6)


def test_a_table_that_was_written_is_read_again(tmp_path):
    prepare(write(tmp_path / "a.csv", SEGMENTS), tmp_path / "one", Preparation(), report=str)
    write_feature_table(tmp_path / "one", read(tmp_path / "one"))
    prepare(tmp_path / "one" / "features.csv", tmp_path / "two", Preparation(), report=str)
    assert read(tmp_path / "one") == read(tmp_path / "two")
    for row in read(tmp_path / "one"):
        arrays = [np.load(tmp_path / name / row.file) for name in ("one", "two")]
        np.testing.assert_allclose(*arrays, rtol=1e-6)
    assert prepared.read_front_end(tmp_path / "two") == SummaryFeatures()


def test_the_table_of_gtzan_gets_its_published_splits(tmp_path):
    names = [(f"{genre}.{n:05d}.wav", genre) for genre in GENRES for n in range(20)]
    prepare(write(tmp_path / "a.csv", names), tmp_path / "out", Preparation(), report=str)
    rows = read(tmp_path / "out")
    assert {row.split for row in rows} == {"train", "valid", "test"}
    assert {row.track for row in rows} <= {f"{n:05d}" for n in range(20)}


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"tempo": "fast"}, {}, "row 1 has a cell that is no number"),
        ({"tempo": "nan"}, {}, "a finite number"),
        ({"label": ""}, {}, "lacks a name, a label"),
        ({"label": "jazz"}, {}, "fewer than two genres"),
        ({}, {"split": Split.FAULT_FILTERED}, "--split fault-filtered"),
    ],
)
def test_bad_tables_of_features(tmp_path, changes, options, words):
    table = write(tmp_path / "a.csv", SEGMENTS, **changes)
    with pytest.raises(DataError, match=words):
        prepare(table, tmp_path / "out", Preparation(**options), report=str)


def test_a_table_without_the_features_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("filename,label\na.wav,jazz\n")
    with pytest.raises(DataError, match="no column chroma_stft_mean"):
        prepare(tmp_path / "a.csv", tmp_path / "out", Preparation(), report=str)
