"""Nothing is analysed twice: the cache, `scan --new` and `genretag cache`, in this process."""

import csv
import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import formats
import numpy as np
import pytest
from conftest import TOY_METADATA, music, wait_until, write_audio, write_toy_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tagger.identity
import tagger.inference.model
import tagger.pipeline.extract
import tagger.pipeline.workers
import tagger.tags.content
from tagger.errors import StateError, TagError
from tagger.identity import Identity, MusicFile
from tagger.pipeline.extract import ExtractSettings
from tagger.pipeline.worklist import WorkList
from tagger.state.cache import Cache, CacheKey, CacheLocation, PredictionReader
from tagger.state.lock import only_writer
from tagger.state.migration import OLD_FILE
from tagger.state.result_cache import NullCache, ResultCache
from tagger.state.schemas import CACHE, JOURNAL
from tagger.tags.content import fingerprint
from tagger.tags.mutagen_tags import open_tags, read_genres
from tagger.tracks import PredictedTrack, Prediction, Source, Status, Track
from tagger.writing.journal import Journal
from tagger.writing.planning import plan
from tagger.writing.safewrite import make

LONG_AGO = 1_600_000_000
KEY = CacheKey(id=1, labels=3)
PREDICTION = Prediction(status=Status.OK, seconds=3.0, probabilities=(0.5, 0.3, 0.2))


def found_file(path: Path) -> MusicFile:
    return MusicFile(path=path, identity=Identity.of(path))


@pytest.fixture
def model(toy_model) -> Path:
    os.utime(toy_model, (LONG_AGO, LONG_AGO))
    return toy_model


@pytest.fixture
def track(tmp_path):
    """Write a short track that has been there for long."""

    def write(name: str, seconds: float = 3.2, seed: int = 0) -> Path:
        return aged(write_audio(tmp_path / "music" / name, music(seconds, seed=seed)))

    return write


@pytest.fixture
def scan(genretag, model, tmp_path):
    """Scan the music folder; gives exit code, rows by name, and standard error."""

    def run(*options: object) -> tuple[int, dict[str, dict[str, str]], str]:
        code, out, err = genretag(
            "scan", tmp_path / "music", "--model", model, "-j", 1, "-q", "--csv", "-", *options
        )
        return code, {Path(r["path"]).name: r for r in csv.DictReader(io.StringIO(out))}, err

    return run


@pytest.fixture
def decoded(monkeypatch) -> list[str]:
    """The names of the files that were decoded."""
    names: list[str] = []
    decode = tagger.pipeline.extract.decode_stream

    def noting(stream, *arguments):
        names.append(Path(stream.name).name)
        return decode(stream, *arguments)

    decode_blocks = tagger.pipeline.extract.decode_blocks

    def noting_blocks(stream, *arguments):
        names.append(Path(stream.name).name)
        return decode_blocks(stream, *arguments)

    monkeypatch.setattr(tagger.pipeline.extract, "decode_stream", noting)
    monkeypatch.setattr(tagger.pipeline.extract, "decode_blocks", noting_blocks)
    return names


def aged(path: Path, seconds: int = LONG_AGO) -> Path:
    os.utime(path, (seconds, seconds))
    return path


def touched(path: Path, before: os.stat_result) -> None:
    """Age a file until the file system tells that something about it has changed.

    Its clock may tick every few milliseconds only, or every two seconds.
    """
    wait_until(lambda: aged(path).stat().st_ctime_ns != before.st_ctime_ns, 10)


def tag(path: Path, *genres: str) -> None:
    file = open_tags(path)
    file.texts = genres
    file.save()


# What is known


def test_a_second_scan_decodes_nothing_and_says_the_same(scan, track, decoded, monkeypatch):
    track("a.mp3")
    tag(track("b.flac", seed=1), "Polka")
    track("silent.wav", 1.0)
    first = scan()
    assert decoded == ["a.mp3", "b.flac", "silent.wav"]
    aged(track("b.flac").parent / "b.flac")
    tag(track("b.flac", seed=1), "Polka")
    for path in track("a.mp3").parent.iterdir():
        aged(path)
    scan()
    decoded.clear()
    monkeypatch.setattr(tagger.inference.model, "GenreModel", None)  # nor is the model loaded
    assert scan() == scan() == first
    assert first[1]["b.flac"]["existing_genre"] == "Polka"
    assert decoded == []


# Modules for decoding, inference, writing, and options that a plain scan does not have.
NOT_FOR_WHAT_IS_KNOWN = (
    *("concurrent.futures", "logging.handlers", "multiprocessing", "rich._emoji_codes", "tomllib"),
    *("tagger.audio.demux", "tagger.audio.decode", "tagger.cluster", "tagger.report"),
    *("tagger.inference.graph", "tagger.inference.model", "tagger.inference.session"),
    *("tagger.output.resultfile", "tagger.output.table", "tagger.output.written"),
    *("tagger.pipeline.albums", "tagger.pipeline.extract", "tagger.pipeline.worker_process"),
    *("tagger.pipeline.watch", "tagger.pipeline.workers", "tagger.runtime.after"),
    *("tagger.runtime.deadline", "tagger.runtime.logfile", "tagger.runtime.priority"),
    *("tagger.runtime.threads", "tagger.settings.content", "tagger.state.maintenance"),
    *("tagger.tags.containers", "tagger.tags.genre_fields", "tagger.tags.mutagen_tags"),
    *("tagger.writing.journal", "tagger.writing.planning", "tagger.writing.safewrite"),
    *("tagger.cli_changes", "tagger.cli_inspect", "tagger.cli_reports", "tagger.cli_tools"),
)


def test_what_is_known_needs_no_heavy_package_and_no_process(scan, track, model, tmp_path):
    track("a.mp3")
    scan()
    code = (
        "import sys\n"
        "for name in ('av', 'librosa', 'onnxruntime', 'joblib'): sys.modules[name] = None\n"
        "from tagger.cli import main\n"
        "try: main()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "scan", tmp_path / "music", "--model", model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (
        "toy (3 genres): all results are cached; nothing is analysed, and no device" in done.stdout
    )
    assert "a.mp3" in done.stdout
    assert set(done.stderr.split()) & set(NOT_FOR_WHAT_IS_KNOWN) == set()
    assert all(map(find_spec, NOT_FOR_WHAT_IS_KNOWN))  # none has another name by now


def test_the_file_system_is_asked_once_about_a_known_file(scan, track, monkeypatch):
    path = track("a.wav")
    scan()
    asked: list[Path] = []
    stat = Path.stat

    def noting(self, **how):
        if self.suffix == ".wav":
            asked.append(self)
        return stat(self, **how)

    monkeypatch.setattr(Path, "stat", noting)
    scan()
    assert asked == [path]


def test_a_changed_file_is_analysed_again(scan, track, decoded):
    track("a.wav")
    track("b.wav", seed=1)
    before = scan()[1]
    decoded.clear()
    aged(write_audio(track("a.wav"), music(3.2, pitch=3000.0)), LONG_AGO + 1)
    after = scan()[1]
    assert decoded == ["a.wav"]
    assert after["a.wav"]["confidence"] != before["a.wav"]["confidence"]
    assert after["b.wav"] == before["b.wav"]


def test_moved_copied_and_linked_files_are_not_decoded_again(scan, track, decoded, tmp_path):
    for number in range(4):
        track(f"album/{number}.flac", seed=number)
    before = scan()[1]
    decoded.clear()
    album = tmp_path / "music" / "album"
    (album / "0.flac").rename(album / "moved.flac")
    shutil.copy(album / "1.flac", album / "copied.flac")
    album.rename(tmp_path / "music" / "other")
    other = tmp_path / "music" / "other"
    (other / "linked.flac").hardlink_to(other / "2.flac")
    (other / "2.flac").unlink()
    after = scan()[1]
    assert decoded == []
    for old, new in (("0", "moved"), ("1", "copied"), ("2", "linked"), ("3", "3")):
        assert after[f"{new}.flac"] | {"path": ""} == before[f"{old}.flac"] | {"path": ""}


def test_tagged_files_are_not_decoded_again_and_their_genre_is_right(tmp_path, scan, decoded):
    folder = tmp_path / "music"
    folder.mkdir()
    kinds = [kind for kind in formats.KINDS if kind not in formats.UNDECODABLE]
    tracks = [aged(formats.make(kind, folder, seconds=4.0)) for kind in kinds]
    before = scan()[1]
    decoded.clear()
    for path in tracks:
        make(plan(path, genres=["Polka"]))  # the modification time stays
    after = scan()[1]
    assert decoded == []
    assert {row["existing_genre"] for row in after.values()} == {"Polka"}
    for name, row in before.items():
        assert after[name]["confidence"] == row["confidence"]


def test_a_genre_set_by_another_program_is_seen(scan, track):
    """Some taggers keep both the size and the modification time."""
    path = track("a.flac")
    tag(path, "Polka")
    before = aged(path).stat()
    scan()
    tag(path, "Waltz")
    touched(path, before)
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert scan()[1]["a.flac"]["existing_genre"] == "Waltz"


def test_genre_edit_without_timestamp_change_is_not_overwritten(scan, track, monkeypatch):
    """Some file systems do not tell of such a change at all."""
    read = Identity.from_status

    def unaware(status: os.stat_result) -> Identity:
        found = read(status)
        is_folder = stat.S_ISDIR(status.st_mode)  # the walk visits each once
        return found if is_folder else replace(found, inode=1, ctime_ns=0)

    monkeypatch.setattr(Identity, "from_status", unaware)
    path = track("a.flac")
    file = open_tags(path)
    file.tags["comment"] = "1234567890"
    file.save()
    aged(path)
    size = path.stat().st_size
    scan()
    del file.tags["comment"]
    file.texts = ["Polka"]
    file.save()
    aged(path)
    assert path.stat().st_size == size
    code, rows, err = scan("--min-confidence", 0, "--write-tags")
    assert err == ""
    assert (code, rows["a.flac"]["action"]) == (0, "keep")
    assert read_genres(path) == ("Polka",)
    assert scan()[1]["a.flac"]["existing_genre"] == "Polka"


def test_another_model_or_seconds_need_an_analysis_and_another_threshold_does_not(
    genretag, scan, track, decoded, tmp_path
):
    track("a.wav", 4.0)
    scan()
    decoded.clear()
    assert scan("--min-confidence", 1)[1]["a.wav"]["status"] == "uncertain"
    assert ";" in scan("--min-confidence", 0, "--top", 2)[1]["a.wav"]["genre"]
    assert decoded == []
    assert scan("--seconds", 3)[1]["a.wav"]["seconds"] == "3.00"
    assert scan("--seconds", "full")[1]["a.wav"]["seconds"] == "4.00"
    assert decoded == ["a.wav", "a.wav"]
    other = write_toy_model(tmp_path / "other.onnx", replace(TOY_METADATA, temperature=2.0))
    music_folder = tmp_path / "music"
    for _ in range(2):
        genretag("scan", music_folder, "--model", other)
    assert len(decoded) == 3
    write_toy_model(other, replace(TOY_METADATA, temperature=3.0))
    genretag("scan", music_folder, "--model", other)
    assert len(decoded) == 4
    assert scan()[1]["a.wav"]["seconds"] == "4.00"
    assert len(decoded) == 4


def test_bad_files_are_not_tried_again_but_those_that_may_not_be_read_are(
    scan, track, decoded, monkeypatch
):
    folder = track("a.wav").parent
    aged(folder / "a.wav")
    for name, content in (("text.mp3", b"not music\n" * 300), ("empty.flac", b"")):
        (folder / name).write_bytes(content)
        aged(folder / name)
    write_audio(folder / "silent.wav", 0 * music(4))
    aged(folder / "silent.wav")
    first = scan()
    assert first[0] == 3
    decoded.clear()
    assert scan() == first
    assert decoded == []

    def refuse(stream):
        raise PermissionError

    track("closed.wav", seed=5)
    monkeypatch.setattr(tagger.tags.content, "fingerprint_of", refuse)
    for _ in range(2):
        scan()
    assert decoded == ["closed.wav", "closed.wav"]


def test_no_cache(scan, track, decoded, home):
    track("a.wav")
    for _ in range(2):
        assert scan("--no-cache")[0] == 0
    assert decoded == ["a.wav", "a.wav"]
    with Cache(home) as cache:
        assert cache.find([found_file(track("a.wav"))], KEY) == [None]


def test_the_cache_keeps_the_prediction_of_the_track_and_not_of_its_album(scan, track):
    track("album/a.wav")
    track("album/b.wav", seed=3)
    (track("album/c.wav", seed=4)).write_bytes(
        write_audio(track("x.wav").parent / "y.wav", music(3.2, pitch=5000.0)).read_bytes()
    )
    alone = scan("--no-cache")[1]
    scan("--album")
    assert scan()[1] == alone


# Only what is new


def test_only_what_is_new(genretag, scan, track, decoded, model, tmp_path):
    a, b = track("a.wav"), track("b.wav", seed=1)
    music_folder = tmp_path / "music"
    command = ("scan", music_folder, "--model", model, "-j", 1, "--new")
    code, out, _ = genretag(*command)
    assert code == 0
    assert "a.wav" in out
    assert "b.wav" in out
    table = tmp_path / "genres.csv"
    table.write_text("not looked at yet")
    assert genretag(*command, "--csv", table) == (0, "", "")
    assert genretag(*command, "--csv", "-") == (0, "", "")
    assert table.read_text() == "not looked at yet"
    track("c.wav", seed=2)
    tag(a, "Polka")
    aged(a, LONG_AGO + 5)
    looked = b.stat()
    touched(b.rename(b.with_name("z.wav")), looked)
    decoded.clear()
    rows = scan("--new")[1]
    assert set(rows) == {"a.wav", "c.wav", "z.wav"}
    assert rows["a.wav"]["existing_genre"] == "Polka"
    assert decoded == ["c.wav"]
    assert genretag(*command) == (0, "", "")
    assert "a.wav" in genretag(*command, "--seconds", "full")[1]  # another cache key


def test_a_file_that_is_being_copied_is_left_for_the_next_run(
    genretag, scan, track, decoded, model, tmp_path, monkeypatch
):
    monkeypatch.setattr(tagger.identity, "SETTLED_NS", 3600 * 10**9)  # however slow this machine is
    young, growing = track("young.wav"), track("growing.wav", seed=1)
    os.utime(young)
    decode = tagger.pipeline.extract.decode_stream

    def while_it_grows(stream, *arguments):
        samples = decode(stream, *arguments)
        path = Path(stream.name)
        with path.open("ab") as file:
            file.write(b"\0" * 100)
        aged(path)
        return samples

    monkeypatch.setattr(tagger.pipeline.extract, "decode_stream", while_it_grows)
    command = ("scan", tmp_path / "music", "--model", model, "-j", 1, "--new")
    _, out, err = genretag(*command)
    assert "wav" not in out
    assert err == "1 file changed a moment ago: left for the next run.\n"
    assert decoded == ["growing.wav"]
    monkeypatch.setattr(tagger.pipeline.extract, "decode_stream", decode)
    aged(young)
    assert set(scan("--new")[1]) == {"young.wav", "growing.wav"}
    assert scan("--new") == (0, {}, "")
    aged(growing, int(time.time()) + 36_000)  # a clock that is wrong does not keep a file out
    assert set(scan("--new")[1]) == {"growing.wav"}


def test_a_file_that_changed_while_it_was_decoded_is_decoded_again(
    scan, track, decoded, monkeypatch
):
    path = track("a.wav")
    decode = tagger.pipeline.extract.decode_stream
    monkeypatch.setattr(
        tagger.pipeline.extract,
        "decode_stream",
        lambda *a: (decode(*a), aged(path, LONG_AGO + len(decoded)))[0],
    )
    assert scan()[1]["a.wav"]["status"] == "ok"
    scan()
    assert decoded == ["a.wav", "a.wav"]


def test_what_the_tagger_wrote_is_not_new(genretag, scan, track, decoded, tmp_path, home):
    path = track("a.mp3")
    _, rows, _ = scan("--new", "--write-tags", "--min-confidence", 0)
    assert rows["a.mp3"]["action"] == "written"
    assert scan("--new", "--write-tags") == (0, {}, "")
    assert genretag("undo", "--yes")[0] == 0
    assert scan("--new", "--write-tags") == (0, {}, "")
    table = tmp_path / "genres.csv"
    scan("--min-confidence", 0, "--csv", table)
    assert genretag("apply", table)[0] == 0
    assert read_genres(path)
    assert scan("--new") == (0, {}, "")
    decoded.clear()
    assert scan()[1]["a.mp3"]["existing_genre"] == read_genres(path)[0]
    assert decoded == []


def test_what_could_not_be_written_is_new_again(scan, track, monkeypatch):
    track("a.mp3")

    def refuse(*_, **__):
        raise TagError("may not be written (it is read-only)")

    options = ("--new", "--write-tags", "--min-confidence", 0)
    with monkeypatch.context() as broken:
        broken.setattr("tagger.writing.writer.make", refuse)
        assert scan(*options)[0] == 3
    assert scan(*options)[1]["a.mp3"]["action"] == "written"


def test_an_interrupted_run_keeps_what_was_finished(scan, track, decoded, monkeypatch):
    for number in range(40):
        track(f"{number:02}.wav", seed=number)
    decode = tagger.pipeline.extract.decode_stream

    def stop_in_the_middle(stream, *arguments):
        if Path(stream.name).name == "30.wav":
            raise KeyboardInterrupt
        return decode(stream, *arguments)

    with monkeypatch.context() as stopped:
        stopped.setattr(tagger.pipeline.extract, "decode_stream", stop_in_the_middle)
        assert scan("--new")[0] == 130
    done = set(decoded)
    decoded.clear()
    assert set(scan("--new")[1]) == set(decoded)
    assert done | set(decoded) == {f"{number:02}.wav" for number in range(40)}
    assert 9 < len(decoded) < 40
    assert scan("--new") == (0, {}, "")


def test_what_was_stored_is_on_the_disk_soon_though_nothing_follows_it(home, track, model):
    """A batch of a cluster comes at once, and the next one may be long in coming."""
    path = track("a.wav")
    with Cache(home) as cache:
        key = cache.key_for(model, 30.0, 3)
        for number in range(16):
            cache.store_prediction(bytes([number]), key, PREDICTION)
        cache.store_file(Track(path=path, identity=Identity.of(path), fingerprint=b"\0"))
        with Cache(home) as other:
            wait_until(lambda: other.find([found_file(path)], key) != [None], 60)
            read = PredictionReader(CacheLocation(file=cache.file, key=key))
            assert all(read(bytes([number])) for number in range(16))
            read.close()


def test_rows_that_could_not_be_written_in_time_are_told_by_the_next_use(home, model, monkeypatch):
    def fail() -> None:
        raise StateError("It is full.")

    with Cache(home) as cache:
        key = cache.key_for(model, 30.0, 3)
        monkeypatch.setattr("tagger.state.cache._LONGEST_PENDING", 0.01)
        with monkeypatch.context() as full:
            full.setattr(cache, "flush", fail)
            cache.store_prediction(b"a", key, PREDICTION)
            wait_until(lambda: cache._failure is not None, 60)
        with pytest.raises(StateError, match=r"It is full\."):
            cache.store_prediction(b"b", key, PREDICTION)
        cache.store_prediction(b"c", key, PREDICTION)


# When something is wrong


def test_a_cache_that_cannot_be_used_stops_only_what_needs_it(scan, genretag, track, home):
    path = track("a.flac")
    assert scan("--write-tags", "--min-confidence", 0)[1]["a.flac"]["action"] == "written"
    state = home / CACHE.file_name
    for name in (state.name, f"{state.name}-wal", f"{state.name}-shm"):
        (home / name).unlink(missing_ok=True)
    state.write_text("this is no database, and long enough to be read as one")
    code, rows, err = scan()
    assert (code, set(rows)) == (0, {"a.flac"})
    assert err.count("\n") == 1
    assert str(state) in err
    assert "move it away" in err
    assert scan("--no-cache", "-q")[0] == 0
    code, rows, err = scan("--new")
    assert (code, rows, err.count("\n")) == (1, {}, 1)
    assert genretag("cache", "info")[0] == 1
    code, _, err = genretag("undo", "--yes")
    assert (code, err.count("\n")) == (0, 1)
    assert read_genres(path) == ()
    code, rows, err = scan("--write-tags", "--min-confidence", 0)
    assert (code, rows["a.flac"]["action"], err.count("\n")) == (0, "written", 1)


def test_a_journal_that_cannot_be_used_stops_writing_and_no_dry_run(scan, genretag, track, home):
    track("a.wav")
    home.mkdir()
    state = home / JOURNAL.file_name
    state.write_text("this is no database, and long enough to be read as one")
    code, rows, err = scan()
    assert (code, set(rows), err.count("\n")) == (0, {"a.wav"}, 1)
    code, rows, err = scan("--write-tags")
    assert (code, rows, err.count("\n")) == (1, {}, 1)
    assert str(state) in err
    assert genretag("history")[0] == 1


def test_a_state_folder_that_cannot_be_written(scan, track, monkeypatch):
    track("a.wav")

    def connect(*_, **__):
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(sqlite3, "connect", connect)
    code, rows, err = scan()
    assert (code, set(rows), err.count("\n")) == (0, {"a.wav"}, 1)
    assert "readonly" in err


@pytest.mark.parametrize("method", ["find", "store_prediction", "store_file", "flush", "digest"])
def test_a_cache_that_fails_on_the_way_is_reported_once(scan, track, monkeypatch, method):
    for number in range(3):
        track(f"{number}.wav", seed=number)

    def fail(*_, **__):
        raise StateError("The disk is full.")

    monkeypatch.setattr(Cache, method, fail)
    code, rows, err = scan()
    assert (code, len(rows), err) == (0, 3, "The disk is full.\n")


def test_a_disk_that_is_full(scan, track, monkeypatch):
    """The cache and what is noted for `apply` fail both; that is said once."""

    def fail(*_, **__):
        raise StateError("The disk is full.")

    track("a.wav")
    monkeypatch.setattr(Journal, "remember", fail)
    code, rows, err = scan()
    assert (code, len(rows), err) == (0, 1, "The disk is full.\n")
    track("b.wav", seed=1)
    monkeypatch.setattr(Cache, "find", fail)
    code, rows, err = scan()
    assert (code, len(rows), err) == (0, 2, "The disk is full.\n")


def test_what_is_new_cannot_be_known_without_a_cache(scan, track, monkeypatch):
    track("a.wav")

    def fail(*_, **__):
        raise StateError("The disk is full.")

    monkeypatch.setattr(Cache, "find", fail)
    assert scan("--new")[0] == 1
    assert scan("--new", "--no-cache")[0] == 2


def test_the_lock_names_who_holds_it(scan, track, home, monkeypatch):
    track("a.wav")
    monkeypatch.setattr(sys, "argv", ["genretag", "scan", "--new", "/my music\x1b"])
    with only_writer(home):
        for options in (("--new",), ("--write-tags",)):
            code, rows, err = scan(*options)
            assert (code, rows) == (4, {})
            for words in (f"process {os.getpid()}", "scan --new '/my music�'", "since 20"):
                assert words in err
        assert scan()[0] == 0
    assert scan("--new")[0] == 0


VERSION_1 = """
CREATE TABLE run (id INTEGER PRIMARY KEY, started REAL NOT NULL, command TEXT NOT NULL);
CREATE TABLE write (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run (id), path BLOB NOT NULL,
    temporary BLOB NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL, id3v1 INTEGER,
    audio BLOB NOT NULL, state TEXT NOT NULL
);
CREATE INDEX write_of_run ON write (run);
CREATE INDEX write_by_state ON write (state) WHERE state = 'begun';
CREATE TABLE plan (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO run VALUES (7, 1.6e9, 'scan --write-tags');
INSERT INTO write VALUES (
    1, 7, CAST('/m/a.mp3' AS BLOB), CAST('/m/.x' AS BLOB), '[]', '["Jazz"]', NULL, x'00', 'done'
);
PRAGMA user_version = 1;
"""


def test_the_journal_of_an_older_version_is_taken_over(scan, genretag, track, decoded, home):
    home.mkdir()
    with sqlite3.connect(home / OLD_FILE) as old:
        old.executescript(VERSION_1)
    old.close()
    track("a.wav")
    code, _, err = scan()
    assert (code, err.count("\n")) == (0, 1)
    assert f"set aside as {home / OLD_FILE}.old: its journal was taken over" in err
    assert scan()[2] == ""
    assert decoded == ["a.wav"]
    assert not (home / OLD_FILE).exists()
    with Journal(home) as journal:
        (run,) = journal.runs()
        assert (run.id, run.command) == (7, "scan --write-tags")
        assert journal.writes(7)[0].new == ("Jazz",)


def test_an_old_state_file_that_cannot_be_read_is_set_aside(genretag, home):
    home.mkdir()
    (home / OLD_FILE).write_text("this is no database, and long enough to be read as one")
    code, _, err = genretag("history")
    assert code == 0
    assert "set aside" in err
    assert "cannot be undone" in err
    assert (home / f"{OLD_FILE}.old").exists()
    assert "set aside" not in genretag("history")[2]


@pytest.mark.parametrize(("schema", "command"), [(CACHE, "cache info"), (JOURNAL, "history")])
def test_a_state_file_of_a_newer_version_is_refused(genretag, home, schema, command):
    assert genretag(*command.split())[0] == 0
    with sqlite3.connect(home / schema.file_name) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (schema.version,)
        now.execute(f"PRAGMA user_version = {schema.version + 1}")
    now.close()
    code, _, err = genretag(*command.split())
    assert (code, err.count("\n")) == (1, 1)
    assert "newer version" in err


def spoil(file: Path, statement: str) -> None:
    with sqlite3.connect(file) as database:
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    "change",
    [
        "prediction SET status = 'great'",
        "prediction SET status = 'silent'",
        "prediction SET error = x'00'",
        "prediction SET seconds = 'long'",
        "prediction SET seconds = -1.0",
        "prediction SET probabilities = 'none'",
        "prediction SET probabilities = x'00'",
        "prediction SET probabilities = x'0000803f'",
        "prediction SET probabilities = x'0000c07f0000c07f0000c07f'",
        "prediction SET timeline = 'text'",
        "prediction SET timeline = x'00'",
        "prediction SET timeline = x'0900'",
        "file SET genres = 'Rock'",
        "file SET genres = '{}'",
        "file SET genres = '[1]'",
        "file SET genres = 7",
        "file SET tag_error = x'00'",
        "file SET fingerprint = 'text'",
        "file SET path = 7",
        "file SET seen = 'once'",
        "model_file SET digest = 'text'",
        "model SET name = x'00'",
    ],
)
def test_a_damaged_row_of_the_cache_is_forgotten(scan, genretag, track, home, change):
    track("a.wav")
    first = scan()
    spoil(home / CACHE.file_name, f"UPDATE {change}")
    assert scan() == first
    assert scan() == first
    for command in (("info",), ("info", "--json"), ("prune",), ("clear", "--yes")):
        code, _, err = genretag("cache", *command)
        assert (code, err) == (0, "")


@pytest.mark.parametrize(
    "change",
    [
        "write SET path = 7",
        "write SET path = x'2f00'",
        "write SET old = 'Rock'",
        "write SET new = '{\"\": {}}'",
        "write SET new = x'00'",
        "write SET old = '{\"ID3v2\": 7}'",
        "write SET fingerprint = 'text'",
        "run SET started = 'once'",
        "run SET started = 1e300",
        "run SET command = x'00'",
    ],
)
def test_a_damaged_row_of_the_journal_is_named(scan, genretag, track, home, change):
    track("a.flac")
    scan("--write-tags", "--min-confidence", 0)
    spoil(home / JOURNAL.file_name, f"UPDATE {change}")
    named = "run 1 (" if change.startswith("run") else "entry 1 ("
    commands = [["undo", "--yes"], ["history"]][: 1 + named.startswith("run")]
    for command in commands:
        code, _, err = genretag(*command)
        assert code in (0, 1)
        assert f"{home / JOURNAL.file_name} is damaged in {named}" in err


# genretag cache


def test_info_prune_and_clear(scan, genretag, track, decoded, model, tmp_path, home):
    code, out, _ = genretag("cache", "info")
    assert (code, out.startswith("0 files, 0 predictions")) == (0, True)
    a, b = track("a.wav"), track("b.wav", seed=1)
    scan("--write-tags", "--min-confidence", 0)
    other = write_toy_model(tmp_path / "other.onnx", replace(TOY_METADATA, temperature=2.0))
    genretag("scan", a, "--model", other)
    info = json.loads(genretag("cache", "info", "--json")[1])
    assert (info["files"], info["predictions"], info["file"]) == (2, 3, str(home / CACHE.file_name))
    assert [(m["name"], m["seconds"], m["predictions"]) for m in info["models"]] == [
        ("toy", "30.0", 2),
        ("other", "30.0", 1),
    ]
    assert info["bytes"] > 4096
    assert LONG_AGO < info["oldest"] <= info["newest"] <= time.time()
    shown = genretag("cache", "info")[1]
    assert shown.startswith("2 files, 3 predictions\n")
    assert "other" in shown

    b.unlink()
    assert genretag("cache", "prune")[1] == "Forgot 1 file and 1 prediction.\n"
    assert genretag("cache", "prune", "--other-models", "--model", model)[1] == (
        "Forgot 0 files and 1 prediction.\n"
    )
    assert genretag("cache", "prune", "--other-models", "--model", "no.onnx")[0] == 1
    decoded.clear()
    assert set(scan()[1]) == {"a.wav"}
    assert decoded == []

    assert genretag("cache", "clear")[0] == 1  # no terminal to confirm on
    with only_writer(home):
        assert genretag("cache", "clear", "--yes")[0] == 4
    assert genretag("cache", "clear", "--yes") == (0, "Forgot 1 file and 1 prediction.\n", "")
    info = json.loads(genretag("cache", "info", "--json")[1])
    assert (info["files"], info["predictions"], info["models"]) == (0, 0, [])
    assert "scan --write-tags" in genretag("history")[1]
    scan()
    assert decoded == ["a.wav"]


def test_a_file_that_replaced_another_at_its_path_counts_alone(
    scan, genretag, track, decoded, home
):
    """As every file does whose genre is written."""
    path = track("a.wav")
    with Cache(home) as cache:
        before = replace(Identity.of(path), inode=2**40)
        cache.store_file(Track(path=path, identity=before, fingerprint=b"another recording"))
        cache.store_prediction(b"another recording", KEY, PREDICTION)
    scan()
    assert genretag("cache", "info")[1].startswith("1 file, 2 predictions\n")
    assert genretag("cache", "prune")[1] == "Forgot 0 files and 1 prediction.\n"
    scan()
    assert decoded == ["a.wav"]
    path.unlink()
    assert genretag("cache", "prune")[1] == "Forgot 1 file and 1 prediction.\n"


def test_a_refused_scan_is_not_in_the_cache(scan, genretag, track):
    track("a.wav")
    assert scan("--seconds", 2)[0] == 2
    assert json.loads(genretag("cache", "info", "--json")[1])["models"] == []
    assert scan()[0] == 0
    (model,) = json.loads(genretag("cache", "info", "--json")[1])["models"]
    assert (model["seconds"], model["predictions"]) == ("30.0", 1)


# Properties


@settings(max_examples=50)
@given(st.lists(st.booleans(), max_size=80), st.integers(1, 5))
def test_known_and_unknown_tracks_keep_their_order(known, portion):
    def one(number: int, source: Source) -> PredictedTrack:
        track = Track(path=Path(f"{number}.mp3"))
        return PredictedTrack(track=track, prediction=PREDICTION, source=source)

    def submit(_, file):
        future: Future = Future()
        future.set_result(one(int(file.path.stem), Source.ANALYSIS))
        return future

    files = [
        one(n, Source.STAT_KEY) if is_known else MusicFile(path=Path(f"{n}.mp3"), identity=None)
        for n, is_known in enumerate(known)
    ]
    how = ExtractSettings(front_end=TOY_METADATA.front_end, grid=TOY_METADATA.grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tagger.pipeline.workers._Workers, "submit", submit)
        patch.setattr(tagger.pipeline.workers, "AHEAD", portion)
        patch.setattr(tagger.pipeline.workers, "MOST_KNOWN", portion)
        with tagger.pipeline.workers.extracting(files, how, 2) as tracks:
            found = list(tracks)
    assert [track.path.name for track in found] == [f"{n}.mp3" for n in range(len(known))]
    assert [track.source is Source.STAT_KEY for track in found] == known


def test_memory_does_not_grow_with_the_library(home, tmp_path):
    """However many files are known, few are looked up before the first is passed on."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"x")
    aged(path)
    asked = 0

    def library():
        nonlocal asked
        while True:
            asked += 1
            yield found_file(path)

    with Cache(home) as database:
        database.store_prediction(b"a", KEY, PREDICTION)
        database.store_file(Track(path=path, identity=Identity.of(path), fingerprint=b"a"))
        database.flush()
        cache = ResultCache(database, KEY, required=False, tell=print)
        how = ExtractSettings(
            front_end=TOY_METADATA.front_end, grid=TOY_METADATA.grid, cache=cache.location
        )
        found = WorkList(islice(library(), 5000), cache, only_new=False)
        assert (asked, found.files, found.known, found.to_analyse) == (5000, 5000, 5000, 0)
        looked_up = 0
        find = database.find

        def counting(files, key):
            nonlocal looked_up
            looked_up += len(files)
            return find(files, key)

        database.find = counting
        with tagger.pipeline.workers.extracting(found.entries(cache), how, 2) as tracks:
            for number, track in enumerate(tracks):
                assert track.prediction == database.find([found_file(path)], KEY)[0].prediction
                looked_up -= 1
                assert looked_up < number + 4000
        assert number == 4999


def test_a_file_on_the_work_list_takes_some_dozens_of_bytes():
    files = [
        MusicFile(
            path=Path(
                f"/music/Some Artist {n // 120}/Some Album {n // 12}/{n % 12:02} Song {n}.mp3"
            ),
            identity=Identity(
                device=64769,
                inode=10_000_000 + n,
                size=4_000_000 + 7919 * n % 1_000_000,
                mtime_ns=1_600_000_000_000_000_000 + n * 7_777_777_777,
                ctime_ns=1_700_000_000_000_000_000 + n * 9_999_999_991,
            ),
        )
        for n in range(5000)
    ]
    found = WorkList(files, NullCache(), only_new=False)
    assert found.memory < 80 * len(files)
    assert list(found.entries(NullCache())) == files


MAGIC = [b"fLaC", b"OggS\0\2", b"\0\0\0\x20ftyp", b"FORM", b"RIFF", b"DSD ", b"ID3\3\0\0", b""]


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_any_file_has_a_fingerprint(tmp_path, magic, rest):
    path = tmp_path / "odd"
    path.write_bytes(magic + rest)
    assert len(fingerprint(path)) == 32


def test_files_without_audio_are_not_taken_for_one_another(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).write_bytes(b"RIFF\0\0\0\0WAVE" + name.encode())
    assert fingerprint(tmp_path / "one") != fingerprint(tmp_path / "other")


def test_a_comment_count_out_of_range_does_not_take_hours(track):
    path = track("a.flac")
    data = bytearray(path.read_bytes())
    at = data.index(b"\x04", 42) + 4  # the Vorbis comment
    vendor = int.from_bytes(data[at : at + 4], "little")
    data[at + 4 + vendor : at + 8 + vendor] = b"\xff" * 4
    path.write_bytes(data)
    assert len(fingerprint(path)) == 32


def test_a_prediction_that_leaves_a_part_to_no_genre_is_cached(home):
    """As models do that lower the confidence of the best label."""
    prediction = replace(PREDICTION, probabilities=(0.25, 0.125, 0.125))
    with Cache(home) as cache:
        cache.store_prediction(b"a", KEY, prediction)
        cache.flush()
        read = PredictionReader(CacheLocation(file=cache.file, key=KEY))
        assert read(b"a") == prediction
        read.close()


identities = st.builds(
    Identity,
    device=st.integers(0, 2**70),
    inode=st.integers(0, 2**70),
    size=st.integers(0, 2**62),
    mtime_ns=st.integers(0, 2**62),
    ctime_ns=st.integers(0, 2**62),
)
distributions = st.lists(st.floats(0.125, 1, width=32), min_size=1, max_size=9).map(
    lambda values: tuple(np.array(values, "f4") / np.array(values, "f4").sum())
)


@settings(max_examples=50)
@given(
    identities,
    st.lists(st.text(max_size=9), max_size=3).map(tuple),
    distributions,
    st.sampled_from(["inode", "device", "size", "mtime_ns", "ctime_ns"]),
)
def test_what_is_stored_is_found_and_nothing_else(
    tmp_path_factory, identity, genres, probabilities, change
):
    path, other = Path("/m/\udcff.mp3"), Path("/m/other.mp3")
    key = CacheKey(id=1, labels=len(probabilities))
    with Cache(tmp_path_factory.mktemp("state")) as cache:
        prediction = Prediction(
            status=Status.OK, seconds=30.0, probabilities=tuple(map(float, probabilities))
        )
        track = Track(
            path=path,
            identity=identity,
            fingerprint=b"a",
            existing=genres,
            tag_error="tags that cannot be read",
        )
        cache.store_prediction(b"a", key, prediction)
        cache.store_file(track)
        cache.flush()
        (found,) = cache.find([MusicFile(path=path, identity=identity)], key)
        if identity.inode == 0:
            assert found is None
            return
        assert found == PredictedTrack(track=track, prediction=prediction, source=Source.STAT_KEY)
        changed = replace(identity, **{change: getattr(identity, change) + 1})
        elsewhere = [
            MusicFile(path=other, identity=changed),
            MusicFile(path=other, identity=None),
        ]
        assert cache.find(elsewhere, key) == [None, None]
        assert cache.find([MusicFile(path=path, identity=identity)], replace(key, id=2)) == [None]
        # Only the number of a device may change, of a file that is in its place.
        again = cache.find([MusicFile(path=path, identity=changed)], key)
        assert (again != [None]) == (change == "device")
