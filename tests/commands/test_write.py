"""`apply`, `undo` and `history`, and writing with albums and other names, as a user runs them."""

import csv
import io
import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import formats
import numpy as np
import pytest
from commandline import GENRETAG, copies, digests, in_a_process, rows, started
from conftest import genretag_here as genretag
from conftest import write_audio

from tagger.errors import TagError
from tagger.pipeline import extract
from tagger.state.schemas import JOURNAL
from tagger.tags.mutagen_tags import open_tags, read_genres


@pytest.fixture
def library(tmp_path) -> Path:
    """All formats, long enough to be heard; one has a genre already."""
    folder = tmp_path / "library"
    folder.mkdir()
    for kind in formats.KINDS:
        if kind not in formats.UNDECODABLE:
            formats.make(kind, folder, seconds=4.0)
    file = open_tags(folder / "flac.flac")
    file.texts = ["Polka"]
    file.save()
    return folder


def everything(folder: Path) -> dict[str, object]:
    return {
        path.name: (open_tags(path).texts, open_tags(path).others())
        for path in sorted(folder.iterdir())
    }


def plan(folder: Path, table: Path, model: Path, *options: object) -> list[dict[str, str]]:
    done = genretag(
        "scan", folder, "--model", model, "--csv", table, "--min-confidence", 0, *options
    )
    assert done.returncode == 0, done.stderr
    return rows(table.read_text())


def save(table: Path, content: list[dict[str, str]], **style: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, content[0], **style)
    writer.writeheader()
    writer.writerows(content)
    table.write_bytes(b"\xef\xbb\xbf" + buffer.getvalue().encode())


def test_a_slip_of_the_pen_in_a_plan_is_named(song, toy_model, tmp_path):
    track = song("a.flac")
    table = tmp_path / "genres.csv"
    (row,) = plan(track, table, toy_model)
    save(table, [row | {"action": "wirte"}])
    before = digests(track.parent)
    done = genretag("apply", table)
    assert done.returncode == 1
    assert "there is no action 'wirte'" in done.stderr
    assert digests(track.parent) == before


def test_scan_edit_apply_undo_leaves_every_tag_as_it_was(library, toy_model, tmp_path):
    before = everything(library)
    table = tmp_path / "genres.csv"
    content = plan(library, table, toy_model)
    assert {row["action"] for row in content} == {"write", "keep"}
    assert everything(library) == before
    for row in content[::2]:
        row["genre"] = "Chanson; Ærø"
    content[1]["action"] = "skip"
    save(table, content, delimiter=";", lineterminator="\r\n")  # as a spreadsheet leaves it

    shown = genretag("apply", table, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "would be written" in shown.stdout
    assert everything(library) == before

    done = in_a_process("apply", table)
    assert done.returncode == 0, done.stderr
    for index, row in enumerate(content):
        genres = read_genres(Path(row["path"]))
        if row["action"] != "write":
            assert genres == tuple(filter(None, [row["existing_genre"]]))
        elif index % 2 == 0:
            assert genres == ("Chanson", "Ærø")
        else:
            assert genres == (row["genre"],)
    again = genretag("apply", table)
    assert "0 files written" in again.stdout

    assert f"apply {table}" in genretag("history").stdout
    after = everything(library)
    shown = genretag("undo", "--dry-run")
    assert "would be restored" in shown.stdout
    assert everything(library) == after
    done = in_a_process("undo", "--yes")
    assert done.returncode == 0, done.stderr
    assert everything(library) == before
    assert genretag("undo", "--yes").returncode == 1


def test_a_table_of_relative_paths_belongs_to_the_folder_where_it_was_made(
    genretag, song, toy_model, tmp_path, monkeypatch
):
    song("a.flac")
    monkeypatch.chdir(tmp_path)
    options = ("--model", toy_model, "-j", 1, "--min-confidence", 0, "--csv", "genres.csv")
    assert genretag("scan", "music", *options)[0] == 0
    monkeypatch.chdir(tmp_path / "music")
    code, _, err = genretag("apply", "../genres.csv")
    assert (code, err) == (
        3,
        f"music/a.flac cannot be reached from {tmp_path / 'music'} (no such file or directory)\n",
    )


def test_rows_of_files_that_changed_are_refused(library, toy_model, tmp_path, home):
    table = tmp_path / "genres.csv"
    plan(library, table, toy_model)
    touched = library / "wav.wav"
    os.utime(touched, ns=(1, 1))
    done = genretag("apply", table)
    assert done.returncode == 3
    assert "wav.wav was changed since" in done.stderr
    assert read_genres(touched) == ()
    assert read_genres(library / "aiff.aiff") != ()

    shutil.rmtree(home)  # a plan from elsewhere: only the genre can tell
    file = open_tags(touched)
    file.texts = ["Polka"]
    file.save()
    (library / "dsf.dsf").unlink()
    done = genretag("apply", table, "--yes")
    assert "dsf.dsf cannot be reached" in done.stderr
    assert "wav.wav has another genre" in done.stderr
    assert read_genres(touched) == ("Polka",)


def test_rows_that_were_not_to_be_written_are_looked_at_too(library, toy_model, tmp_path):
    """A row may be edited from keep to write; its file must still be what it was."""
    table = tmp_path / "genres.csv"
    content = plan(library, table, toy_model)
    kept = next(row for row in content if row["action"] == "keep")
    kept["action"] = "write"
    save(table, [kept])
    os.utime(kept["path"], ns=(1, 1))
    assert genretag("apply", table).returncode == 3
    assert read_genres(Path(kept["path"])) == ("Polka",)
    plan(library, table, toy_model, "--force")
    save(table, [kept])
    assert genretag("apply", table).returncode == 0
    assert read_genres(Path(kept["path"])) == (kept["genre"],)


def test_ctrl_c_reports_all_that_was_written(tmp_path, song):
    """Several files are being written at any moment; those are finished, and counted."""
    songs = sorted(copies(song("000.flac", 1), 300).iterdir())
    table = tmp_path / "genres.csv"
    row = {"genre": "Jazz", "action": "write", "existing_genre": ""}
    save(table, [{"path": str(path), **row} for path in songs])

    def interrupted(after: int, *arguments: object) -> list[str]:
        process = started(*arguments)
        said = [process.stdout.readline() for _ in range(after)]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (130, b"")
        return b"".join([*said, out]).decode().splitlines()

    *lines, summary = interrupted(100, "apply", table, "--yes")
    written = [path for path in songs if read_genres(path) == ("Jazz",)]
    assert lines == [f"Jazz  {path}" for path in written]
    assert summary == f"Interrupted: {len(written)} files written"
    assert 100 <= len(written) < 300

    *lines, summary = interrupted(5, "undo", "--yes")
    left = [path for path in songs if read_genres(path) == ("Jazz",)]
    restored = [path for path in written if path not in left]
    assert sorted(lines) == [f"no genre  {path}" for path in restored]
    assert summary == f"Interrupted: {len(restored)} files restored"


def test_rows_that_cannot_be_written_get_their_sentence_and_the_rest_is_written(tmp_path, song):
    good, clear = song("good.flac"), song("clear.flac")
    file = open_tags(clear)
    file.texts = ["Polka"]
    file.save()
    os.mkfifo(tmp_path / "pipe.mp3")
    table = tmp_path / "genres.csv"
    rows_of = [
        {"path": path, "genre": genre, "action": action, "existing_genre": existing}
        for path, genre, action, existing in (
            (str(tmp_path / "pipe.mp3"), "Jazz", "write", ""),
            ("/dev/zero", "Jazz", "write", ""),
            ("nul\0l.mp3", "Jazz", "write", ""),
            (str(tmp_path), "Jazz", "write", ""),
            (str(good), "Jazz", "write", ""),
            (str(clear), "Jazz", "clear", "Polka"),
        )
    ]
    save(table, rows_of)
    done = genretag("apply", table, "--yes")
    assert done.returncode == 3
    pipe, zero, nul, folder = done.stderr.splitlines()
    assert pipe.endswith("pipe.mp3 is not a regular file")
    assert zero == "/dev/zero is not a regular file"
    assert "nul�l.mp3 cannot be reached" in nul
    assert folder == f"{tmp_path} is not a regular file"
    assert read_genres(good) == ("Jazz",)
    assert read_genres(clear) == ()
    assert "2 files written, 4 left alone" in done.stdout
    assert genretag("undo", "--yes").returncode == 0
    assert read_genres(clear) == ("Polka",)


def test_a_table_that_was_undone_can_be_applied_once_more(tmp_path, song):
    track = song("a.flac", 1)
    table = tmp_path / "genres.csv"
    save(table, [{"path": str(track), "genre": "Jazz", "action": "write", "existing_genre": ""}])
    for _ in range(2):
        assert genretag("apply", table, "--yes").returncode == 0
        assert read_genres(track) == ("Jazz",)
        assert genretag("undo", "--yes").returncode == 0
        assert read_genres(track) == ()
    os.utime(track, ns=(1, 1))
    assert "was changed since the scan" in genretag("apply", table, "--yes").stderr


def test_apply_overwrite_writes_rows_that_were_to_be_kept(tmp_path, song, toy_model):
    track = song("a.flac")
    file = open_tags(track)
    file.texts = ["Polka"]
    file.save()
    table = tmp_path / "genres.csv"
    (row,) = plan(track, table, toy_model)
    assert row["action"] == "keep"
    assert "0 files written" in genretag("apply", table).stdout
    assert genretag("apply", table, "--overwrite").returncode == 0
    assert read_genres(track) == (row["genre"],)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_end_a_run_as_ctrl_c_does(tmp_path, song, number, code):
    songs = sorted(copies(song("000.flac", 1), 100).iterdir())
    table = tmp_path / "genres.csv"
    row = {"genre": "Jazz", "action": "write", "existing_genre": ""}
    save(table, [{"path": str(path), **row} for path in songs])
    before = signal.signal(number, signal.SIG_DFL)  # nohup has it ignored, in all that it starts
    try:
        process = started("apply", table, "--yes")
    finally:
        signal.signal(number, before)
    said = [process.stdout.readline() for _ in range(20)]
    process.send_signal(number)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (code, b"")
    *lines, summary = b"".join([*said, out]).decode().splitlines()
    written = [path for path in songs if read_genres(path) == ("Jazz",)]
    assert lines == [f"Jazz  {path}" for path in written]
    assert summary == f"Interrupted: {len(written)} files written"


def test_genres_with_semicolons(library, toy_model, tmp_path, home):
    track = library / "flac.flac"
    file = open_tags(track)
    file.texts = ["Rock; Pop", "Jazz"]
    file.save()
    table = tmp_path / "genres.csv"
    (row,) = plan(track, table, toy_model, "--append")
    assert row["existing_genre"] == r"Rock\; Pop; Jazz"
    shutil.rmtree(home)
    assert genretag("apply", table, "--yes").returncode == 0
    assert read_genres(track)[:2] == ("Rock; Pop", "Jazz")


def test_undo_right_after_a_kill(library, toy_model, home):
    from tagger.writing import planning, safewrite
    from tagger.writing.journal import Journal

    track = library / "wav.wav"
    with Journal(home) as journal:
        change = planning.plan(track, genres=["Jazz"])
        journal.begin(journal.begin_run("scan --write-tags"), change)
        safewrite.make(change)
    assert genretag("undo", "--yes").returncode == 0
    assert read_genres(track) == ()


def test_undo_of_some_files_and_of_an_earlier_run(library, toy_model):
    first, second = library / "wav.wav", library / "aiff.aiff"
    assert genretag("scan", first, second, "--model", toy_model, "--write-tags").returncode == 0
    other = library / "mp3-v24.mp3"
    assert genretag("scan", other, "--model", toy_model, "--write-tags").returncode == 0
    assert genretag("undo", "--run", 1, first, "--yes").returncode == 0
    assert read_genres(first) == ()
    assert read_genres(second) != ()
    assert read_genres(other) != ()
    assert genretag("undo", "--yes").returncode == 0  # the last run
    assert read_genres(other) == ()
    assert genretag("undo", "--run", 99, "--yes").returncode == 1
    done = genretag("undo", "--run", 2, first, "--yes")
    assert done.returncode == 1
    assert f"nothing to undo in run 2 below {first}" in done.stderr


def test_undo_finds_files_that_were_moved_by_their_audio(song, toy_model, tmp_path):
    songs = [song(f"old/{number}.wav", seed=number) for number in range(3)]
    folder = tmp_path / "music"
    options = ("--model", toy_model, "-j", 1, "--min-confidence", 0, "--write-tags")
    assert genretag("scan", folder, *options).returncode == 0
    shutil.copy(song("stranger.wav", seed=9), folder / "0.wav")
    moved = [folder / "new" / "renamed.wav", folder / "new" / "1.wav"]
    for old, new in zip(songs, moved, strict=False):
        new.parent.mkdir(exist_ok=True)
        old.rename(new)
    dry = genretag("undo", "--dry-run")
    assert f"{moved[0]} (moved from {songs[0]})\n" in dry.stdout
    done = genretag("undo", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{moved[1]} (moved from {songs[1]})\n" in done.stdout
    assert [read_genres(path) for path in (*moved, songs[2])] == [()] * 3


def test_undo_of_a_path_finds_what_was_moved_there(song, toy_model, tmp_path):
    songs = [song(f"old/{number}.wav", seed=number) for number in range(3)]
    options = ("--model", toy_model, "-j", 1, "--min-confidence", 0, "--write-tags")
    for path in songs:
        assert genretag("scan", path, *options).returncode == 0
    copy = shutil.copy(songs[2], tmp_path / "copy.wav")
    new = tmp_path / "elsewhere"
    songs[0].parent.rename(new)
    stranger = song("stranger.wav", seed=9)
    for nowhere in (stranger, tmp_path / "none.wav"):
        done = genretag("undo", nowhere, "--yes")
        assert (done.returncode, "nothing to undo below" in done.stderr) == (1, True)
    done = genretag("undo", new / "0.wav", "--yes")
    assert f"{new / '0.wav'} (moved from {songs[0]})\n" in done.stdout
    done = genretag("undo", new, "--yes")  # the last run that wrote a file of this folder
    assert (done.returncode, done.stdout.count("moved from")) == (0, 1)
    assert [bool(read_genres(new / f"{n}.wav")) for n in range(3)] == [False, True, False]
    assert read_genres(copy) != ()


def test_undo_refuses_what_someone_else_changed(library, toy_model):
    track = library / "wav.wav"
    genretag("scan", track, "--model", toy_model, "--write-tags")
    file = open_tags(track)
    file.texts = ["Mine"]
    file.save()
    done = genretag("undo", "--yes")
    assert done.returncode == 3
    assert "another genre by now (Mine)" in done.stderr
    assert read_genres(track) == ("Mine",)
    assert genretag("undo", "--yes", "--force").returncode == 0
    assert read_genres(track) == ()


def test_undo_asks_on_a_terminal_and_never_without_one(library, toy_model):
    pty = pytest.importorskip("pty")
    track = library / "wav.wav"
    genretag("scan", track, "--model", toy_model, "--write-tags")
    done = subprocess.run(
        [*GENRETAG, "undo"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "--yes" in done.stderr
    for answer, left in (("n", True), ("y", False)):
        try:
            ours, theirs = pty.openpty()
        except OSError as error:
            pytest.skip(f"there are no pseudo-terminals here: {error}")
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            [*GENRETAG, "undo"], stdin=theirs, capture_output=True, text=True, check=False
        )
        os.close(ours)
        os.close(theirs)
        assert "Undo run 1" in done.stderr
        assert (read_genres(track) != ()) == left


def test_odd_names_survive_the_plan(tmp_path, toy_model, song):
    first = song("plain.wav")
    names = ["=1+1.wav", "'quoted'.wav", "a,b;c.wav", 'd"e.wav', "line\nbreak.wav"]
    paths = [first.with_name(name) for name in (*names, os.fsdecode(b"caf\xe9.wav"))]
    for path in paths:
        shutil.copy(first, path)
    table = tmp_path / "genres.csv"
    content = plan(first.parent, table, toy_model)
    save(table, content)
    done = genretag("apply", table)
    assert done.returncode == 0, done.stderr
    assert all(read_genres(path) for path in paths)


def test_tables_that_are_none(tmp_path):
    table = tmp_path / "t.csv"
    done = genretag("apply", table)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    table.write_text("a,b\n1,2\n")
    done = genretag("apply", table)
    assert done.returncode == 1
    assert "not a table of a scan" in done.stderr
    table.write_bytes("path,genre,action,existing_genre\na.mp3,Ær,write,\n".encode("latin-1"))
    done = genretag("apply", table)
    assert (done.returncode, "not in UTF-8" in done.stderr) == (1, True)
    table.write_text('path,genre,action,existing_genre\n"' + "x" * 200_000)
    done = genretag("apply", table)
    assert (done.returncode, "is damaged" in done.stderr) == (1, True)


def test_history_before_anything_was_written(home):
    done = genretag("history")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_journal_that_cannot_be_used(home, song, toy_model):
    home.mkdir()
    (home / JOURNAL.file_name).write_text("this is no database, and long enough to be read as one")
    before = digests(song().parent)
    done = genretag("scan", song(), "--model", toy_model, "--write-tags")
    assert done.returncode == 1
    assert "journal" in done.stderr
    assert digests(song().parent) == before


def test_one_writer_at_a_time(home, song, toy_model):
    from tagger.state.lock import only_writer

    song("a.wav")
    with only_writer(home):
        done = genretag("scan", song(), "--model", toy_model, "--write-tags")
        assert done.returncode == 4
        assert f"process {os.getpid()}" in done.stderr
        assert genretag("scan", song(), "--model", toy_model).returncode == 0
    assert genretag("scan", song(), "--model", toy_model, "--write-tags").returncode == 0


def test_a_plan_needs_no_journal(home, song, toy_model):
    home.write_text("not a folder")
    done = genretag("scan", song(), "--model", toy_model, "--csv", "-")
    assert done.returncode == 0
    assert rows(done.stdout)
    assert "cannot be used" in done.stderr


def test_append_and_keep(song, toy_model):
    track = song("a.flac")
    file = open_tags(track)
    file.texts = ["Polka"]
    file.save()
    options = ("--model", toy_model, "--write-tags", "--min-confidence", 0)
    assert genretag("scan", track, *options, "--append").returncode == 0
    both = read_genres(track)
    assert both[0] == "Polka"
    assert len(both) == 2
    assert genretag("scan", track, *options, "--append").returncode == 0
    assert read_genres(track) == both
    assert genretag("scan", track, *options, "--append", "--overwrite").returncode == 2


def test_other_names_from_the_config(song, toy_model, home, tmp_path):
    home.mkdir()
    (home / "config.toml").write_text(
        '[genres]\nhiphop = "Rap"\nMetal = "Heavy Metal"\nclassical = "Klassik"\n'
    )
    done = genretag("scan", song(), "--model", toy_model, "--csv", "-")
    assert rows(done.stdout)[0]["genre"] in ("Rap", "Heavy Metal", "Klassik")
    other = tmp_path / "other.toml"
    other.write_text("[genre]\n")
    done = genretag("scan", song(), "--model", toy_model, "--config", other)
    assert done.returncode == 1
    assert "unknown setting" in done.stderr


def test_an_album_votes_as_one(tmp_path, toy_model):
    rate = 22_050
    time = np.arange(rate * 4) / rate
    beat = np.exp(-4 * (time % 0.5))  # a steady tone would be no music, nor would a single one
    chords = range(60, 1200, 60), range(6000, 9000, 150)
    low, high = (
        (0.03 * beat * sum(np.sin(2 * np.pi * f * time) for f in chord)).astype(np.float32)
        for chord in chords
    )
    album = tmp_path / "m" / "album"
    for name in ("CD1/1.wav", "CD1/2.wav", "Disc 2/1.wav"):
        write_audio(album / name, low)
    write_audio(album / "Disc 2" / "2.wav", high)
    write_audio(tmp_path / "m" / "other" / "1.wav", high)
    for name, sound in (("single.wav", low), ("single too.wav", high)):
        write_audio(tmp_path / "m" / name, sound)
    alone = genretag("scan", tmp_path / "m", "--model", toy_model, "--csv", "-")
    voted = genretag("scan", tmp_path / "m", "--model", toy_model, "--csv", "-", "--album")
    one, together = ([row["genre"] for row in rows(d.stdout)] for d in (alone, voted))
    assert one[1] != one[0] == together[0]
    assert together[1] == one[1]
    one, together = one[2:], together[2:]
    assert one[3] == one[4] != one[0]
    assert together[:4] == [one[0]] * 4
    assert together[4] == one[4]


def test_a_dry_run_says_which_files_could_not_be_written(song, toy_model, monkeypatch):
    good, bad = song("a.wav"), song("b.wav", seed=1)
    monkeypatch.setattr(extract, "refusal_of", lambda path: "is odd" if path == bad else "")
    for path in (good, bad):
        os.utime(path, (1e9, 1e9))
    before = digests(good.parent)
    options = ("scan", good.parent, "--model", toy_model, "-j", 1, "--min-confidence", 0)
    for _ in range(2):  # the second time from the cache, without opening a file
        done = genretag(*options, "--csv", "-")
        assert done.returncode == 3
        by_name = {Path(row["path"]).name: row for row in rows(done.stdout)}
        assert {name: row["action"] for name, row in by_name.items()} == {
            "a.wav": "write",
            "b.wav": "failed",
        }
        assert by_name["b.wav"]["error"] == "is odd"
        monkeypatch.delattr(extract, "refusal_of", raising=False)
    shown = genretag(*options).stdout
    assert "With --write-tags, 1 file would get a genre." in shown
    assert f"{bad} is odd\n" in shown
    assert digests(good.parent) == before


def for_reading(_: Path, mode: int, **__: object) -> bool:
    """Answer as `os.access` does where everything is mounted to be read."""
    return not mode & os.W_OK


def test_a_dry_run_knows_that_a_file_may_not_be_written(song, toy_model, monkeypatch):
    path = song("a.wav")
    options = ("scan", path, "--model", toy_model, "-j", 1, "--min-confidence", 0)
    with monkeypatch.context() as patch:
        patch.setattr("tagger.writing.permissions.may_write", lambda path, **_: path.is_dir())
        done = genretag(*options, "--no-cache")
    assert (done.returncode, f"{path} may not be written" in done.stdout) == (3, True)
    monkeypatch.setattr(os, "access", for_reading)
    assert extract.refusal_of(path) == ""  # the whole folder is read-only
    done = genretag(*options)
    assert done.returncode == 0
    assert "1 file would get a genre; 1 of them in folders that may not be written." in done.stdout


def test_a_dry_run_refuses_what_a_strict_owner_does(song, toy_model, monkeypatch):
    def check(path: Path, *, strict_owner: bool) -> None:
        if strict_owner:
            raise TagError("was left alone: its owner could not be kept")

    path = song("a.wav")
    monkeypatch.setattr("tagger.writing.surroundings.check_permissions", check)
    options = ("scan", path, "--model", toy_model, "-j", 1, "--min-confidence", 0)
    for _ in range(2):  # the second time from the cache
        assert genretag(*options).returncode == 0
        done = genretag(*options, "--strict-owner")
        assert (done.returncode, f"{path} was left alone: its owner" in done.stdout) == (3, True)


def test_a_dry_run_knows_that_a_copy_would_not_fit(song, toy_model, monkeypatch):
    small, large = song("a.wav"), song("b.wav", seconds=20)
    free = (small.stat().st_size + large.stat().st_size) // 2
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    options = ("scan", small.parent, "--model", toy_model, "-j", 1, "--min-confidence", 0)
    done = genretag(*options, "--csv", "-")
    assert done.returncode == 3
    found = {Path(row["path"]): (row["action"], row["error"]) for row in rows(done.stdout)}
    assert found == {
        small: ("write", ""),
        large: ("failed", "could not be written (no space left on device)"),
    }
    monkeypatch.setattr(os, "access", for_reading)  # all folders are read-only
    assert genretag(*options).returncode == 0
