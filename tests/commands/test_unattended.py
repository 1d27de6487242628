"""`scan` by itself: `--log`, `--after`, `--for`, `--watch`."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from commandline import copies
from conftest import genretag_here as genretag

from tagger.commands import scan, unattended
from tagger.errors import ExitCode, LockedError
from tagger.options import ScanOptions
from tagger.runtime.interrupt import Stop
from tagger.tags.mutagen_tags import read_genres
from tagger.tracks import Result

unix = pytest.mark.skipif(sys.platform == "win32", reason="commands of a Unix shell")


def settled(path: Path) -> Path:
    """Let a file, empty if there is none, seem to have been there for a while."""
    path.touch()
    os.utime(path, (1e9, 1e9))
    return path


@pytest.fixture
def writes(song, toy_model) -> tuple[object, ...]:
    """The words of a scan that writes one file."""
    folder = settled(song()).parent
    settled(folder / "broken.mp3")
    return ("scan", folder, "--model", toy_model, "--write-tags", "--min-confidence", 0)


def test_the_log_says_start_problems_counts_and_end(writes, tmp_path):
    log = tmp_path / "a.log"
    done = genretag(*writes, "--log", log, "--new", "--quiet")
    assert done.returncode == 3
    start, problem, counts, end = log.read_text("utf-8").splitlines()
    assert "start: genretag " in start
    assert "--write-tags" in start
    assert problem.endswith("broken.mp3 is empty")
    assert "2 tracks in " in counts
    assert "1 written" in counts
    assert end.endswith("end: exit code 3")
    assert genretag("scan", tmp_path / "missing", "--log", log).returncode == 1
    assert "ERROR   There is no file or folder" in log.read_text("utf-8").splitlines()[-2]


@unix
def test_a_command_follows_a_scan_that_wrote_and_no_other(song, toy_model, tmp_path):
    track = song()
    words = ("scan", track, "--model", toy_model, "--min-confidence", 0)
    after = ("--after", f"cat >> {tmp_path / 'list'}; exit 9")
    assert genretag(*words, *after).returncode == 0
    assert not (tmp_path / "list").exists()
    done = genretag(*words, *after, "--write-tags")
    assert done.returncode == ExitCode.AFTER_FAILED
    assert "failed with exit code 9" in done.stderr
    assert genretag(*words, *after, "--write-tags").returncode == 0
    assert (tmp_path / "list").read_text() == f"{track}\n"


def test_when_the_time_is_up_the_next_scan_goes_on(song, toy_model, monkeypatch):
    folder = copies(song("0.wav"), 9)
    for track in folder.iterdir():
        settled(track)
    words = ("scan", folder, "--model", toy_model, "--batch-size", 1, "--new", "--csv", "a.csv")
    monkeypatch.chdir(folder)

    def run_scan(options: ScanOptions, *, stop: Stop, note: Callable[[Result], None]) -> ExitCode:
        done = []

        def note_until_the_time_is_up(result: Result) -> None:
            done.append(result)
            if options.for_ and len(done) == 3:
                stop.because_time_is_up()

        return scan.run_scan(options, stop=stop, note=note_until_the_time_is_up)

    monkeypatch.setattr(unattended, "run_scan", run_scan)
    first = genretag(*words, "--for", "4h")
    assert first.returncode == 0
    assert "Time is up after 3 tracks" in first.stdout
    assert [path.name for path in folder.glob("a.csv*")] == ["a.csv.part"]
    assert "6 tracks in " in genretag(*words).stdout
    assert (folder / "a.csv").exists()


def test_watching_scans_what_is_new_each_time_and_waits_for_other_runs(
    song, toy_model, monkeypatch
):
    track = settled(song())
    found: list[str] = []

    def changes(paths: tuple[Path, ...], stop: object):
        for name in ("b.wav", "c.wav"):
            settled(shutil.copy(track, track.with_name(name)))
            yield
            found.append(name)

    real, blocked = unattended.run_scan, [LockedError("Another genretag is running.")] * 3

    def run_scan(options: ScanOptions, **how: object) -> ExitCode:
        if found and blocked:
            raise blocked.pop()
        return real(replace(options, jobs=1), **how)

    monkeypatch.setattr("tagger.pipeline.watch.changes", changes)
    monkeypatch.setattr(unattended, "run_scan", run_scan)
    monkeypatch.setattr(unattended, "_LOCKED", 0)
    words = ("scan", track.parent, "--model", toy_model, "--write-tags", "--min-confidence", 0)
    done = genretag(*words, "--watch")
    assert done.returncode == 0
    assert done.stdout.count("1 track in ") == 3
    assert done.stderr == "Another genretag is running.\n"
    assert all(read_genres(path) for path in track.parent.iterdir())


def test_watching_needs_its_package_and_saves_no_table(song, monkeypatch):
    monkeypatch.setattr(unattended, "find_spec", lambda name: None)
    done = genretag("scan", song(), "--watch")
    assert (done.returncode, "pip install 'genretag[watch]'" in done.stderr) == (2, True)
    assert genretag("scan", song(), "--watch", "--csv", "a.csv").returncode == 2
