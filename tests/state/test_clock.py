"""A clock that jumps between runs: what is new, and what is undone, stays the same."""

import csv
import io
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import music, write_audio

from tagger.identity import Identity
from tagger.state.cache import Cache
from tagger.state.maintenance import CacheMaintenance
from tagger.tags.mutagen_tags import read_genres
from tagger.tracks import Prediction, Status, Track

YEAR = 365 * 24 * 3600


@pytest.fixture
def clock(monkeypatch):
    """Set the clock by so many seconds off."""
    real, real_ns = time.time, time.time_ns

    def set_off(seconds: int) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + seconds * 10**9)

    return set_off


@pytest.fixture
def track(tmp_path):
    """Write a track with a modification time so many seconds off."""

    def write(name: str, seconds: int, seed: int) -> Path:
        path = write_audio(tmp_path / "music" / name, music(3.2, seed=seed))
        moment = time.time() + seconds
        os.utime(path, (moment, moment))
        return path

    return write


@pytest.mark.parametrize("jump", [5 * YEAR, -5 * YEAR])
def test_what_is_new_does_not_depend_on_the_clock(clock, track, genretag, toy_model, jump):
    folder = track("a.wav", -60, 0).parent

    def new() -> set[str]:
        words = ("scan", folder, "--model", toy_model, "--new", "-j", 1, "-q", "--csv", "-")
        code, out, err = genretag(*words)
        assert (code, err) == (0, "")
        return {Path(row["path"]).name for row in csv.DictReader(io.StringIO(out))}

    assert new() == {"a.wav"}
    clock(jump)
    assert new() == set()
    track("older.wav", -10 * YEAR, 1)  # than the last scan, by its time
    track("younger.wav", 10 * YEAR, 2)  # than this moment
    assert new() == {"older.wav", "younger.wav"}
    clock(0)
    assert new() == set()


def test_the_last_run_is_undone_whatever_its_time(clock, track, genretag, toy_model):
    song = track("a.wav", -60, 0)
    words = ("scan", song, "--model", toy_model, "-q", "--write-tags", "--min-confidence", 0)
    genretag(*words)
    first = read_genres(song)
    clock(-5 * YEAR)
    genretag(*words, "--overwrite", "--top", 2)
    assert read_genres(song) != first
    assert genretag("history")[0] == 0
    assert genretag("undo", "--yes")[0] == 0
    assert read_genres(song) == first
    assert genretag("undo", "--yes")[0] == 0
    assert read_genres(song) == ()


def test_pruning_keeps_what_is_known_of_the_file_that_is_there(clock, track, home, tmp_path):
    """Though what stood there before was stored when the clock was ahead."""
    path = track("a.wav", -60, 0)
    with Cache(home) as cache:
        key = cache.key_for(path, 30.0, 3)
        for mark, inode, ahead in ((b"old", 2**40, YEAR), (b"new", Identity.of(path).inode, 0)):
            clock(ahead)
            identity = replace(Identity.of(path), inode=inode)
            cache.store_prediction(mark, key, Prediction(status=Status.SILENT))
            cache.store_file(Track(path=path, identity=identity, fingerprint=mark))
    with CacheMaintenance(home) as maintenance:
        assert maintenance.prune(None) == (0, 1)
        assert maintenance._db.execute("SELECT fingerprint FROM file").fetchall() == [(b"new",)]
