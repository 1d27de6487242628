"""The promises of SECURITY.md that are not those of one module."""

import os
import re
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mutagen.id3 import TCON
from mutagen.wave import WAVE

from tagger.audio.demux import open_audio
from tagger.errors import TagError, UnsupportedError
from tagger.output.cells import cell_genres, cell_text, genres_cell, text_cell
from tagger.tags.mutagen_tags import read_genres
from tagger.writing import safewrite
from tagger.writing.planning import plan
from tagger.writing.safewrite import make

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither pipes nor these modes")
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b1m\u202e\r"
PROMISES = (Path(__file__).parents[1] / "SECURITY.md").read_text("utf-8")


def test_every_test_that_the_promises_name_exists():
    tests = "\n".join(file.read_text("utf-8") for file in Path(__file__).parent.rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", PROMISES)
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_a_file_that_is_replaced_after_it_was_looked_at_is_not_copied(song, monkeypatch):
    path, other = song("song.wav"), song("other.wav", pitch=330.0)
    change = plan(path, genres=["Jazz"])
    content = other.read_bytes()
    other.replace(path)
    monkeypatch.setattr(safewrite, "_copy_part", lambda *_: pytest.fail("it was copied"))
    with pytest.raises(TagError, match="was changed"):
        make(change)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@posix
@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_not_given_to_a_decoder(tmp_path, device):
    path = tmp_path / "song.mp3"
    path.symlink_to(device)
    with pytest.raises(UnsupportedError, match="not a regular file"), open_audio(path):
        pass


def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / "song.mp3"
    os.mkfifo(pipe)
    refused = []

    def read():
        with pytest.raises(TagError, match="not a regular file") as error:
            read_genres(pipe)
        refused.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(20)
    assert refused


@posix
def test_a_state_folder_that_every_user_may_write_into_is_refused(genretag, home):
    home.mkdir()
    home.chmod(0o777)
    code, _, err = genretag("history")
    assert code == 1
    assert "every user may write into it" in err
    assert not list(home.iterdir())


@posix
def test_a_new_state_folder_is_its_owners_alone(genretag, home):
    assert genretag("history")[0] == 0
    assert home.stat().st_mode & 0o777 == 0o700


@given(st.text())
@example(ESCAPES)
@example(r"\u001b and \U0010ffff and \Uffffffff, as they stand")
def test_cells_hold_no_control_characters_and_lose_none(text):
    assert text_cell(text).isprintable()
    assert cell_text(text_cell(text)) == text


def test_genres_with_control_characters_come_back():
    genres = ("a\x1bb; c", "=1+1")
    assert genres_cell(genres).isprintable()
    assert cell_genres(genres_cell(genres)) == genres


@posix
def test_nothing_in_a_name_or_tag_steers_the_terminal(genretag, song, tmp_path, toy_model):
    path = song("song.wav").rename(tmp_path / "music" / f"a{ESCAPES}b.wav")
    (tmp_path / "music" / f"bad{ESCAPES}.mp3").write_bytes(b"no music")
    tagged = WAVE(path)
    tagged.add_tags()
    tagged.tags.add(TCON(3, [f"Rock{ESCAPES}"]))
    tagged.save()
    table, page = tmp_path / "genres.csv", tmp_path / "genres.html"
    scan = ("scan", tmp_path / "music", "--model", toy_model, "--min-confidence", "0")
    for words in (
        (*scan, "--csv", table, "--report", page),
        ("explain", path, "--model", toy_model),
        ("audit", path.parent, "--model", toy_model),
        (*scan, "--write-tags", "--overwrite"),
        ("history", "1"),
        ("undo", "--yes"),
        ("apply", table, "--overwrite", "--yes"),
    ):
        _, out, err = genretag(*words)
        assert not set(ESCAPES[0] + "\x9b\u202e\x07") & set(out + err), words
    for file in (table, page):
        assert not set("\x1b\x9b\u202e\x07") & set(file.read_text("utf-8"))


@posix
def test_files_that_links_lead_to_outside_are_counted(genretag, song, tmp_path, toy_model):
    folder = song("song.wav").parent
    outside = song("../elsewhere/other.wav", pitch=330.0)
    (folder / "link.wav").symlink_to(outside)
    scan = ("scan", folder, "--model", toy_model, "--min-confidence", "0", "--write-tags")
    _, _, err = genretag(*scan)
    assert "outside of the folders, where links lead: 1 file;" in err
    assert read_genres(outside)
    assert "outside" not in genretag(*scan, "--overwrite")[2]  # there is nothing to write


def test_a_table_that_names_files_no_scan_has_seen_is_not_applied_unasked(
    genretag, song, tmp_path, toy_model
):
    path, table = song("song.wav"), tmp_path / "genres.csv"
    outside = song("../elsewhere/private.wav")
    assert genretag("scan", path.parent, "--csv", table, "--model", toy_model)[0] == 0
    before = outside.read_bytes()
    header, _ = table.read_text("utf-8").splitlines()
    for name in (outside, path.parent / ".." / "elsewhere" / outside.name):
        cells = [str(name), "ok", "Jazz", "", "", "", "", "write", "", "", *[""] * 3]
        table.write_text(f"{header}\n{','.join(cells)}\n", "utf-8")
        code, _, err = genretag("apply", table)
        assert code == 1
        assert "in folders that no scan has put into a table" in err
        assert str(name) in err
    assert outside.read_bytes() == before
    assert genretag("apply", table, "--yes")[0] == 0
    assert read_genres(outside) == ("Jazz",)
