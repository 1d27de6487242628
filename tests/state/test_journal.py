"""The journal when something happens to it: damage, a full disk, entries that nobody wrote."""

import os
import sqlite3
from contextlib import closing

import formats
import pytest

from tagger.state.schemas import JOURNAL
from tagger.tags.mutagen_tags import read_genres
from tagger.writing.entries import State
from tagger.writing.journal import Journal
from tagger.writing.planning import plan
from tagger.writing.recovery import recover
from tagger.writing.writer import TagWriter


def damage_an_index(file):
    """Change a database in a way that is not seen when it is opened."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = db.execute("PRAGMA page_size").fetchone()
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'write_of_run'"
        (page,) = db.execute(query).fetchone()
    with file.open("r+b") as content:
        content.seek(page * size - 8)  # the cells are at the end of a page
        content.write(b"\x7f" * 8)


def test_a_damaged_journal_is_named_with_the_copy_that_takes_its_place(genretag, tmp_path, home):
    songs = [formats.make(kind, tmp_path) for kind in ("flac", "mp3-bare")]
    with Journal(home) as journal:
        writer = TagWriter(journal, "test")
        for song in songs:
            writer.write(song, ["Jazz"])
    file = home / JOURNAL.file_name
    copy = file.with_name(f"{file.name}.bak")
    assert not copy.with_name(f"{file.name}.new").exists()
    damage_an_index(file)
    for command in (["history"], ["undo", "--yes"]):
        code, out, err = genretag(*command)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith(f"genretag: The journal {file} cannot be used (")
        assert f"rename {copy.name}, its copy of 20" in err
    copy.rename(away := tmp_path / "away")
    assert "; move it away to begin a new one)" in genretag("history")[2]
    file.unlink()
    away.rename(file)
    assert genretag("undo", "--yes")[0] == 0
    assert [read_genres(song) for song in songs] == [(), ()]


def test_the_writes_of_a_large_run_come_whole_and_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("tagger.writing.journal._PAGE", 3)
    song = formats.make("flac", tmp_path)
    with Journal(tmp_path / "state") as journal:
        run = journal.begin_run("test")
        change = plan(song, genres=["Jazz"])
        numbers = [journal.begin(run, change) for _ in range(9)]
        assert [write.id for write in journal.unfinished()] == numbers[::-1]
        for number in numbers:
            journal.mark(number, State.DONE)
        writes = journal.writes(run)
        assert [write.id for write in writes] == numbers[::-1]
        assert writes[0].path == song
        # What is asked for while its entries change is not asked for twice.
        seen = []
        for write in journal._select("run = ? AND state = ?", (run, State.DONE)):
            seen.append(write.id)
            journal.mark(write.id, State.UNDONE)
        assert seen == numbers[::-1]


def test_only_copies_that_genretag_made_are_removed(tmp_path):
    song = formats.make("flac", tmp_path)
    precious = song.with_name("precious.flac")
    elsewhere = tmp_path / "b" / ".genretag-0123456789abcdef.flac"
    elsewhere.parent.mkdir()
    for path in (precious, elsewhere):
        path.write_text("mine")
        with Journal(tmp_path / "state") as journal:
            number = journal.begin(journal.begin_run("test"), plan(song, genres=["Jazz"]))
        with closing(sqlite3.connect(journal.file)) as db, db:
            db.execute("UPDATE write SET temporary = ? WHERE id = ?", (os.fsencode(path), number))
        with Journal(tmp_path / "state") as journal:
            recover(journal)
            assert not journal.unfinished()
        assert path.read_text() == "mine"


@pytest.mark.parametrize("room", [0, 1])  # pages
def test_a_full_disk_ends_a_scan_that_writes_in_one_sentence(
    genretag, song, toy_model, home, monkeypatch, room
):
    """SQLite itself finds that there is no room, at one point or another."""
    songs = [song(f"{number}.wav", seed=number) for number in range(4)]
    with Journal(home) as journal:
        (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    opened = Journal.__init__

    def open_small(journal, *arguments):
        opened(journal, *arguments)
        journal._db.execute(f"PRAGMA max_page_count = {pages + room}")

    monkeypatch.setattr(Journal, "__init__", open_small)
    options = ("--model", toy_model, "-j", 1, "--min-confidence", 0, "--write-tags")
    for _ in range(8):  # one after the other fills the journal
        code, out, err = genretag("scan", *songs, *options, "--overwrite", "--no-cache")
        if code:
            break
        genretag("undo", "--yes")
    assert (code, err.count("\n")) == (1, 1)
    assert "database or disk is full" in err
    assert "Traceback" not in out
