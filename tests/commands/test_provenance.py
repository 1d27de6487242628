"""Genres that are noted as genretag's own: written, done again, and cleared without the journal."""

import os

import pytest

from tagger.state.schemas import JOURNAL
from tagger.tags.genre_fields.layouts import open_layout
from tagger.tags.mutagen_tags import open_tags, read_genres
from tagger.tags.provenance import Provenance


@pytest.fixture
def scan(genretag, toy_model):
    """Scan and write; returns exit code, standard output and standard error."""

    def run(*arguments: object, model=toy_model):
        options = ("--model", model, "-j", 1, "--min-confidence", 0, "--write-tags")
        return genretag("scan", *arguments, *options)

    return run


def edited(path, genre):
    """Change a genre as another tagger does, which leaves the note."""
    file = open_tags(path)
    file.texts = [genre]
    file.save()


def test_clear_removes_what_genretag_noted_as_its_own_and_undo_brings_it_back(
    genretag, scan, song, home
):
    ours, mine, plain = (song(f"{name}.flac", seed=n) for n, name in enumerate("abc"))
    edited(plain, "Polka")
    assert scan(ours, mine, "--provenance")[0] == 0
    written = ours.read_bytes()
    (genre,) = read_genres(ours)
    note = Provenance.parse(open_layout(ours).source)
    assert note is not None
    assert (note.model, note.genres) == ("toy", genre)
    assert 0.3 < note.confidence <= 1
    edited(mine, "Krautrock")
    for name in (JOURNAL.file_name, f"{JOURNAL.file_name}.bak"):
        (home / name).unlink()

    assert genretag("clear", ours.parent) == (
        1,
        "",
        "genretag: No terminal to confirm on; pass --yes.\n",
    )
    code, out, _ = genretag("clear", ours.parent, "--dry-run")
    assert (code, out) == (0, f"no genre  {ours}\n1 file would be cleared\n")
    assert ours.read_bytes() == written
    code, out, _ = genretag("clear", ours.parent, "--yes")
    assert (code, "1 file cleared" in out) == (0, True)
    assert (read_genres(ours), open_layout(ours).source) == ((), "")
    assert [read_genres(path) for path in (mine, plain)] == [("Krautrock",), ("Polka",)]
    code, _, err = genretag("clear", ours.parent, "--yes")
    assert (code, err) == (0, "No genre was found that is noted as written by genretag.\n")
    assert genretag("undo", "--yes")[0] == 0
    assert (read_genres(ours), open_layout(ours).source) == ((genre,), str(note))


def test_redo_replaces_what_another_model_wrote_and_nothing_else(
    scan, tmp_path, toy_model, song, genretag
):
    ours, mine, plain = (song(f"{name}.flac", seed=n) for n, name in enumerate("abc"))
    edited(plain, "Polka")
    scan(ours, mine, "--provenance")
    edited(mine, "Krautrock")
    for path in (ours, mine, plain):
        os.utime(path, (1e9, 1e9))
    names = tmp_path / "names.toml"
    names.write_text('[genres]\nClassical = "Opera"\nHip-Hop = "Rap"\nMetal = "Doom"\n')
    assert scan(ours.parent, "--config", names)[0] == 0
    assert read_genres(ours)[0] in ("Classical", "Hip-Hop", "Metal")
    for _ in range(2):  # from the file, then from the cache
        shown = genretag(
            *("scan", ours.parent, "--redo", "--model", toy_model, "--config", names),
            *("-j", 1, "--min-confidence", 0),
        )[1]
        assert "With --write-tags, 1 file would get a genre." in shown
    assert scan(ours.parent, "--config", names, "--redo")[0] == 0
    assert read_genres(ours)[0] in ("Opera", "Rap", "Doom")
    assert open_layout(ours).source.endswith(read_genres(ours)[0])
    assert [read_genres(path) for path in (mine, plain)] == [("Krautrock",), ("Polka",)]


def test_what_is_noted_follows_configuration_and_command_line(scan, song, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[write]\nprovenance = true\n")
    path = song("a.flac")
    scan(path, "--config", config, "--no-provenance")
    assert open_layout(path).source == ""
    scan(path, "--config", config, "--overwrite", "--no-cache")
    assert open_layout(path).source == ""  # the genre is the same: nothing is written
    edited(path, "Polka")
    scan(path, "--config", config, "--overwrite")
    assert open_layout(path).source.startswith("genretag ")
    scan(path, "--append", "--config", config)
    edited(path, "Polka")
    scan(path, "--append", "--config", config)  # not all of these genres are genretag's
    assert (len(read_genres(path)), open_layout(path).source) == (2, "")


def test_apply_notes_the_genres_that_were_not_edited(genretag, scan, song, toy_model, tmp_path):
    ours, mine, again = (song(f"{name}.flac", seed=n) for n, name in enumerate("abc"))
    scan(again, "--provenance")
    table = tmp_path / "genres.csv"
    options = ("--model", toy_model, "-j", 1, "--overwrite", "--csv", table)
    assert genretag("scan", ours.parent, *options, "--min-confidence", 0)[0] == 0
    lines = table.read_text().splitlines(keepends=True)
    genre = lines[1].split(",")[2]
    edit = {mine.name: "Krautrock", again.name: "Polka"}
    for row, line in enumerate(lines):
        for name, new in edit.items():
            if f"/{name}," in line:
                lines[row] = line.replace("keep", "write").replace(f",{genre},", f",{new},", 1)
    table.write_text("".join(lines))
    assert genretag("apply", table)[0] == 0  # without the setting
    assert [open_layout(path).source for path in (ours, mine, again)] == ["", "", ""]
    assert genretag("undo", "--yes")[0] == 0

    config = tmp_path / "config.toml"
    config.write_text("[write]\nprovenance = true\n")
    assert genretag("scan", ours.parent, *options, "--min-confidence", 0.99, "--force")[0] == 0
    table.write_text("".join(lines))  # who edits a row that was uncertain agrees with its genre
    assert genretag("apply", table, "--config", config)[0] == 0
    assert [read_genres(path) for path in (ours, mine, again)] == [
        (genre,),
        ("Krautrock",),
        ("Polka",),
    ]
    note = Provenance.parse(open_layout(ours).source)
    assert note is not None
    confidence = round(float(lines[1].split(",")[3]), 2)
    assert (note.model, note.genres, note.confidence) == ("toy", genre, confidence)
    assert [open_layout(path).source for path in (mine, again)] == ["", ""]
