"""When the folder of journal, cache and settings is full, or no folder at all."""

import os

import pytest
from commandline import rows

from tagger.errors import DeviceError, StateError
from tagger.output.scandisplay import ScanDisplay
from tagger.settings.file import default_file, load
from tagger.state.cache import Cache
from tagger.tags.mutagen_tags import read_genres
from tagger.writing.journal import Journal


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
    part = table.with_name("genres.csv.part")
    assert (code, err) == (1, f"The disk is full.\nThe results so far are in {part}.\n")
    assert "Stopped after 3 tracks" in out
    assert "3 written" in out
    assert [row["action"] for row in rows(part.read_text())] == ["written"] * 3
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


def test_a_cache_that_fails_on_the_way_is_told_of_beside_the_bar(
    genretag, song, toy_model, monkeypatch
):
    def fail(_):
        raise StateError("The disk is full.")

    said: list[str] = []
    monkeypatch.setattr(Cache, "flush", fail)
    monkeypatch.setattr(ScanDisplay, "complain", lambda _, text: said.append(text))
    assert genretag("scan", song("a.wav"), "--model", toy_model, "-j", 1)[0] == 0
    assert said == ["The disk is full."]


def test_a_scan_that_is_refused_replaces_no_table(genretag, song, toy_model, tmp_path, monkeypatch):
    """What the model says of itself is known from the first scan; then it cannot be loaded."""
    options = ("--model", toy_model, "-j", 1, "-q")
    assert genretag("scan", song("a.wav"), *options)[0] == 0

    def refuse(*_):
        raise DeviceError("CUDA is not available.")

    monkeypatch.setattr("tagger.inference.model.GenreModel", refuse)
    table = tmp_path / "genres.csv"
    table.write_text("my edits")
    assert genretag("scan", song("b.wav", seed=1), *options, "--csv", table)[0] == 1
    assert table.read_text() == "my edits"
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("command", [["history"], ["cache", "info"], ["undo", "--yes"]])
def test_a_home_that_is_no_folder(genretag, home, command):
    home.write_text("something else")
    code, out, err = genretag(*command)
    assert (code, out) == (1, "")
    assert err == (
        f"genretag: The folder {home} for journal and cache cannot be used (it is not a folder);"
        " set GENRETAG_HOME to a folder that can be written.\n"
    )


def test_a_home_that_may_not_be_written(genretag, home, song, toy_model, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, *_, **__: path != home)
    options = ("scan", song("a.wav"), "--model", toy_model, "-j", 1, "-q")
    code, _, err = genretag(*options)
    assert (code, err.count("\n")) == (0, 1)  # a dry run does without
    assert f"{home} for journal and cache cannot be used (it may not be written)" in err
    code, _, err = genretag(*options, "--write-tags")
    assert (code, err.count("\n")) == (1, 1)
    assert "it may not be written" in err


def test_a_home_that_is_not_named_in_full_is_shown_in_full(genretag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENRETAG_HOME", "here")
    assert str(tmp_path / "here" / "cache.sqlite3") in genretag("cache", "info")[1]


def test_an_empty_home_is_none(genretag, tmp_path, monkeypatch):
    monkeypatch.setenv("GENRETAG_HOME", "")
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(tmp_path / "config"))
    assert str(tmp_path / "data" / "cache.sqlite3") in genretag("cache", "info")[1]
    assert default_file() == tmp_path / "config" / "config.toml"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no configuration file {}.\n"),
        ("a folder", "The configuration {} cannot be read ("),
        (b'[genres]\nRock = "\xff"', "{} is not in UTF-8; save it as UTF-8.\n"),
        ("[genres]".encode("utf-16"), "{} is not in UTF-8; save it as UTF-8.\n"),
        (b"[genres", "{} is not valid TOML: Expected"),
        (b"genres = 3", "{}, line 1: [genres] must be a table.\n"),
        (
            b"[genres]\nRock = 3",
            "{}, line 2: 'Rock' must be a name in quotes, or a list of names.\n",
        ),
        (
            b'[genre]\nRock = "Pop"',
            "{}, line 1: unknown setting 'genre'. Did you mean 'genres'?\n",
        ),
    ],
)
def test_settings_that_cannot_be_used(genretag, song, toy_model, tmp_path, content, words):
    file = tmp_path / "my.toml"
    if content == "a folder":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    code, out, err = genretag("scan", song("a.wav"), "--model", toy_model, "--config", file)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"genretag: {words.format(file)}")


def test_settings_that_notepad_saved(tmp_path):
    file = tmp_path / "my.toml"
    file.write_bytes(b'\xef\xbb\xbf[genres]\r\nRock = "Pop"\r\n')
    assert load(file).genres == {"Rock": ("Pop",)}
