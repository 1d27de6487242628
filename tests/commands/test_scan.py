"""`genretag scan` as a user runs it."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mediafile
import numpy as np
import pytest
from commandline import GENRETAG, copies, digests, in_a_process, rows, started
from conftest import RATE, TOY_LABELS, music, wait_until, write_audio, write_toy_model
from conftest import genretag_here as genretag

from tagger.commands.analysis import analysing
from tagger.identity import MusicFile
from tagger.options import ScanOptions
from tagger.output.scandisplay import ScanDisplay
from tagger.output.table import COLUMNS
from tagger.pipeline.lazy_model import LazyModel
from tagger.runtime.entry import run_app
from tagger.runtime.interrupt import Stop
from tagger.state.schemas import CACHE
from tagger.tags.mutagen_tags import read_genres
from tagger.tracks import Features, PredictedTrack, Prediction, Status, Track


@pytest.fixture
def album(song) -> Path:
    for number, suffix in enumerate((".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav", ".aiff")):
        song(f"0{number}{suffix}", 4 + number % 2)
    return song("00.mp3").parent


def test_a_scan_shows_a_genre_for_each_song_and_changes_nothing(album, toy_model):
    before = digests(album)
    done = in_a_process("scan", album, "--model", toy_model)
    assert done.returncode == 0, done.stderr
    for path in before:
        (line,) = [line for line in done.stdout.splitlines() if path.name in line]
        assert any(genre in line for genre in ("Classical", "Hip-Hop", "Metal"))
        assert "%" in line
    assert "7 tracks" in done.stdout
    assert "Nothing was written" in done.stdout
    assert digests(album) == before


def test_csv_on_standard_output_is_all_there_is(album, toy_model):
    done = genretag("scan", album, "--model", toy_model, "--csv", "-")
    table = rows(done.stdout)
    assert list(table[0]) == [*COLUMNS, *(f"p_{label}" for label in TOY_LABELS)]
    assert [row["path"] for row in table] == [str(path) for path in sorted(album.iterdir())]
    assert {row["status"] for row in table} == {"ok"}
    assert {row["action"] for row in table} == {"write"}
    assert float(table[0]["seconds"]) == pytest.approx(4, abs=0.1)
    for row in table:
        assert sum(float(row[f"p_{label}"]) for label in TOY_LABELS) == pytest.approx(1, abs=1e-3)


ROUNDED = 1.001e-4  # what the last of four decimals may hide


def numbers_of(row: dict[str, str]) -> list[float]:
    """Return the numbers of a row, whose last decimal may depend on what was computed together."""
    return [float(text) for name, text in row.items() if _is_number(name)]


def words_of(row: dict[str, str]) -> list[str]:
    return [text for name, text in row.items() if not _is_number(name)]


def _is_number(name: str) -> bool:
    return name.startswith("p_") or name.endswith("confidence")


def test_order_jobs_and_batches_do_not_change_results(album, toy_model):
    command = ("scan", album, "--model", toy_model, "--csv", "-", "--no-cache")
    plain = genretag(*command, "-j", 1, "--batch-size", 1)
    for options in (("-j", 2), ("-j", 3, "--batch-size", 5)):
        other = genretag(*command, *options)
        for mine, theirs in zip(rows(plain.stdout), rows(other.stdout), strict=True):
            assert numbers_of(mine) == pytest.approx(numbers_of(theirs), abs=ROUNDED)
            assert words_of(mine) == words_of(theirs)


def test_json_lines(album, toy_model, tmp_path):
    target = tmp_path / "o.jsonl"
    assert genretag("scan", album, "--model", toy_model, "--jsonl", target).returncode == 0
    records = [json.loads(line) for line in target.read_text().splitlines()]
    assert [record["status"] for record in records] == ["ok"] * 7


def test_writing_tags(album, toy_model):
    kept = album / "00.mp3"
    media = mediafile.MediaFile(kept)
    media.genre = "Polka"
    media.save()
    done = in_a_process("scan", album, "--model", toy_model, "--write-tags", "--csv", "-")
    assert done.returncode == 0, done.stderr
    for row in rows(done.stdout):
        genres = mediafile.MediaFile(row["path"]).genres
        if row["path"] == str(kept):
            assert (row["action"], row["existing_genre"], genres) == ("keep", "Polka", ["Polka"])
        else:
            assert (row["action"], genres) == ("written", [row["genre"]])
    done = genretag("scan", kept, "--model", toy_model, "--write-tags", "--overwrite")
    assert mediafile.MediaFile(kept).genre in done.stdout
    assert mediafile.MediaFile(kept).genre != "Polka"


def test_top_and_confidence(album, toy_model):
    done = genretag(
        "scan", album, "--model", toy_model, "--csv", "-", "--top", 2, "--min-confidence", 0
    )
    assert {row["genre"].count(";") for row in rows(done.stdout)} == {1}
    done = genretag("scan", album, "--model", toy_model, "--csv", "-", "--min-confidence", 1)
    assert {(row["status"], row["action"]) for row in rows(done.stdout)} == {("uncertain", "skip")}


def test_seconds_and_exclude(album, toy_model):
    done = genretag(
        "scan", album, "--model", toy_model, "--csv", "-", "--seconds", 3.5, "--exclude", "*.ogg"
    )
    assert {row["seconds"] for row in rows(done.stdout)} == {"3.50"}
    assert len(rows(done.stdout)) == 6
    done = genretag("scan", album, "--model", toy_model, "--csv", "-", "--seconds", "full")
    assert float(rows(done.stdout)[1]["seconds"]) > 4.9
    assert genretag("scan", album, "--model", toy_model, "--seconds", "soon").returncode == 2


def test_a_few_samples_more_or_less_do_not_shift_the_votes(tmp_path, toy_model):
    samples = music(30)
    for name, piece in {
        "whole": samples,
        "cut": samples[:-700],
        "padded": np.pad(samples, (0, 700)),
    }.items():
        write_audio(tmp_path / "m" / f"{name}.wav", piece)
    done = genretag("scan", tmp_path / "m", "--model", toy_model, "--csv", "-")
    votes = [[float(row[f"p_{label}"]) for label in TOY_LABELS] for row in rows(done.stdout)]
    np.testing.assert_allclose(votes, [votes[0]] * 3, atol=0.005)


def test_bad_files_get_a_line_each_and_the_rest_goes_on(song, toy_model):
    good = song("good.wav")
    folder = good.parent
    (folder / "text.mp3").write_text("not music\n" * 300)
    (folder / "empty.flac").touch()
    (folder / "cut.m4a").write_bytes(song("whole.m4a").read_bytes()[:1500])
    os.mkfifo(folder / "pipe.ogg")
    song("short.wav", 2.0)
    write_audio(folder / "silent.wav", np.zeros(RATE * 4, np.float32))
    done = genretag("scan", folder, "--model", toy_model, "--csv", "-")
    assert done.returncode == 3
    status = {Path(row["path"]).name: row["status"] for row in rows(done.stdout)}
    assert status == {
        "good.wav": "ok",
        "whole.m4a": "ok",
        "text.mp3": "unreadable",
        "empty.flac": "unreadable",
        "cut.m4a": "unreadable",
        "pipe.ogg": "unsupported",
        "short.wav": "too_short",
        "silent.wav": "silent",
    }
    assert all(row["error"] for row in rows(done.stdout) if row["status"] != "ok")
    shown = genretag("scan", folder, "--model", toy_model).stdout
    listed = shown.partition("Could not be read or written:\n")[2].partition("\n\n")[0]
    failed = {name for name in status if status[name] in ("unreadable", "unsupported")}
    assert {Path(line.split(" ")[2]).name for line in listed.splitlines()} == failed
    assert "empty.flac is empty" in listed
    assert [shown.count(name) for name in status] == [1] * len(status)
    assert "Traceback" not in done.stderr


def test_tags_that_cannot_be_read_do_not_hide_the_genre(song, toy_model):
    track = song("a.flac")
    data = track.read_bytes()
    at = data.index(b"\x04", 42)
    track.write_bytes(data[: at + 4] + b"\xff\xff\xff\x7f" + data[at + 8 :])
    done = genretag("scan", track, "--model", toy_model, "--csv", "-")
    (row,) = rows(done.stdout)
    assert (row["status"], row["action"], done.returncode) == ("ok", "failed", 3)
    assert "tags that cannot be read" in row["error"]
    assert row["genre"]


def test_silent_and_short_tracks_are_no_failure(song, toy_model):
    song("short.wav", 1.0)
    assert genretag("scan", song().parent, "--model", toy_model).returncode == 0


def test_a_file_that_is_not_music_when_named_itself(tmp_path, toy_model):
    note = tmp_path / "note.txt"
    note.write_text("hello")
    done = genretag("scan", note, "--model", toy_model, "--csv", "-")
    assert done.returncode == 3
    assert rows(done.stdout)[0]["status"] == "unsupported"


def test_what_stops_a_scan(tmp_path, song, toy_model):
    for arguments, words in (
        ((tmp_path / "none", "--model", toy_model), "no file or folder"),
        ((song(), "--model", tmp_path / "none.onnx"), "no model file"),
        ((song(), "--model", song()), "is not an ONNX model"),
        ((song(), "--model", write_toy_model(tmp_path / "p.onnx", None)), "not a genretag model"),
        ((song(), "--model", toy_model, "--csv", tmp_path / "no" / "o.csv"), "cannot be written"),
    ):
        done = genretag("scan", *arguments)
        assert done.returncode == 1
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stdout == ""


@pytest.mark.parametrize(
    "options",
    [("--csv", "-", "--jsonl", "-"), ("--append", "--overwrite"), ("--new", "--no-cache")],
)
def test_options_that_exclude_each_other_take_one_sentence(genretag, tmp_path, options):
    code, out, err = genretag("scan", tmp_path, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert options[0] in err


@pytest.mark.parametrize("command", ["scan", "undo"])
def test_an_empty_path_is_not_the_current_folder(genretag, song, monkeypatch, command):
    monkeypatch.chdir(song().parent)
    code, out, err = genretag(command, "")
    assert (code, out) == (2, "")
    assert "variable that is not set" in err


def test_a_folder_without_music(tmp_path, toy_model):
    done = genretag("scan", tmp_path, "--model", toy_model, "--csv", "-")
    assert (done.returncode, done.stderr) == (0, f"No music was found in {tmp_path}.\n")
    assert done.stdout.startswith("path,status,")
    assert done.stdout.count("\n") == 1


def test_files_of_other_kinds_are_counted(song, toy_model):
    folder = song().parent
    (folder / "films").mkdir()
    for name in ("a.mkv", "films/B.MKV", "c.mid", "cover.jpg", "d.m3u", ".hidden.mkv"):
        (folder / name).touch()
    done = genretag("scan", folder, "--model", toy_model)
    assert done.returncode == 0
    assert "Left out, as kinds of files that are not analysed: 2 .mkv, 1 .mid.\n" in done.stdout
    assert "Left out" not in genretag("scan", folder, "--model", toy_model, "-q").stdout
    done = genretag("scan", folder / "films", "--model", toy_model)
    assert done.stderr.endswith(
        "films. Left out, as kinds of files that are not analysed: 1 .mkv.\n"
    )


def test_quiet_says_only_what_failed(song, toy_model):
    folder = song().parent
    done = genretag("scan", folder, "--model", toy_model, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (folder / "empty.mp3").touch()
    done = genretag("scan", folder, "--model", toy_model, "-q")
    assert (done.stdout, done.stderr) == ("", f"{folder / 'empty.mp3'} is empty\n")


def test_results_never_replace_music_or_a_table_before_they_are_there(song, toy_model, tmp_path):
    track, other = song("a.mp3"), song("b.mp3")
    before = digests(track.parent)
    done = genretag("scan", "--model", toy_model, "--csv", track, other)
    assert done.returncode == 1
    assert "is a music file by its name" in done.stderr
    assert digests(track.parent) == before
    table = tmp_path / "genres.csv"
    table.write_text("my edits")
    assert genretag("scan", track, "--model", tmp_path / "no.onnx", "--csv", table).returncode == 1
    assert table.read_text() == "my edits"
    options = ("--model", toy_model, "--csv", table, "--force")
    assert genretag("scan", track, *options).returncode == 0
    assert len(rows(table.read_text())) == 1
    assert not list(tmp_path.glob("*.part"))


def test_a_model_that_fails_while_files_are_decoded_leaves_nothing_behind(
    album, toy_model, tmp_path
):
    """Its metadata are good, so decoding has begun when ONNX Runtime refuses it."""
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(toy_model.read_bytes().replace(b"Softmax", b"Squeeze"))
    table = tmp_path / "genres.csv"
    table.write_text("my edits")
    done = genretag("scan", album, "--model", broken, "--csv", table, "-j", "2")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("genretag: ")
    assert "ONNX Runtime can load" in " ".join(done.stderr.split())
    assert len(done.stderr.strip().splitlines()) == 1
    assert table.read_text() == "my edits"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_gives_one_sentence(song, toy_model):
    done = genretag("scan", song(), "--model", toy_model, "--csv", "/dev/full")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_metadata_that_is_no_text_does_not_stop_a_scan(song, toy_model):
    track = song("a.mp3")
    data = track.read_bytes()
    size = sum(part << shift for part, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    track.write_bytes(data[10 + size :] + b"TAG" + b"Caf\xe9".ljust(124, b"\0") + b"\xff")
    done = genretag("scan", track, "--model", toy_model, "--csv", "-")
    assert [row["status"] for row in rows(done.stdout)] == ["ok"]


def test_numbers_that_are_none(tmp_path, toy_model):
    import soundfile

    samples = music(4)
    samples[1000] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    done = genretag("scan", tmp_path, "--model", toy_model, "--csv", "-")
    assert [row["status"] for row in rows(done.stdout)] == ["ok"]


def test_folders_that_may_not_be_read_get_a_line(monkeypatch, song, tmp_path):
    from tagger.audio.frontend import WindowGrid
    from tagger.audio.log_mel import MelStrip
    from tagger.identity import MusicFile
    from tagger.pipeline.extract import Extractor, ExtractSettings
    from tagger.pipeline.walk import find_music

    track = song("sub/a.wav")
    scandir = os.scandir

    def closed(path):
        if Path(path) == track.parent:
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    (folder,) = find_music([track.parents[1]])
    assert folder.path == track.parent
    extractor = Extractor(ExtractSettings(front_end=MelStrip(), grid=WindowGrid()))
    for path in (folder.path, folder.path.with_name("sub.wav")):
        path.mkdir(exist_ok=True)
        found = extractor.extract(MusicFile(path=path, identity=None)).prediction
        assert found.status == "unreadable"
        assert found.error.startswith("is a folder")


def test_fewer_seconds_than_a_window(song, toy_model):
    done = genretag("scan", song(), "--model", toy_model, "--seconds", 2)
    assert done.returncode == 2
    assert "2.95 seconds or more" in done.stderr


def test_a_model_that_does_not_keep_its_word(song, tmp_path):
    from dataclasses import replace

    from conftest import TOY_METADATA

    for change in (
        {"labels": ("one", "two")},
        {"front_end": replace(TOY_METADATA.front_end, n_mels=64)},
    ):
        liar = write_toy_model(tmp_path / "liar.onnx", replace(TOY_METADATA, **change))
        done = genretag("scan", song(), "--model", liar)
        assert done.returncode == 1
        assert "metadata say" in done.stderr


def test_a_stream_without_our_letters(song, toy_model):
    song("日本.wav")
    done = subprocess.run(
        [*GENRETAG, "scan", song().parent, "--model", toy_model],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_long_tracks_are_predicted_in_pieces(song, toy_model):
    track = song("long.wav", 200)
    whole = rows(
        genretag("scan", track, "--model", toy_model, "--seconds", "full", "--csv", "-").stdout
    )
    assert float(whole[0]["seconds"]) == pytest.approx(200, abs=0.1)
    assert whole[0]["status"] == "ok"


def test_names_cannot_steer_the_terminal(song, toy_model):
    song("\x1b[31mred[bold]\n.wav")
    done = genretag("scan", song().parent, "--model", toy_model)
    assert "\x1b" not in done.stdout
    assert "red[bold]" in done.stdout


def test_write_failure_is_reported_and_the_run_goes_on(song, toy_model, monkeypatch, tmp_path):
    from tagger.errors import TagError
    from tagger.inference.model import GenreModel
    from tagger.pipeline import scan as scanning
    from tagger.pipeline.decide import Rules
    from tagger.pipeline.extract import ExtractSettings
    from tagger.pipeline.walk import find_music
    from tagger.pipeline.workers import extracting
    from tagger.tracks import Action
    from tagger.writing import writer
    from tagger.writing.journal import Journal

    def refuse(change, **_):
        if change.path.name == "a.wav":
            raise TagError("may not be written (no permission)")

    monkeypatch.setattr(writer, "make", refuse)
    model = GenreModel(toy_model, "cpu")
    how = ExtractSettings(front_end=model.metadata.front_end, grid=model.metadata.grid)
    files = find_music([song("a.wav"), song("b.wav")])
    with Journal(tmp_path / "state") as journal, extracting(files, how) as tracks:
        results = scanning.scan(
            tracks,
            model,
            Rules(min_confidence=0.0),
            batch_size=2,
            writer=writer.TagWriter(journal, "test"),
        )
        assert [(r.action, r.failed) for r in results] == [
            (Action.FAILED, True),
            (Action.WRITTEN, False),
        ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_scan_keeps_what_was_finished(song, toy_model, tmp_path, number, code):
    folder = copies(song("000.flac"), 200)
    table = tmp_path / "o.csv"
    # The cache would know all copies by the first one.
    process = started("scan", folder, "--model", toy_model, "--no-cache", "--csv", table, "-j", 2)
    for _ in range(10):
        process.stdout.readline()
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=300)
    part = table.with_name("o.csv.part")
    assert (process.returncode, err.decode()) == (code, f"The results so far are in {part}.\n")
    assert b"Interrupted after" in out
    assert not table.exists()
    found = rows(part.read_text())
    assert 8 < len(found) < 200
    assert {row["status"] for row in found} == {"ok"}


def test_an_edited_table_is_not_replaced(album, toy_model, tmp_path):
    table = tmp_path / "genres.csv"
    assert genretag("scan", album, "--model", toy_model, "--csv", table).returncode == 0
    edited = table.read_text().replace("Metal", "Doom").replace("Hip-Hop", "Doom")
    table.write_text(edited + "\n")
    done = genretag("scan", album, "--model", toy_model, "--csv", table)
    assert done.returncode == 1
    assert "was edited since" in done.stderr
    assert table.read_text() == edited + "\n"
    done = genretag("scan", album, "--model", toy_model, "--csv", table, "--force")
    assert done.returncode == 0
    assert table.with_name("genres.csv.bak").read_text() == edited + "\n"
    assert len(rows(table.read_text())) == 7


def test_a_dry_run_is_one_even_with_write_tags(album, toy_model):
    before = digests(album)
    options = ("--model", toy_model, "--dry-run", "--write-tags", "--min-confidence", 0)
    done = genretag("scan", album, *options)
    assert done.returncode == 0
    assert "Nothing was written" in done.stdout
    assert digests(album) == before


def test_a_very_long_genre_does_not_fill_the_screen(song, toy_model):
    track = song("a.flac")
    tags = mediafile.MediaFile(track)
    tags.genre = "Doom " * 1000
    tags.save()
    (line,) = [
        line
        for line in genretag("scan", track, "--model", toy_model).stdout.splitlines()
        if "a.flac" in line
    ]
    assert "keeps Doom Doom" in line
    assert "…" in line
    assert len(line) < 150 + len(str(track))


@pytest.mark.parametrize("after", [0, 0.2, 0.5, 1])
def test_ctrl_c_is_understood_while_a_scan_starts(song, toy_model, home, after):
    """Libraries that are being imported, and processes that begin, have words of their own."""
    folder = copies(song("00.flac"), 100)
    process = started("scan", folder, "--model", toy_model, "-j", 2)
    wait_until((home / CACHE.file_name).exists)  # before that, Python itself may be starting
    time.sleep(after)  # wherever this meets it, it is understood
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert err == b""
    assert process.returncode in (0, 130)  # 0: it is lost while processes are being started


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
def test_processes_end_with_the_scan_however_it_ends(song, toy_model, home):
    folder = copies(song("000.flac"), 200)

    def family() -> list[Path]:
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str(home).encode() in (path / "environ").read_bytes():
                    found.append(path)
        return [path for path in found if path.name != str(os.getpid())]

    with started("scan", folder, "--model", toy_model, "--no-cache", "-j", 2) as process:
        for _ in range(3):
            process.stdout.readline()
        wait_until(lambda: len(family()) >= 3)
        process.kill()
    wait_until(lambda: not family())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_written_takes_one_sentence(song, toy_model):
    command = [*GENRETAG, "scan", song("a.flac"), "--model", toy_model]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize("options", [(), ("--csv", "-", "-q"), ("--jsonl", "-", "-q")])
def test_a_reader_that_has_gone_is_no_failure(song, toy_model, options):
    reader, pipe = os.pipe()
    os.close(reader)
    command = [*GENRETAG, "scan", song("a.flac"), "--model", toy_model, *options]
    done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    os.close(pipe)
    assert (done.returncode, done.stderr) == (141, "")


def test_what_was_written_before_the_reader_went_can_be_taken_back(
    genretag, song, toy_model, monkeypatch
):
    songs = [song(f"{number}.wav", seed=number) for number in range(5)]
    lines: list[str] = []

    def read_three(_, line):
        lines.append(line)
        if len(lines) > 3:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("tagger.output.table._put", read_three)
    options = ("--write-tags", "--min-confidence", 0, "-j", 1, "-q", "--csv", "-")
    assert genretag("scan", songs[0].parent, "--model", toy_model, *options) == (141, "", "")
    written = [path for path in songs if read_genres(path)]
    assert len(written) >= 3
    assert f"{len(written)} files restored" in genretag("undo", "--yes")[1]
    assert [path for path in songs if read_genres(path)] == []


def test_errors_of_the_system_name_their_file(tmp_path, monkeypatch, capfd):
    """What cannot be written need not be the output: a training writes weights."""

    def app() -> None:
        (tmp_path / "nowhere" / "file").write_text("")

    monkeypatch.setattr("os.dup2", lambda *_: None)  # pytest still wants its output
    with pytest.raises(SystemExit) as caught:
        run_app("genretag-train", app)
    assert caught.value.code == 1
    assert str(tmp_path / "nowhere" / "file") in "".join(capfd.readouterr().err.split("\n"))


def test_help_is_light():
    heavy = "librosa", "av", "onnxruntime", "tensorflow", "keras", "scipy", "numpy"
    code = (
        "import sys; from typer.testing import CliRunner; from tagger.cli import app;"
        "assert CliRunner().invoke(app, ['scan', '--help']).exit_code == 0;"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_scan_needs_no_tensorflow(song, toy_model):
    code = (
        "import sys; from tagger.cli import main\n"
        "sys.modules['tensorflow'] = sys.modules['keras'] = sys.modules['trainer'] = None\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "scan", song(), "--model", toy_model],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_file_that_the_cache_has_lost_since_it_was_counted_is_analysed(song, toy_model):
    cached = PredictedTrack(
        track=Track(path=Path("known.mp3")), prediction=Prediction(status=Status.SILENT)
    )
    lost = MusicFile(path=song(), identity=None)
    options, display = ScanOptions(paths=()), ScanDisplay(quiet=True, results=False, stderr=True)
    model = LazyModel(toy_model, "cpu")
    with analysing([cached, lost, cached], 0, model, options, None, display, Stop()) as analysis:
        first, second, third = analysis.tracks
    assert first is third is cached
    assert isinstance(second, Features)


def test_nothing_is_reported_to_anybody(song, toy_model, tmp_path):
    """ONNX Runtime gives a computer a number before it reports."""
    here = tmp_path / "me"
    here.mkdir()
    refusals = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")
    env = {name: value for name, value in os.environ.items() if name not in refusals}
    done = subprocess.run(
        [*GENRETAG, "scan", song("a.wav"), "--model", toy_model],
        env=env | {"HOME": str(here)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert [path for path in here.rglob("*") if "Microsoft" in path.parts] == []


def test_real_clips(gtzan, tmp_path):
    """Any sensible model finds most of these; the card has the honest figures."""
    clips = [
        gtzan / genre / f"{genre}.0000{i}.ogg" for genre in ("classical", "pop") for i in (2, 3)
    ]
    done = genretag("scan", *(clip for clip in clips if clip.exists()), "--csv", "-")
    assert done.returncode == 0
    assert {row["status"] for row in rows(done.stdout)} <= {"ok", "uncertain"}
