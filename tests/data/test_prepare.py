"""The data side of the trainer: clips, splits and what is kept between runs."""

import errno
import os
import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import mutagen
import numpy as np
import pytest
from conftest import music, write_audio
from full_disk import room
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tunes import tune
from typer.testing import CliRunner

from tagger.audio.pictures import SpectrogramPicture
from tagger.errors import DataError
from tagger.tags.credits import Credits, read_credits
from trainer.cli import app
from trainer.data import dataset as prepared
from trainer.data import decoding, gtzan, library, prepare, splits
from trainer.data.prepare import Preparation
from trainer.data.splits import Split
from trainer.data.tracks_table import Row, read_rows, write_rows
from trainer.data.windows import WindowSplit


def make(folder: Path, *names: str, seconds: float = 0.5) -> Path:
    """Write clips that are all different."""
    for name in names:
        seed = int.from_bytes(name.encode()) % 1_000_003
        write_audio(folder / name, music(seconds, seed=seed, pitch=100 + seed % 900))
    return folder


class Prepared:
    """Prepares in this process, and keeps what was said and decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self.decoded: list[str] = []
        decode = decoding.decode

        def spy(path: Path, *rest):
            self.decoded.append(path.name)
            return decode(path, *rest)

        monkeypatch.setattr(decoding, "decode", spy)

    def __call__(self, source: Path, output: Path, **options) -> dict[str, Row]:
        self.said.clear()
        self.decoded.clear()
        self.counted: list[tuple[int, int, str]] = []
        how = Preparation(jobs=1, **options)
        prepare.prepare(
            source, output, how, report=self.said.append, progress=lambda *n: self.counted.append(n)
        )
        rows = read_rows(output / "tracks.csv")
        return {f"{row.genre}/{row.track}": row for row in rows}

    @property
    def text(self) -> str:
        return "\n".join(self.said)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Prepared:
    return Prepared(monkeypatch)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    names = [f"{genre}/{number}.wav" for genre in ("jazz", "rock") for number in range(4)]
    return make(tmp_path / "clips", *names)


def strips_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.npy")}


def no_parts(folder: Path) -> bool:
    return not [path for path in folder.rglob("*") if ".part" in path.name]


# Splits


def library_of_artists() -> list[Row]:
    """Twelve artists in two genres, some in both, with one to nine tracks."""
    return [
        Row(
            file=f"{a}-{i}-{p}",
            genre="rock" if a % 3 else "jazz",
            track=f"{a}-{i}",
            group=f"artist {a // 2}",
        )
        for a in range(24)
        for i in range(1 + a % 9)
        for p in "ab"
    ]


@pytest.mark.parametrize("seed", range(5))
def test_no_track_and_no_artist_is_in_two_splits(seed):
    rows = library_of_artists()
    for assigned in (
        splits.stratified(rows, (0.7, 0.15, 0.15), seed, print),
        splits.folds(rows, 4, seed, print),
    ):
        of_track, of_artist = defaultdict(set), defaultdict(set)
        for row in assigned:
            of_track[row.key].add((row.split, row.fold))
            of_artist[row.group].add((row.split, row.fold))
        assert {len(found) for found in of_track.values()} == {1}
        assert {len(found) for found in of_artist.values()} == {1}
        assert Counter(row.file for row in assigned) == Counter(row.file for row in rows)
    assert Counter(row.fold for row in assigned).keys() == {"1", "2", "3", "4"}


def test_genres_are_in_every_split_in_the_same_shares():
    rows = [
        Row(file=f"{g}{i}{p}", genre=g, track=str(i))
        for g in "abc"
        for i in range(40)
        for p in "xy"
    ]
    assigned = splits.stratified(rows, (0.7, 0.15, 0.15), 1, print)
    counts = Counter((row.genre, row.split) for row in assigned)
    for genre in "abc":
        assert [counts[genre, split] for split in prepared.SPLITS] == [56, 12, 12]
    other = splits.stratified(rows, (0.7, 0.15, 0.15), 2, print)
    assert [row.split for row in assigned] != [row.split for row in other]
    assert {row.split for row in splits.stratified(rows, (0.8, 0.2, 0), 1, print)} == {
        "train",
        "valid",
    }


def test_artists_in_two_splits_are_reported_and_left_where_they_are():
    """A table may say so, or the artist of tracks become known after they were assigned."""
    said: list[str] = []
    rows = [
        Row(
            file=f"{genre}{i}",
            genre=genre,
            track=str(i),
            split=split,
            group="The Band" if i < 2 else f"{genre} {i}",
        )
        for genre in "ab"
        for i, split in enumerate(prepared.SPLITS)
    ]
    assert splits.from_table(rows, said.append) == rows
    assert splits.stratified(rows, (0.7, 0.15, 0.15), 1, said.append) == rows
    assert len(said) == 2
    assert {line.partition(";")[0] for line in said} == {
        "Artists or albums in more than one split: 1, such as The Band"
    }


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
artists = st.one_of(st.just(""), st.integers(0, 6).map("artist {}".format))
tracks = st.dictionaries(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), artists, min_size=1)


@patient
@given(
    st.lists(tracks, min_size=2, max_size=4), st.sampled_from([(0.7, 0.15, 0.15), (0.8, 0.2, 0.0)])
)
def test_tracks_that_are_added_never_move_others(added, shares):
    """Nor do artists come into two splits, and nobody gets a split that is to be empty."""
    known: dict[tuple[str, str], Row] = {}
    artist_of: dict[tuple[str, str], str] = {}
    for more in added:
        for (genre, number), artist in more.items():
            artist_of.setdefault((genre, str(number)), artist)
        rows = [
            known.get(key) or Row(file="-".join(key), genre=key[0], track=key[1], group=artist)
            for key, artist in sorted(artist_of.items())
        ]
        assigned = {row.key: row for row in splits.stratified(rows, shares, 1, lambda _: None)}
        assert known == {key: assigned[key] for key in known}
        known = assigned
        of_artist = defaultdict(set)
        for row in assigned.values():
            of_artist[row.group or row.key].add(row.split)
        assert {len(found) for found in of_artist.values()} == {1}
        assert shares[2] or "test" not in Counter(row.split for row in assigned.values())


@patient
@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(0, 5))
def test_shares_stay_what_they_are_to_be_when_tracks_are_added(added, seed):
    shares = (0.7, 0.15, 0.15)
    rows: list[Row] = []
    for number in added:
        start = len(rows) // 2
        rows += [
            Row(file=f"{g}{i}", genre=g, track=str(i))
            for g in "ab"
            for i in range(start, start + number)
        ]
        rows = splits.stratified(rows, shares, seed, lambda _: None)
    counts = Counter((row.genre, row.split) for row in rows)
    for genre in "ab":
        for split, share in zip(prepared.SPLITS, shares, strict=True):
            assert abs(counts[genre, split] - share * len(rows) / 2) <= 1 + len(added)


def test_it_is_said_where_artists_are_not_known_or_too_few(run, clips, tmp_path):
    run(clips, tmp_path / "out", shares=(0.5, 0.5, 0.0))
    assert "artist of 8 of 8 tracks is not known" in run.text
    said: list[str] = []
    rows = [
        Row(file=f"{g}{i}", genre=g, track=str(i), group=f"{g}'s only artist")
        for g in "ab"
        for i in range(9)
    ]
    splits.stratified(rows, (0.7, 0.15, 0.15), 1, said.append)
    assert said == [
        f"No track of a, b is in {split}: too few, or too few artists, to divide."
        for split in ("valid", "test")
    ]
    said.clear()
    splits.folds(rows, 3, 1, said.append)
    assert [line.partition(":")[0] for line in said] == [
        f"No track of {missing} is in fold {fold}"
        for fold, missing in ((1, "b"), (2, "a"), (3, "a, b"))
    ]


def test_windows_of_a_track_stay_together_when_loaded(run, tmp_path):
    source = make(
        tmp_path / "clips",
        *(f"{g}/Album {i % 5}/{i}.wav" for g in ("jazz", "rock") for i in range(10)),
        seconds=4,
    )
    run(source, tmp_path / "out", shares=(0.5, 0.25, 0.25))
    data = prepared.load([tmp_path / "out"])
    windows = {
        split: {
            strip[:, start : start + 128].tobytes()
            for track in data.split(split)
            for strip in track.load()
            for start in range(strip.shape[1] - 127)
        }
        for split in prepared.SPLITS
    }
    assert all(windows.values())
    assert not windows["train"] & windows["valid"]
    assert not (windows["train"] | windows["valid"]) & windows["test"]
    albums = [{t.genre + t.name.split("/")[0] for t in data.split(s)} for s in prepared.SPLITS]
    assert not albums[0] & albums[1] | albums[0] & albums[2] | albums[1] & albums[2]


def test_folds_are_chosen_when_they_are_read(run, clips, tmp_path):
    run(clips, tmp_path / "out", split=Split.KFOLD, folds=4)
    parts = [prepared.load([tmp_path / "out"], fold) for fold in (1, 2, 3, 4)]
    valid = [track.strips for part in parts for track in part.split("valid")]
    assert len(valid) == len(set(valid)) == 8
    assert all(len(part.split("train")) == 6 for part in parts)
    with pytest.raises(DataError, match="--fold"):
        prepared.load([tmp_path / "out"])
    with pytest.raises(DataError, match="no fold 5"):
        prepared.load([tmp_path / "out"], 5)
    run(clips, tmp_path / "out", split=Split.STRATIFIED)
    with pytest.raises(DataError, match="not in folds"):
        prepared.load([tmp_path / "out"], 1)


def test_a_split_of_windows_has_no_frame_in_both_and_says_what_it_is(run, tmp_path):
    names = [f"{genre}/{number}.wav" for genre in ("jazz", "rock") for number in range(4)]
    source = make(tmp_path / "clips", *names, seconds=20)
    run(source, tmp_path / "out", split=Split.WINDOWS)
    assert "flattering" in run.text
    data = prepared.load([tmp_path / "out"])
    assert "windows of the same tracks" in data.flattering
    frames = 1 + 20 * 22_050 // 512
    stretches = WindowSplit().stretches
    names = {}
    for split in ("train", "valid"):
        names[split] = {(track.genre, track.name) for track in data.split(split)}
        lengths = [strip.shape[1] for track in data.split(split) for strip in track.load()]
        assert min(lengths) >= 128  # whole windows only
    assert names["train"] & names["valid"]  # which is why it flatters
    for number in range(40):
        train, valid = (stretches(frames, 128, f"a/{number}", s) for s in ("train", "valid"))
        covered = sorted(train + valid)
        assert covered[0][0] == 0
        assert covered[-1][1] == frames
        assert all(left[1] == right[0] for left, right in pairwise(covered))
    assert stretches(60, 128, "short", "train") or stretches(60, 128, "short", "valid")
    run(source, tmp_path / "out", split=Split.STRATIFIED)
    assert prepared.load([tmp_path / "out"]).flattering == ""


def test_windows_are_split_in_any_shares_and_may_overlap(run, tmp_path):
    how = WindowSplit(shares=(0.5, 0.25, 0.25), overlap=0.5)
    parts = {
        split: [
            stretch
            for number in range(60)
            for stretch in how.stretches(1300, 128, f"a/{number}", split)
        ]
        for split in prepared.SPLITS
    }
    assert all(end - start == 128 for stretches in parts.values() for start, end in stretches)
    count = sum(map(len, parts.values()))
    assert count == 60 * (1 + (1300 - 128) // 64)
    shares = [len(parts[split]) / count for split in prepared.SPLITS]
    np.testing.assert_allclose(shares, how.shares, atol=0.05)

    names = [f"{genre}/{number}.wav" for genre in ("jazz", "rock") for number in range(2)]
    source = make(tmp_path / "clips", *names, seconds=20)
    run(source, tmp_path / "out", split=Split.WINDOWS, windows=how)
    assert "overlapping windows of the same tracks" in run.text
    data = prepared.load([tmp_path / "out"])
    assert "overlapping windows" in data.flattering
    assert all(data.split(split) for split in prepared.SPLITS)


def test_a_split_of_windows_survives_the_table():
    for how in (WindowSplit(), WindowSplit(shares=(0.7, 0.3, 0), overlap=0.5)):
        assert WindowSplit.parse(str(how)) == how
    assert str(WindowSplit()) == "windows"
    for text in ("", "train", "windows 1", "windows a/b/c overlap 0", "x 1/1/1 overlap 0"):
        assert WindowSplit.parse(text) is None


# GTZAN


@pytest.fixture
def small_gtzan(tmp_path: Path) -> Path:
    """Two listed tracks of each genre, one that is in no list, and the damaged one."""
    lists = gtzan.fault_filtered()
    root = tmp_path / "genres"
    for genre in gtzan.GENRES:
        listed = [track for g, track in lists if g == genre]
        make(root, *(f"{genre}/{genre}.{track}.au" for track in (listed[0], listed[-1])))
    unlisted = next(f"{n:05d}" for n in range(100) if ("pop", f"{n:05d}") not in lists)
    make(root, f"pop/pop.{unlisted}.wav")
    (root / "jazz" / "jazz.00054.au").write_bytes(b"damaged")
    (root / "blues" / "._blues.00000.au").write_bytes(b"what macOS leaves in archives")
    return root


def test_gtzan_is_recognised_and_gets_its_published_splits(run, small_gtzan, tmp_path):
    rows = run(small_gtzan, tmp_path / "out")
    assert "jazz.00054" in run.text
    assert "1 track in none" in run.text
    assert "._blues" not in run.text
    assert len(rows) == 20
    lists = gtzan.fault_filtered()
    assert all(row.split == lists[row.key] for row in rows.values())
    assert len(run.decoded) == 20  # what is left out is not even decoded
    run(small_gtzan, tmp_path / "out", split=Split.STRATIFIED)
    assert len(run.decoded) == 1
    assert "jazz/00054" not in run.text


def test_the_published_lists_are_whole():
    counts = Counter(gtzan.fault_filtered().values())
    assert counts == {"train": 443, "valid": 197, "test": 290}


def test_the_lists_agree_with_the_real_clips(gtzan):
    from trainer.data.gtzan import fault_filtered, recognise

    rows = read_rows(gtzan / "tracks.csv")
    assert recognise(rows) == rows
    assert all(fault_filtered()[row.key] == row.split for row in rows)


def test_what_is_not_gtzan_has_no_fault_filtered_split(run, clips, small_gtzan, tmp_path):
    with pytest.raises(DataError, match="not GTZAN"):
        run(clips, tmp_path / "out", split=Split.FAULT_FILTERED)
    mine = make(small_gtzan, "pop/mine.wav") / "pop/mine.wav"
    run(small_gtzan, tmp_path / "out")
    assert "GTZAN" not in run.text
    mine.rename(small_gtzan / "pop/blues.00099.wav")  # of another genre than it says
    run(small_gtzan, tmp_path / "out")
    assert "GTZAN" not in run.text


# What is kept between runs


def test_only_what_changed_is_decoded_again(run, clips, tmp_path):
    output = tmp_path / "out"
    first = run(clips, output)
    assert len(run.decoded) == 8
    decoded = [(done, 8, "clips") for done in range(1, 9)]
    compared = [
        (done, 8, what) for what in ("tracks to compare", "tracks compared") for done in range(8)
    ]
    assert run.counted == decoded + compared
    for path in output.rglob("*.npy"):
        os.utime(path, (0, 0))

    assert run(clips, output) == first
    assert run.decoded == []
    assert "8 unchanged" in run.text

    os.utime(clips / "jazz/1.wav", ns=(1, 1))  # another date, the same music
    assert run(clips, output) == first
    assert run.decoded == []

    before = np.load(output / "rock/2.npy")
    os.utime(write_audio(clips / "rock/2.wav", music(0.5, seed=99)), ns=(1, 1))
    run(clips, output)
    assert run.decoded == ["2.wav"]
    assert not np.array_equal(np.load(output / "rock/2.npy"), before)
    changed = {path for path in output.rglob("*.npy") if path.stat().st_mtime_ns}
    assert changed == {output / "rock/2.npy"}

    (output / "jazz/0.npy").unlink()
    (clips / "jazz/3.wav").unlink()
    run(clips, output)
    assert run.decoded == ["0.wav"]
    assert strips_of(output) == strips_of(output) & {
        f"{path}.npy"
        for path in (*(f"jazz/{n}" for n in range(3)), *(f"rock/{n}" for n in range(4)))
    }
    assert len(strips_of(output)) == 7

    run(clips, output, seconds=0.25)
    assert len(run.decoded) == 7


def test_what_was_done_before_an_interruption_is_kept(run, clips, tmp_path, monkeypatch):
    output = tmp_path / "out"
    real = decoding._prepare_clip

    def interrupted(task):
        if task.file == "rock/1.wav":
            raise KeyboardInterrupt
        return real(task)

    with monkeypatch.context() as patch:
        patch.setattr(decoding, "_prepare_clip", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(clips, output)
    with (output / "clips.jsonl").open("a") as file:
        file.write('{"file": "cut sho')
    with pytest.raises(DataError, match="not a prepared data set"):
        prepared.load([output])
    run(clips, output)
    assert sorted(run.decoded) == ["1.wav", "2.wav", "3.wav"]
    assert len(prepared.load([output]).tracks) == 8


@pytest.mark.parametrize("split", [Split.STRATIFIED, Split.KFOLD])
def test_clips_that_are_there_keep_their_split_when_others_come(run, clips, tmp_path, split):
    output = tmp_path / "out"
    options = {"split": split, "shares": (0.5, 0.25, 0.25), "folds": 3}

    def places() -> dict[str, tuple[str, str]]:
        return {key: (row.split, row.fold) for key, row in run(clips, output, **options).items()}

    first = places()
    make(clips, *(f"{genre}/0{n}.wav" for genre in ("jazz", "rock") for n in range(6)))
    (clips / "jazz/0.wav").rename(clips / "jazz/other name.wav")
    (clips / "rock/3.wav").unlink()
    write_audio(clips / "rock/2.wav", music(0.5, seed=99))  # another take of the same track
    second = places()
    assert "another way" not in run.text
    assert len(second) == 19
    assert second.pop("jazz/other name") == first.pop("jazz/0")
    del first["rock/3"]
    assert {key: second[key] for key in first} == first
    counts = Counter(places().values())
    assert len(counts) == 3
    assert min(counts.values()) >= 4

    rows = read_rows(output / "tracks.csv")
    write_rows(output / "tracks.csv", [replace(r, split="mine", fold="x") for r in rows])
    assert set(places().values()) == set(second.values())  # what somebody wrote there is no split

    run(clips, output, **options | {"seed": 2})
    assert "split in another way before" in run.text
    run(clips, output, **options | {"seed": 2})
    assert "another way" not in run.text


def test_assignment_that_a_full_disk_interrupted_is_made_again(run, clips, tmp_path, monkeypatch):
    output = tmp_path / "out"
    run(clips, output, seed=1)

    def full(*_: object) -> None:
        raise DataError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("trainer.data.prepare.write_rows", full)
        with pytest.raises(DataError, match="full"):
            run(clips, output, seed=2)
    run(clips, output, seed=2)
    assert "split in another way before" in run.text


def test_a_split_of_a_table_is_not_kept_when_tracks_are_dealt_out(run, clips, tmp_path):
    lines = [f"{g}/{n}.wav,{g},train" for g in ("jazz", "rock") for n in range(4)]
    source = table(clips, "\n".join(["file,genre,split", *lines]))
    assert {row.split for row in run(source, tmp_path / "out").values()} == {"train"}
    rows = run(source, tmp_path / "out", split=Split.STRATIFIED, shares=(0.5, 0.25, 0.25))
    assert Counter(row.split for row in rows.values()) == {"train": 4, "valid": 2, "test": 2}


@pytest.mark.parametrize("place", ["write", "save", "replace", "table"])
def test_a_full_disk_leaves_nothing_half_written(run, clips, tmp_path, monkeypatch, place):
    output = tmp_path / "out"
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    calls = []
    replace = Path.replace

    def save(stream, strip):
        stream.write(b"half of it")
        raise full

    def replace_or_fail(self, target):
        calls.append(target)
        if (place == "table" and target.name != "tracks.csv") or len(calls) < 4:
            return replace(self, target)
        raise full

    with monkeypatch.context() as patch, room(4000 if place == "write" else None):
        if place == "save":
            patch.setattr(np, "save", save)
        elif place != "write":
            patch.setattr(Path, "replace", replace_or_fail)
        words = "file too large" if place == "write" else "no space left"
        with pytest.raises(DataError, match=f"cannot be written .{words}") as caught:
            run(clips, output)
    assert "\n" not in str(caught.value)
    assert no_parts(output)
    assert not (output / "front_end.json").exists()
    for strip in strips_of(output):
        assert np.load(output / strip).shape[0] == 128
    run(clips, output)
    assert len(prepared.load([output]).tracks) == 8


def test_other_peoples_folders_are_not_written_to(run, clips, tmp_path):
    with pytest.raises(DataError, match="new folder"):
        run(clips, clips)
    other = tmp_path / "other"
    other.mkdir()
    (other / "tracks.csv").write_text("mine")
    with pytest.raises(DataError, match="new folder"):
        run(clips, other)
    assert (other / "tracks.csv").read_text() == "mine"
    with pytest.raises(DataError, match="is not a folder"):
        run(clips, clips / "jazz" / "0.wav")
    run(clips, tmp_path / "out")
    with pytest.raises(DataError, match="prepared already"):
        run(tmp_path / "out", tmp_path / "twice")


# Clips


def test_identical_audio_is_reported_and_never_learnt_twice(run, clips, tmp_path):
    shutil.copy(clips / "jazz/0.wav", clips / "jazz/copy.wav")
    samples = decoding.decode(clips / "rock/0.wav", 22_050, None)
    write_audio(clips / "rock/same.flac", samples)  # another file, the same samples
    shutil.copy(clips / "rock/1.wav", clips / "jazz/wrong.wav")
    rows = run(clips, tmp_path / "out")
    assert set(rows) == {*("jazz/0", "jazz/1", "jazz/2", "jazz/3", "rock/0", "rock/2", "rock/3")}
    assert "jazz/copy.wav is the same audio as jazz/0.wav; left out" in run.said
    assert "rock/same.flac is the same audio as rock/0.wav; left out" in run.said
    said = "jazz/wrong.wav (jazz) and rock/1.wav (rock) are the same audio under different genres"
    assert f"{said}; left out" in run.said


@pytest.mark.parametrize("split", [Split.STRATIFIED, Split.KFOLD])
def test_copies_of_a_recording_are_in_one_split_with_all_of_their_artists(run, tmp_path, split):
    source = tmp_path / "clips"
    lines = ["file,genre,track,artist"]
    for number in range(16):
        samples = tune(number, 12.0)
        genre = ("jazz", "rock")[number % 2]
        name = f"{genre}/{number}"
        write_audio(source / f"{name}.wav", samples)
        lines.append(f"{name}.wav,{genre},{number},{f'band {number // 2}' if number > 9 else ''}")
        if number in (0, 1, 2, 3, 12, 14):
            write_audio(source / f"{name} copy.mp3", samples[20_000:] * 0.5)
            # The same recording under another artist makes one group of both.
            lines.append(
                f"{name} copy.mp3,{genre},{number} copy,{'band 5' if number == 12 else ''}"
            )
    (source / "tracks.csv").write_text("\n".join(lines) + "\n")

    for seed in range(3):
        rows = run(source, tmp_path / f"prepared {seed}", split=split, seed=seed, folds=3)
        assert "12 tracks are copies of the same recordings, such as jazz/0 and" in run.text
        places = {name: row.fold or row.split for name, row in rows.items()}
        for name, place in places.items():
            if name.endswith(" copy"):
                assert places[name.removesuffix(" copy")] == place
        bands = ("jazz/10", "rock/11", "jazz/12", "jazz/12 copy", "rock/13")
        assert len({places[name] for name in bands}) == 1
        assert len({rows[name].group for name in bands}) == 1
        assert rows["jazz/0"].group == rows["jazz/0 copy"].group == "jazz/0"
        assert rows["jazz/4"].group == ""


def test_clips_that_cannot_be_read_are_named_and_left_out(run, clips, tmp_path):
    (clips / "jazz" / "text.mp3").write_text("no music")
    (clips / "jazz" / "empty.mp3").touch()
    write_audio(clips / "rock/silent.wav", np.zeros(9000, np.float32))
    (clips / "rock" / "cover.jpg").write_text("a picture")
    rows = run(clips, tmp_path / "out")
    assert len(rows) == 8
    for name, why in (("text", "not audio"), ("empty", "is empty"), ("silent", "is silent")):
        (line,) = (line for line in run.said if name in line)
        assert why in line
        assert line.endswith("; left out")
    assert "cover" not in run.text


def test_clips_of_one_name_do_not_take_each_others_strips(run, clips, tmp_path):
    make(clips, "jazz/0.flac")
    rows = run(clips, tmp_path / "out")
    assert len(rows) == 8  # one track, of which there are two strips
    assert {"jazz/0.wav.npy", "jazz/0.flac.npy"} < strips_of(tmp_path / "out")
    track = next(t for t in prepared.load([tmp_path / "out"]).tracks if t.name == "0")
    assert len(track.strips) == 2


def test_nothing_is_written_beside_clips_that_a_table_names_elsewhere(run, clips, tmp_path):
    source = tmp_path / "table"
    source.mkdir()
    lines = [f"{clips}/jazz/{n}.wav,jazz" for n in range(3)]
    lines += [f"../clips/rock/{n}.wav,rock" for n in range(3)]
    (source / "tracks.csv").write_text("\n".join(["file,genre", *lines]))
    before = sorted(clips.rglob("*"))
    run(source, tmp_path / "out")
    assert sorted(clips.rglob("*")) == before
    assert len(prepared.load([tmp_path / "out"]).tracks) == 6
    assert run(source, tmp_path / "out")
    assert run.decoded == []


def test_names_that_are_not_utf8(run, clips, tmp_path):
    odd = os.fsdecode(b"jazz/caf\xe9.wav")
    try:
        (clips / "jazz/0.wav").rename(clips / odd)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    for decoded in (8, 0):
        run(clips, tmp_path / "out")
        assert len(run.decoded) == decoded
    assert len(prepared.load([tmp_path / "out"]).tracks) == 8


# Tables


def table(source: Path, text: str) -> Path:
    (source / "tracks.csv").write_text(text)
    return source


def test_a_table_says_genre_artist_and_split(run, clips, tmp_path):
    lines = [f"jazz/{n}.wav,bop,artist {n // 2},train" for n in range(4)]
    lines += [f"rock/{n}.wav,metal,artist {5 + n},{'valid' if n else 'test'}" for n in range(4)]
    source = table(clips, "\n".join(["file,genre,artist,split", *lines]))
    rows = run(source, tmp_path / "out")
    assert {row.genre for row in rows.values()} == {"bop", "metal"}
    assert Counter(row.split for row in rows.values()) == {"train": 4, "valid": 3, "test": 1}
    rows = run(source, tmp_path / "out", split=Split.STRATIFIED, shares=(0.5, 0.5, 0))
    assert "not known" not in run.text
    assert rows["bop/jazz/0"].split == rows["bop/jazz/1"].split != rows["bop/jazz/2"].split


def test_labels_without_files_are_reported(run, clips, tmp_path):
    lines = [f"jazz/{n}.wav,jazz" for n in range(4)] + [f"rock/{n}.wav,rock" for n in range(9)]
    source = table(clips, "\n".join(["file,genre", *lines, "folk/1.wav,folk", "folk/2.wav,folk"]))
    rows = run(source, tmp_path / "out")
    assert len(rows) == 8
    assert [line for line in run.said if "not there" in line] == [
        "tracks.csv: 2 of 2 files of folk are not there, such as folk/1.wav; "
        "not a genre of the model then",
        "tracks.csv: 5 of 9 files of rock are not there, such as rock/4.wav; left out",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,genre\n", "lists no tracks"),
        ("genre,track\nrock,1\n", "no column file"),
        ("file,genre\nrock/1.wav,\n", "Track 1 in .* has no genre"),
        ("file,genre\nrock/1.wav\n", "has no genre"),
        ("file,genre,seconds\nrock/1.wav,rock,long\n", "not a number"),
        ("file,genre\nrock/1.wav,rock\n", "fewer than two genres"),
        ("file,genre\na.wav,rock\nb.wav,jazz\n", "None of the 2 files"),
        ("file,genre,split\nrock/1.wav,rock,train\njazz/1.wav,jazz,\n", "1 of 2 tracks"),
        ("file,genre,split\nrock/1.wav,rock,x\njazz/1.wav,jazz,train\n", "not one of"),
        (
            "file,genre,track,split\nrock/1.wav,rock,1,train\nrock/2.wav,rock,1,test\n"
            "jazz/1.wav,jazz,1,train\n",
            "rock/1 in two splits",
        ),
    ],
)
def test_bad_tables(run, clips, tmp_path, text, words):
    with pytest.raises(DataError, match=words) as caught:
        run(table(clips, text), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_bad_sources(run, tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        run(tmp_path / "none", tmp_path / "out")
    source = tmp_path / "clips"
    (source / "rock").mkdir(parents=True)
    with pytest.raises(DataError, match="no clips"):
        run(source, tmp_path / "out")
    (source / "jazz").mkdir()
    for genre in ("rock", "jazz"):
        (source / genre / "a.png").touch()
    with pytest.raises(DataError, match="--pictures-of"):
        run(source, tmp_path / "out")
    make(source, "rock/a.wav")
    with pytest.raises(DataError, match="fewer than two genres"):
        run(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (source / "jazz" / "b.wav").write_text("no music")
    with pytest.raises(DataError, match="fewer than two genres"):
        run(source, tmp_path / "out")
    assert "left out" in run.text
    with pytest.raises(DataError, match="no music"):
        run(tmp_path / "clips" / "jazz", tmp_path / "o", from_tags=True)


def test_the_command_line(clips, tmp_path):
    arguments = ["prepare", str(clips), str(tmp_path / "out"), "--jobs", "1"]
    done = CliRunner().invoke(app, [*arguments, "--split", "kfold", "--folds", "2"])
    assert done.exit_code == 0, done.output
    assert "fold 2" in done.output
    assert "8 clips decoded" in done.output
    done = CliRunner().invoke(app, [*arguments, "--split", "by heart"])
    assert done.exit_code == 2
    done = CliRunner().invoke(app, [*arguments, "--shares", "0", "1", "0"])
    assert "--shares" in str(done.exception)


# Pictures


def pictures_for(folder: Path, names: list[str]) -> Path:
    from PIL import Image

    for number, name in enumerate(names):
        picture = np.full((129, 40), 10 * number, np.uint8)
        picture[number] = 255
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / name)
    return folder


def test_ready_pictures_are_taken_as_they_are(tmp_path):
    names = [f"{genre}/{number}.png" for genre in ("jazz", "rock") for number in range(4)]
    source = pictures_for(tmp_path / "pictures", names)
    (source / "rock/3.png").write_text("no picture")
    said: list[str] = []
    how = Preparation(front_end=SpectrogramPicture(), shares=(0.5, 0.5, 0), jobs=1)
    rows = prepare.prepare(source, tmp_path / "out", how, report=said.append)
    assert len(rows) == 7
    assert "rock/3.png cannot be read" in said[0]
    picture = np.load(tmp_path / "out" / "jazz/2.npy")
    assert picture.shape == (224, 224)
    assert picture[0].mean() == pytest.approx(20)
    assert picture.mean(1).argmax() == pytest.approx(2.5 * 224 / 129, abs=1)
    data = prepared.load([tmp_path / "out"])
    assert data.front_end == SpectrogramPicture()


def test_strips_of_pictures_are_not_taken_for_strips_of_clips(run, clips, tmp_path):
    from trainer.data.pictures import prepare_pictures

    run(clips, tmp_path / "out")
    run(clips, tmp_path / "other")
    names = [f"{genre}/{number}.png" for genre in ("jazz", "rock") for number in range(4)]
    source = pictures_for(tmp_path / "pictures", names)
    (source / "rock/3.png").write_text("no picture")
    said: list[str] = []
    where = tmp_path / "other"
    rows = prepare_pictures(source, where, tmp_path / "out", seconds=3, report=said.append)
    assert len(rows) == 7
    assert not (where / "assignment.json").exists()
    assert said == [f"{source / 'rock/3.png'} is no picture, or is damaged; left out"]
    run(clips, where)
    assert len(run.decoded) == 8
    np.testing.assert_array_equal(
        np.load(where / "jazz/1.npy"), np.load(tmp_path / "out/jazz/1.npy")
    )
    with pytest.raises(DataError, match="new folder"):
        prepare_pictures(source, tmp_path / "out", tmp_path / "out", seconds=3, report=print)


# The user's own library


def tag(path: Path, genres: list[str], artist: str = "", album: str = "") -> None:
    """Write tags as a player would."""
    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    for key, value in (("genre", genres), ("artist", [artist]), ("album", [album])):
        if value and value[0]:
            file[key] = value
    file.save()


def test_genres_come_from_the_tags_of_a_library(run, tmp_path):
    root = tmp_path / "Music"
    spellings = ["Hip Hop", "hip-hop", "Hip-Hop"]
    for n in range(6):
        suffix = (".mp3", ".flac")[n % 2]
        for name, genre in (("rap", spellings[n % 3]), ("jazz", "Jazz")):
            file = f"{name} {n}{suffix}"
            make(root, file)
            tag(root / file, ["Rarely"] * (n == 0) + [genre], f"{name}  ARTIST {n // 2}"[:12])
    make(root, "untagged.flac", "odd/polka.flac", *(f"mess/{n}.flac" for n in range(3)))
    tag(root / "odd/polka.flac", ["Polka"])
    for n, genre in enumerate(("Jazz", "Hip Hop", "Soul")):
        tag(root / f"mess/{n}.flac", [genre], "One", "Mess")
    make(root, *(f"soul/{n}.flac" for n in range(4)))
    for n in range(4):
        tag(root / f"soul/{n}.flac", ["Soul"], f"Soul {n}")
    (root / "broken.flac").write_bytes(b"fLaC\x04")  # and no more

    rows = run(root, tmp_path / "out", from_tags=True, min_tracks=4, shares=(0.5, 0.5, 0))
    counts = Counter(row.genre for row in rows.values())
    assert counts == {"Hip-Hop": 6, "Jazz": 6, "Soul": 4}
    artists = defaultdict(set)
    for row in rows.values():
        artists[row.group].add(row.split)
    assert set(map(len, artists.values())) == {1}
    assert "" not in artists
    for words in (
        "Not learnt (fewer than 4 tracks): Polka (1), Rarely (2)",
        "Mess has 3 genres (Hip-Hop, Jazz, Soul); left out",
        "1 file without a genre tag",
        "1 track with none of the genres",
        "broken.flac has tags that cannot be read",
    ):
        assert words in run.text
    with pytest.raises(DataError, match="--min-tracks"):
        run(root, tmp_path / "out", from_tags=True, min_tracks=20)


def test_unlabelled_music_is_kept_by_artist_or_folder(run, tmp_path):
    root = tmp_path / "music"
    make(root, "loose.flac", *(f"album {n // 2}/{n}.mp3" for n in range(6)))
    tag(root / "album 0" / "0.mp3", ["Jazz"], "Somebody")
    rows = run(root, tmp_path / "out", unlabelled=True, shares=(0.5, 0.5, 0))
    assert rows["unlabelled/album 0/0"].group == "somebody"
    assert rows["unlabelled/album 1/2"].group == rows["unlabelled/album 1/3"].group == "album 1"
    assert rows["unlabelled/album 1/2"].split == rows["unlabelled/album 1/3"].split
    assert {row.split for row in rows.values()} == {"train", "valid"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no music"):
        run(tmp_path / "empty", tmp_path / "no", unlabelled=True)


def test_what_is_too_rare_or_contradictory_is_not_learnt():
    combined = Counter(
        {
            ("Rock",): 30,
            ("Indie", "Rock"): 12,  # Indie hardly ever comes alone
            ("Indie",): 10,
            ("Jazz", "Rock"): 5,  # these two can be told apart
            ("Jazz",): 40,
            ("Rock", "Loud"): 9,
            ("Loud",): 10,
            ("Ska",): 3,
            ("Jazz", "Live"): 8,
            ("Rock", "Live"): 8,
            ("Live",): 4,
        }
    )
    refused = library.too_poor(combined, 10)
    assert refused == {
        "Indie": "contradictory: 12 of its tracks are Rock too",
        "Live": "the first genre of 4 tracks only",
        "Ska": "fewer than 10 tracks",
    }


@pytest.mark.parametrize(
    "suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wma", ".wv", ".wav"]
)
def test_artists_are_read_from_every_kind_of_tag(tmp_path, suffix):
    file = make(tmp_path, f"a{suffix}") / f"a{suffix}"
    assert read_credits(file) == Credits()
    tags = mutagen.File(file, easy=suffix != ".wav")
    if tags.tags is None:
        tags.add_tags()
    if suffix == ".wav":
        from mutagen.id3 import TALB, TPE1

        tags.tags.setall("TPE1", [TPE1(3, ["The Band"])])
        tags.tags.setall("TALB", [TALB(3, ["Songs"])])
    else:
        artist, album = {".wma": ("Author", "WM/AlbumTitle")}.get(suffix, ("artist", "album"))
        tags[artist], tags[album] = ["The Band"], ["Songs"]
    tags.save()
    assert read_credits(file) == Credits("theband", "Songs")


def test_the_albums_artist_comes_before_the_tracks(tmp_path):
    file = make(tmp_path, "a.flac") / "a.flac"
    tags = mutagen.File(file)
    tags["artist"] = "The Band feat. Somebody"
    tags["albumartist"] = "The Band"
    tags.save()
    assert read_credits(file).artist == "theband"
    tags["albumartist"] = "Various Artists"
    tags.save()
    assert read_credits(file).artist == "thebandfeatsomebody"


def test_clips_shorter_than_a_window_are_counted(run, clips, tmp_path):
    make(clips, "rock/long.wav", seconds=3.1)
    run(clips, tmp_path / "out")
    assert "8 clips shorter than a window of 2.9 s, such as jazz/0.wav" in run.text
