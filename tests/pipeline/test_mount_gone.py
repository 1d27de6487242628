"""A disk or share that goes away amid a scan and comes back: nothing wrong is remembered of it.

What a file system says that has gone is simulated: its errors, or the empty folder that is left.
"""

import csv
import errno
import io
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import formats
import pytest
from conftest import music, write_audio

import tagger.pipeline.extract
from tagger.errors import TagError, UnreadableError
from tagger.pipeline.extract import _refuse
from tagger.state.schemas import CACHE
from tagger.tags.mutagen_tags import read_genres
from tagger.writing import safewrite
from tagger.writing.entries import State
from tagger.writing.journal import Journal
from tagger.writing.planning import plan
from tagger.writing.recovery import recover
from tagger.writing.writer import TagWriter

LONG_AGO = 1_600_000_000
GONE = [errno.EIO, errno.ESTALE, errno.ENOTCONN]
OPENERS = (
    "tagger.audio.demux.open",
    "tagger.tags.containers.base.open",
)


@pytest.fixture
def share(tmp_path) -> Path:
    """Three tracks that have been there for long."""
    folder = tmp_path / "share"
    for number, name in enumerate(("a.mp3", "album/b.flac", "album/c.wav")):
        path = write_audio(folder / name, music(3.2, seed=number))
        os.utime(path, (LONG_AGO, LONG_AGO))
    return folder


@pytest.fixture
def scan(genretag, toy_model, share):
    """Scan the share; gives exit code, rows by name, and standard error."""
    os.utime(toy_model, (LONG_AGO, LONG_AGO))

    def run(*options: object) -> tuple[int, dict[str, dict[str, str]], str]:
        words = ("scan", share, "--model", toy_model, "-q", "--csv", "-", "--min-confidence", 0)
        code, out, err = genretag(*words, *options)
        return code, {Path(r["path"]).name: r for r in csv.DictReader(io.StringIO(out))}, err

    return run


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """No processes: they would not see what is simulated."""
    monkeypatch.setattr("tagger.commands.analysis.PROCESSES_FROM", 2)


def failing(number: int, *, opened: Callable[[Path], bool]) -> Callable[..., object]:
    """Return an `open` that fails for some paths."""

    def fail_to_open(path: object, *how: object, **more: object) -> object:
        if opened(Path(str(path))):
            raise OSError(number, os.strerror(number), str(path))
        return open(path, *how, **more)  # noqa: PTH123

    return fail_to_open


@pytest.mark.parametrize("number", GONE)
@pytest.mark.parametrize("opener", OPENERS)
def test_files_that_cannot_be_opened_are_tried_again(scan, monkeypatch, number, opener):
    with monkeypatch.context() as gone:
        amid = failing(number, opened=lambda path: path.parent.name == "album")
        gone.setattr(opener, amid, raising=False)
        code, rows, _ = scan()
    assert code == 3
    assert rows["a.mp3"]["status"] == "ok"
    for name in ("b.flac", "c.wav"):
        assert rows[name]["status"] == "unreadable"
        assert os.strerror(number).lower() in rows[name]["error"]
    code, rows, _ = scan("--new")
    assert (code, {*rows}) == (0, {"b.flac", "c.wav"})
    assert {row["error"] for row in rows.values()} == {""}
    assert scan("--new") == (0, {}, "")


@pytest.mark.parametrize("number", GONE)
def test_tags_that_cannot_be_reached_are_not_remembered_as_damaged(scan, monkeypatch, number):
    from mutagen import MutagenError

    def fail(path: Path) -> object:
        raise MutagenError(OSError(number, os.strerror(number)))

    with monkeypatch.context() as gone:
        gone.setattr("tagger.tags.mutagen_tags.open_file", fail)
        code, rows, _ = scan()
    assert (code, {row["status"] for row in rows.values()}) == (3, {"unreadable"})
    code, rows, _ = scan("--new")
    assert (code, {row["action"] for row in rows.values()}) == (0, {"write"})
    # Known files, whose genres are read once more before one is written.
    with monkeypatch.context() as gone:
        amid = failing(number, opened=lambda path: True)
        gone.setattr("tagger.tags.containers.base.open", amid, raising=False)
        code, rows, _ = scan("--write-tags")
    assert (code, {row["action"] for row in rows.values()}) == (3, {"failed"})
    code, rows, _ = scan("--write-tags")
    assert (code, {row["action"] for row in rows.values()}) == (0, {"written"})


@pytest.mark.parametrize("number", GONE)
def test_a_folder_that_cannot_be_listed_is_named_with_the_reason(scan, share, monkeypatch, number):
    scandir = os.scandir

    def fail(path: object) -> object:
        if Path(str(path)).name == "album":
            raise OSError(number, os.strerror(number), str(path))
        return scandir(path)

    with monkeypatch.context() as gone:
        gone.setattr(os, "scandir", fail)
        code, rows, _ = scan("--new")
    assert (code, rows["a.mp3"]["status"]) == (3, "ok")
    words = f"is a folder that cannot be listed ({os.strerror(number).lower()})"
    assert rows["album"]["error"] == words
    assert {*scan("--new")[1]} == {"b.flac", "c.wav"}


def test_a_folder_that_went_away_after_it_was_found_is_named(tmp_path):
    with pytest.raises(UnreadableError, match=r"^cannot be reached \(no such file"):
        _refuse(tmp_path / "album")


def test_a_link_to_a_folder_out_of_reach_has_its_line(scan, share, monkeypatch):
    (share / "linked").symlink_to(share.parent / "nas")
    (share.parent / "nas").mkdir()
    stat = os.stat

    def fail(path: object, **how: object) -> os.stat_result:
        if Path(str(path)).name == "linked" and how.get("follow_symlinks", True):
            raise OSError(errno.ESTALE, "Stale file handle", str(path))
        return stat(path, **how)

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.name = entry.name
            self._entry = entry

        def is_dir(self) -> bool:
            if self.name == "linked":
                raise OSError(errno.ESTALE, "Stale file handle")
            return self._entry.is_dir()

    scandir = os.scandir

    def listed(path: object) -> object:
        if Path(str(path)).name == "linked":
            raise OSError(errno.ESTALE, "Stale file handle", str(path))
        found = scandir(path)
        return found if Path(str(path)) != share else map(Entry, found)

    with monkeypatch.context() as gone:
        gone.setattr(os, "stat", fail)
        gone.setattr(os, "scandir", listed)
        rows = scan()[1]
    assert rows["linked"]["error"].startswith("is a folder that cannot be listed (stale")


def test_a_path_out_of_reach_ends_the_scan_with_a_sentence(scan, share, monkeypatch):
    lstat = Path.lstat

    def fail(path: Path) -> os.stat_result:
        if path == share:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected", str(path))
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", fail)
    code, _, err = scan()
    assert code == 1
    assert err == f"genretag: {share} cannot be reached (transport endpoint is not connected).\n"


# Writing


def test_a_write_on_a_share_that_goes_away_is_looked_into_again(tmp_path, share, monkeypatch):
    """The copy stays there, and may even have taken the place of the file."""
    track, away = share / "album" / "b.flac", tmp_path / "away"

    def gone(path: Path) -> None:
        share.rename(away)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with Journal(tmp_path / "state") as journal:
        writer = TagWriter(journal, "test")
        with monkeypatch.context() as amid:
            amid.setattr(safewrite, "flush", gone)
            with pytest.raises(TagError, match=r"^could not be written \(input/output error\)$"):
                writer.write(track, ["Jazz"])
        share.mkdir()  # the place where it was mounted
        recover(journal)
        assert len(journal.unfinished()) == 1
        assert len([*away.rglob(".genretag-*")]) == 1
        share.rmdir()
        away.rename(share)
        recover(journal)
        assert not journal.unfinished()
    assert read_genres(track) == ()
    assert not [*share.rglob(".genretag-*")]


def test_an_unfinished_write_waits_for_a_share_that_is_not_mounted(tmp_path, monkeypatch):
    place = tmp_path / "mounted"
    place.mkdir()
    song = formats.make("flac", place)
    with Journal(tmp_path / "state") as journal:
        change = plan(song, genres=["Jazz"])
        journal.begin(run := journal.begin_run("killed"), change)
        safewrite.make(change)
        place.rename(tmp_path / "away")
        place.mkdir()  # empty, as what a share is mounted on
        recover(journal)
        assert len(journal.unfinished()) == 1
        with monkeypatch.context() as gone:  # and one whose server does not answer
            gone.setattr(Path, "is_dir", lambda path: (path / "no server").stat())
            recover(journal)
        assert len(journal.unfinished()) == 1
        place.rmdir()
        (tmp_path / "away").rename(place)
        recover(journal)
        assert [write.state for write in journal.writes(run)] == [State.DONE]


# What is cached of files out of reach


def shifted(home: Path, by: int) -> None:
    """Let the cached files be from another device."""
    with closing(sqlite3.connect(home / CACHE.file_name)) as db, db:
        db.execute("UPDATE file SET device = device + ?", (by,))


def test_pruning_keeps_what_is_on_a_share_that_is_not_mounted(scan, genretag, share, home):
    scan()
    shifted(home, 1)
    away = share.rename(share.with_name("away"))
    share.mkdir()
    assert genretag("cache", "prune")[1] == "Forgot 0 files and 0 predictions.\n"
    share.rmdir()
    assert genretag("cache", "prune")[1] == "Forgot 0 files and 0 predictions.\n"
    away.rename(share)
    assert scan("--new") == (0, {}, "")
    # The share is back, with another device number, and a file is missing.
    (share / "album" / "c.wav").unlink()
    assert genretag("cache", "prune")[1] == "Forgot 1 file and 1 prediction.\n"
    assert scan("--new") == (0, {}, "")


@pytest.mark.parametrize("number", GONE)
def test_pruning_keeps_what_cannot_be_asked_about(scan, genretag, share, monkeypatch, number):
    scan()
    lstat = os.lstat

    def fail(path: object, **how: object) -> os.stat_result:
        if b"album" in os.fsencode(path):
            raise OSError(number, os.strerror(number), path)
        return lstat(path, **how)

    with monkeypatch.context() as gone:
        gone.setattr("tagger.state.presence.os.lstat", fail)
        assert genretag("cache", "prune")[1] == "Forgot 0 files and 0 predictions.\n"
    assert scan("--new") == (0, {}, "")


@pytest.mark.parametrize("options", [("--write-tags",), ("--csv", "genres.csv")])
def test_a_folder_that_goes_away_ends_the_scan_with_one_sentence(
    share, genretag, toy_model, monkeypatch, options
):
    monkeypatch.chdir(share.parent)
    decode = tagger.pipeline.extract.decode_stream

    def and_go(stream: io.BufferedReader, *how: object) -> object:
        if Path(stream.name).name == "b.flac":
            share.rename(share.with_name("away"))
        return decode(stream, *how)

    words = ("scan", share, "--model", toy_model, "--batch-size", 1, "--min-confidence", 0)
    with monkeypatch.context() as gone:
        gone.setattr(tagger.pipeline.extract, "decode_stream", and_go)
        code, out, err = genretag(*words, *options)
    assert code == 1
    assert f"genretag: {share} went away while it was scanned. " in err
    assert "Stopped after" in out
    share.with_name("away").rename(share)
    assert genretag(*words, *options)[0] == 0
    if "--csv" in options:
        assert Path("genres.csv").read_text("utf-8").count("\n") == 1 + 3
    else:
        assert all(read_genres(path) for path in share.rglob("*.*"))


# A real one


@pytest.fixture
def mounted(tmp_path, share) -> Path:
    """The share, mounted elsewhere."""
    place = tmp_path / "mounted"
    place.mkdir()
    if (
        not shutil.which("mount")
        or subprocess.run(
            ["mount", "--bind", share, place], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", "-l", place], capture_output=True, check=False)


def test_a_share_that_goes_away_amid_a_scan_is_scanned_to_its_end_later(
    scan, share, mounted, monkeypatch, genretag, toy_model
):
    decode = tagger.pipeline.extract.decode_stream
    words = ("scan", mounted, "--model", toy_model, "-q", "--csv", "-", "--min-confidence", 0)

    def and_unmount(*arguments: object) -> object:
        subprocess.run(["umount", "-l", mounted], check=False, capture_output=True)
        return decode(*arguments)

    with monkeypatch.context() as gone:
        gone.setattr(tagger.pipeline.extract, "decode_stream", and_unmount)
        code, out, err = genretag(*words)
    assert code == 1
    assert [*csv.DictReader(io.StringIO(out))] == []  # of a file that went while it was analysed
    assert err == (
        f"genretag: {mounted} went away while it was scanned. What was finished is kept; the same"
        " command goes on from there once it is back.\n"
    )
    assert "No music was found" in genretag(*words, "--new")[2]
    subprocess.run(["mount", "--bind", share, mounted], check=True)
    code, out, _ = genretag(*words, "--new")
    assert (code, out.count("\n")) == (0, 1 + 3)
