"""When the folder of journal, cache and settings is full, or no folder at all."""

import pytest
from test_cli_scan import rows

from tagger.errors import StateError
from tagger.journal import Journal
from tagger.tags import read_genres


@pytest.fixture
def full_disk(song, monkeypatch):
    """Make five tracks, of which the journal takes three; gives their folder."""
    begin = Journal.begin

    def run_out_of_room(journal, run, change):
        if change.path.name > "3":
            raise StateError("The disk is full.")
        return begin(journal, run, change)

    monkeypatch.setattr(Journal, "begin", run_out_of_room)
    songs = [song(f"{number}.wav", seed=number) for number in range(5)]
    return songs[0].parent


def test_a_disk_that_fills_up_ends_a_scan_with_its_summary(
    genretag, full_disk, toy_model, tmp_path
):
    table = tmp_path / "genres.csv"
    options = ("--model", toy_model, "-j", 1, "--write-tags", "--min-confidence", 0)
    code, out, err = genretag("scan", full_disk, *options, "--csv", table)
    assert (code, err) == (1, "The disk is full.\n")
    assert "Stopped after 3 tracks" in out
    assert "3 written" in out
    assert [row["action"] for row in rows(table.read_text())] == ["written"] * 3
    assert [bool(read_genres(path)) for path in sorted(full_disk.iterdir())] == [True] * 3 + [
        False
    ] * 2
    assert "3 files restored" in genretag("undo", "--yes")[1]
    assert genretag("scan", full_disk, *options, "-q") == (1, "", "The disk is full.\n")


def test_a_disk_that_fills_up_ends_apply_with_its_sum(genretag, full_disk, toy_model, tmp_path):
    table = tmp_path / "genres.csv"
    options = ("--model", toy_model, "-j", 1, "--min-confidence", 0)
    assert genretag("scan", full_disk, *options, "--csv", table)[0] == 0
    code, out, err = genretag("apply", table)
    assert (code, err) == (1, "genretag: The disk is full.\n")
    assert out.endswith("\nStopped: 3 files written\n")
