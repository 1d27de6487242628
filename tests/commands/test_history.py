"""`history` and `undo` find runs, files and what was done with them."""

import json
import shlex

import pytest
from conftest import genretag_here as genretag

from tagger.tags.mutagen_tags import read_genres


@pytest.fixture
def three_runs(song, toy_model):
    """Two songs of one run, a third of the next, then the first again."""
    songs = [song(f"{name}.flac") for name in "abc"]
    options = ("--model", toy_model, "--write-tags", "--min-confidence", 0)
    assert genretag("scan", songs[0], songs[1], *options).returncode == 0
    assert genretag("scan", songs[2], *options, "--mtime", "keep").returncode == 0
    assert genretag("scan", songs[0], *options, "--append", "--top", 2).returncode == 0
    return songs


def test_history_of_a_run_lists_its_files_options_and_paths(three_runs, toy_model):
    first, second, third = three_runs
    shown = genretag("history", 1).stdout
    assert f"scan --write-tags --min-confidence 0 --model {toy_model} {first} {second}" in shown
    assert all(str(path) in shown for path in (first, second))
    assert str(third) not in genretag("history", 1).stdout
    run = json.loads(genretag("history", 2, "--json").stdout)
    words = shlex.split(run["command"])
    assert words[:4] == ["scan", "--write-tags", "--mtime", "keep"]
    (file,) = run["files"]
    assert file == {
        "path": str(third),
        "state": "written",
        "old": [],
        "new": list(read_genres(third)),
    }
    assert [run["run"] for run in json.loads(genretag("history", "--json").stdout)] == [3, 2, 1]


def test_history_of_a_run_that_is_not_there():
    done = genretag("history", 5)
    assert (done.returncode, done.stderr) == (
        1,
        "genretag: There is no run 5; genretag history lists them.\n",
    )


def test_undo_of_a_file_finds_the_run_that_wrote_it(three_runs):
    first, second, third = three_runs
    assert genretag("undo", second, "--yes").returncode == 0
    assert read_genres(second) == ()
    assert read_genres(first) != ()
    assert len(read_genres(first)) == 2
    assert genretag("undo", first, third, "--yes").returncode == 0  # of two runs
    assert len(read_genres(first)) == 1
    assert read_genres(third) == ()
    assert genretag("undo", first.parent, "--yes").returncode == 0
    assert read_genres(first) == ()
    done = genretag("undo", first, "--yes")
    assert (done.returncode, done.stderr) == (
        1,
        f"genretag: There is nothing to undo below {first}.\n",
    )


def test_a_folder_with_the_name_of_a_run_is_a_folder(three_runs, tmp_path, monkeypatch):
    (tmp_path / "1").mkdir()
    monkeypatch.chdir(tmp_path)
    done = genretag("undo", "1", "--yes")
    assert (done.returncode, done.stderr) == (
        1,
        "genretag: There is nothing to undo below 1. To undo run 1, pass --run 1.\n",
    )
    assert genretag("undo", "--run", 1, "--yes", "--force").returncode == 0
    assert [read_genres(path) for path in three_runs[:2]] == [(), ()]
