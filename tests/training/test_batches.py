"""What a batch is drawn from, and what is done to its windows."""

import threading
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.dataset import Track
from trainer.data.tracks_table import Row, write_rows
from trainer.training import batches
from trainer.training.augmentation import Augmentation
from trainer.training.batches import (
    Batch,
    WindowSampler,
    draw_probabilities,
    prefetched,
    shrink_strip,
)
from trainer.training.options import FitOptions
from trainer.training.plan import plan


def tracks(**counts: int) -> list[Track]:
    """Tracks by data set and genre: `songs_rock=3`."""
    return [
        Track(genre=name.split("_")[1], name=str(i), split="train", strips=(), source=source)
        for name, count in counts.items()
        for i in range(count)
        for source in (name.split("_")[0],)
    ]


def odds_by(key: str, given: list[Track], odds: np.ndarray) -> dict[str, float]:
    found: Counter[str] = Counter()
    for track, share in zip(given, odds, strict=True):
        found[getattr(track, key)] += share
    return dict(found)


def test_balance_even_draws_every_genre_alike():
    given = tracks(a_rock=9, a_jazz=1)
    odds = odds_by("genre", given, draw_probabilities(given, "even", {}))
    assert odds == {"rock": pytest.approx(0.5), "jazz": pytest.approx(0.5)}


def test_balance_root_draws_genres_by_the_root_of_their_tracks():
    given = tracks(a_rock=9, a_jazz=1)
    odds = odds_by("genre", given, draw_probabilities(given, "root", {}))
    assert odds["rock"] == pytest.approx(3 * odds["jazz"])


def test_balance_none_draws_every_track_alike():
    odds = draw_probabilities(tracks(a_rock=9, a_jazz=1), "none", {})
    np.testing.assert_allclose(odds, 0.1)


def test_a_share_is_that_of_a_data_set_and_the_others_have_the_rest():
    given = tracks(songs_rock=1, songs_pop=3, gtzan_rock=50, extra_rock=50)
    odds = draw_probabilities(given, "even", {"songs": 0.6})
    by_source = odds_by("source", given, odds)
    assert by_source["songs"] == pytest.approx(0.6)
    assert by_source["gtzan"] == pytest.approx(by_source["extra"]) == pytest.approx(0.2)
    of_songs = odds_by("genre", given[:4], odds[:4])
    assert of_songs["rock"] == pytest.approx(of_songs["pop"]) == pytest.approx(0.3)


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.01, 0.99))
def test_odds_add_up_whatever_the_shares(first, second, share):
    given = tracks(a_rock=first, b_rock=second, b_pop=second)
    odds = draw_probabilities(given, "root", {"a": share})
    assert odds.sum() == pytest.approx(1)
    assert (odds > 0).all()


# Data sets


def write(folder: Path, genres: str, shrink: int = 1, split: str = "train") -> Path:
    rows = []
    for number, genre in enumerate(genres):
        rng = np.random.default_rng(zlib.crc32(f"{folder.name}{number}".encode()))
        shape = 128 // shrink, 256 // shrink
        file = f"{genre}/{folder.name}-{number}.npy"
        prepared.save_strip(folder / file, rng.standard_normal(shape).astype("f"), np.float16)
        rows.append(Row(file=file, genre=genre, track=f"{folder.name}-{number}", split=split))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, MelStrip(), shrink)
    return folder


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        (("songs",), "takes NAME=SHARE"),
        (("songs=half",), "takes NAME=SHARE"),
        (("sogns=0.5",), "names 'sogns'; the data sets with training tracks are gtzan, songs"),
        (("songs=1.2",), "leave room"),
        (("songs=-0.1",), "leave room"),
        (("songs=1",), "leave room"),
        (("songs=0.5", "gtzan=0.6"), "leave room"),
        (("songs=0.5", "gtzan=0.4"), "leave room"),
    ],
)
def test_shares_that_mean_nothing(tmp_path, shares, words):
    data = [str(write(tmp_path / name, "ab")) for name in ("songs", "gtzan")]
    with pytest.raises(DataError, match=words):
        plan(tmp_path / "run", FitOptions(data=tuple(data), shares=shares), resume=False)


def test_shares_are_read_by_the_name_of_the_folder(tmp_path):
    data = [str(write(tmp_path / name, "ab")) for name in ("songs", "gtzan")]
    for shares in ((), ("songs=0.6",), ("songs=0.6", "gtzan=0.4"), ("songs=0",)):
        options = FitOptions(data=tuple(data), shares=shares)
        found = plan(tmp_path / "run", options, resume=False).shares
        assert list(found) == [text.partition("=")[0] for text in shares]


def test_half_resolution_strips_stand_beside_full_ones(tmp_path):
    full, half = write(tmp_path / "full", "ab"), write(tmp_path / "half", "ab", shrink=2)
    data = prepared.load([full, half])
    assert [track.source for track in data.tracks] == ["full", "half"] * 2
    for track in data.tracks:
        (strip,) = track.load()
        assert strip.shape == (128, 256)
        if track.source == "half":
            stored = np.load(track.strips[0])
            np.testing.assert_array_equal(shrink_strip(strip, 2), stored)
    sampler = WindowSampler(data, data.tracks, WindowGrid(), Augmentation.off(), factor=2)
    assert sampler.batch(0, 4).windows.shape == (4, 64, 64)


def test_a_shrink_that_is_none_is_refused(tmp_path):
    folder = write(tmp_path / "data", "ab")
    text = (folder / "front_end.json").read_text().replace("{", '{"shrink": 0,', 1)
    (folder / "front_end.json").write_text(text)
    with pytest.raises(DataError, match="not a valid shrink"):
        prepared.load([folder])


# Augmentation


def test_augmentation_is_scaled_with_the_windows():
    full = Augmentation.strong()
    half = full.scaled(2)
    assert (half.mask_bands, half.mask_frames) == (full.mask_bands // 2, full.mask_frames // 2)
    assert half.shift_bands == full.shift_bands / 2
    # The mean of four cells has half the deviation of their noise.
    assert half.noise == full.noise / 2
    same = ("mixup", "masks", "stretch_bands", "stretch_frames", "equaliser", "gain", "low_pass")
    assert all(getattr(half, name) == getattr(full, name) for name in same)
    assert full.scaled(1) == full


# Sampling ahead


def made(number: int, size: int) -> Batch:
    time.sleep(0.002 * (number % 3 == 0))
    if number == 99:
        raise DataError("no such batch")
    numbers = np.full((size, 1), number, np.float32)
    return Batch(windows=numbers, targets=numbers, weights=numbers[:, 0])


def test_batches_come_in_order_however_many_are_made_at_a_time(monkeypatch):
    monkeypatch.setattr(batches, "WORKERS", 4)
    for count in (0, 1, 30):
        found = [batch.windows[0, 0] for batch in prefetched(made, 5, count, 2)]
        assert found == list(range(5, 5 + count))


def test_what_goes_wrong_with_a_batch_is_raised_and_ends_the_others(monkeypatch):
    monkeypatch.setattr(batches, "WORKERS", 2)
    drawn = prefetched(made, 98, 1000, 1)
    assert next(drawn).windows[0, 0] == 98
    with pytest.raises(DataError, match="no such batch"):
        next(drawn)
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]
