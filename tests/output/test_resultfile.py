"""No table that a user made or edited gets lost."""

import os
import shutil

import pytest

from tagger.errors import PathError
from tagger.output.resultfile import opened


@pytest.fixture
def table(tmp_path):
    return tmp_path / "genres.csv"


def finished(target, text="new\n", **options) -> list[str]:
    told: list[str] = []
    with opened(target, tell=told.append, **options) as results:
        results.stream.write(text)
        results.finish()
    return told


def interrupted(target, text="half\n", **options) -> list[str]:
    told: list[str] = []
    with opened(target, tell=told.append, **options) as results:
        results.stream.write(text)
    return told


def test_a_table_as_genretag_wrote_it_is_replaced(table):
    finished(table, "first\n")
    assert finished(table, "second\n") == []
    assert table.read_text() == "second\n"
    assert list(table.parent.glob("genres*")) == [table]


def test_an_edited_table_is_refused(table):
    finished(table)
    table.write_text("my edits\n")
    with pytest.raises(PathError, match=r"was edited since .* pass --force"), opened(table):
        pass
    assert table.read_text() == "my edits\n"
    assert list(table.parent.glob("genres*")) == [table]


def test_a_file_that_genretag_did_not_write_is_refused(tmp_path):
    playlist = tmp_path / "important.m3u"
    playlist.write_text("a.mp3\n")
    with pytest.raises(PathError, match="genretag did not write it"), opened(playlist):
        pass
    assert playlist.read_text() == "a.mp3\n"


def test_with_force_every_old_table_is_kept(table):
    for edits in ("one\n", "two\n"):
        table.write_text(edits)
        (told,) = finished(table, force=True)
        assert "is kept as" in told
    assert table.read_text() == "new\n"
    assert table.with_name("genres.csv.bak").read_text() == "one\n"
    assert table.with_name("genres.csv.bak2").read_text() == "two\n"


def test_with_force_a_table_as_genretag_wrote_it_needs_no_copy(table):
    finished(table)
    assert finished(table, force=True) == []
    assert list(table.parent.glob("*.bak")) == []


def test_an_interrupted_scan_leaves_its_part_and_says_where(table):
    finished(table, "whole\n")
    (told,) = interrupted(table)
    part = table.with_name("genres.csv.part")
    assert told == f"The results so far are in {part}; {table} is as it was."
    assert (table.read_text(), part.read_text()) == ("whole\n", "half\n")
    finished(table, "next\n")
    assert table.read_text() == "next\n"
    assert not part.exists()


def test_an_interrupted_scan_makes_no_table(table):
    assert interrupted(table) == [f"The results so far are in {table}.part."]
    assert not table.exists()


def test_a_header_alone_is_no_result(table):
    assert interrupted(table, "path,status\n", header_lines=1) == []
    assert list(table.parent.glob("genres*")) == []


def test_an_edited_part_is_not_written_over(table):
    interrupted(table)
    part = table.with_name("genres.csv.part")
    part.write_text("my edits\n")
    interrupted(table, "other\n")
    assert part.read_text() == "my edits\n"
    assert table.with_name("genres.csv.part2").read_text() == "other\n"


def test_a_table_that_is_edited_while_the_scan_runs_is_not_replaced(table):
    finished(table, "whole\n")
    told: list[str] = []
    with (
        pytest.raises(PathError, match=r"was changed while the scan ran.*genres\.csv\.part"),
        opened(table, tell=told.append) as results,
    ):
        results.stream.write("new\n")
        table.write_text("my edits\n")
        results.finish()
    assert table.read_text() == "my edits\n"
    assert table.with_name("genres.csv.part").read_text() == "new\n"


def test_two_scans_at_a_time_keep_out_of_each_others_way(table):
    with opened(table) as one, pytest.raises(PathError, match="while the scan ran"):
        one.stream.write("one\n")
        with opened(table) as other:
            other.stream.write("other\n")
            other.finish()
        one.finish()
    assert table.read_text() == "other\n"
    assert table.with_name("genres.csv.part").read_text() == "one\n"


def test_a_symbolic_link_stays_one(table, tmp_path):
    real = tmp_path / "elsewhere" / "table.csv"
    real.parent.mkdir()
    table.symlink_to(real)
    finished(table, "first\n")
    finished(table, "second\n")
    assert table.is_symlink()
    assert real.read_text() == "second\n"
    real.write_text("my edits\n")
    with pytest.raises(PathError, match="was edited"), opened(table):
        pass


def test_a_link_to_music_is_not_followed(table, tmp_path):
    song = tmp_path / "song.mp3"
    song.write_text("music")
    table.symlink_to(song)
    with pytest.raises(PathError, match="is a music file"), opened(table, force=True):
        pass
    assert song.read_text() == "music"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_table_keeps_its_mode(table):
    finished(table)
    table.chmod(0o640)
    finished(table)
    assert table.stat().st_mode & 0o777 == 0o640


def test_without_a_state_folder_a_table_counts_as_somebodys_own(table, home):
    home.write_text("no folder")
    finished(table)
    with pytest.raises(PathError, match="--force"), opened(table):
        pass
    home.unlink()
    table.unlink()
    finished(table)
    shutil.rmtree(home)
    with pytest.raises(PathError, match="--force"), opened(table):
        pass
