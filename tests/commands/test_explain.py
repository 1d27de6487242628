"""`genretag explain`."""

import base64
import io
import json
import re

import pytest
from conftest import genretag_here as genretag
from conftest import music, write_audio
from PIL import Image

from tagger.output.canvas import new_canvas


def test_a_certain_track_with_its_windows_and_what_was_written(song, toy_model):
    path = song("a.flac", seconds=6.0)
    genretag("scan", path, "--model", toy_model, "--write-tags")
    shown = genretag("explain", path, "--model", toy_model)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert lines[0] == str(path)
    assert lines[1] == "0:00 to 0:06, 3 windows of 3.0 s; toy on CPU"
    assert lines[3].split()[0] == "window"
    assert "With --write-tags, a scan would keep this genre" in shown.stdout
    assert re.search(r"^  20\d\d-\d\d-\d\d \d\d:\d\d, run 1: no genre to ", shown.stdout, re.M)


def test_an_uncertain_track_as_json(song, toy_model):
    path = song("a.wav", seconds=6.0)
    options = ("--model", toy_model, "--min-confidence", 0.99, "--json")
    found = json.loads(genretag("explain", path, *options).stdout)
    assert (found["status"], found["action"], found["min_confidence"]) == (
        "uncertain",
        "skip",
        0.99,
    )
    assert len(found["windows"]) == 3
    assert found["windows"][1]["start"] == pytest.approx(64 * 512 / 22_050, abs=0.01)
    assert found["reasons"]
    assert found["written"] == []
    assert found["confidence"] == max(found["probabilities"].values())


def test_settings_of_scan_apply(song, toy_model, home):
    home.mkdir()
    (home / "config.toml").write_text(
        f'[scan]\nmin_confidence = 1\nseconds = 4\nmodel = "{toy_model.as_posix()}"\ntop = 2\n'
    )
    shown = genretag("explain", song("a.wav", seconds=10.0))
    assert "0:03 to 0:06, 1 window of 3.0 s; toy on CPU" in shown.stdout
    assert "The minimum confidence is 1, with which nothing is written." in shown.stdout


def test_what_cannot_be_analysed_is_explained_too(tmp_path, toy_model):
    short = write_audio(tmp_path / "short.wav", music(1.0))
    shown = genretag("explain", short, "--model", toy_model)
    assert shown.returncode == 0
    assert "Too short: the file is shorter than one window of the model." in shown.stdout
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"no audio" * 100)
    assert genretag("explain", broken, "--model", toy_model).returncode == 3
    assert json.loads(genretag("explain", broken, "--model", toy_model, "--json").stdout)["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.wav"], "There is no file none.wav."),
        (["."], ". is a folder; genretag explain takes one file."),
        (["a.wav", "--image", "a.jpg"], "The name of an image ends in .png or .svg."),
        (["a.wav", "--image", "cover.png"], "cover.png exists, and genretag did not make it."),
        (["a.wav", "--seconds", "1"], "This model needs 2.95 seconds or more of each track."),
    ],
)
def test_what_it_refuses(tmp_path, monkeypatch, toy_model, arguments, said):
    monkeypatch.chdir(tmp_path)
    write_audio(tmp_path / "a.wav", music(4.0))
    (tmp_path / "cover.png").write_bytes(b"somebody's")
    done = genretag("explain", *arguments, "--model", toy_model)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert (tmp_path / "cover.png").read_bytes() == b"somebody's"


def test_images_hold_the_features_and_the_genres(song, toy_model, tmp_path):
    path = song("<a> & b.wav", seconds=6.0)
    for name in ("a.svg", "a.png", "a.svg"):  # the second svg replaces the first
        done = genretag("explain", path, "--model", toy_model, "--image", tmp_path / name)
        assert (done.returncode, done.stderr) == (0, "")
    svg = (tmp_path / "a.svg").read_text("utf-8")
    assert "&lt;a&gt; &amp; b.wav" in svg
    assert all(name in svg for name in ("Classical", "Hip-Hop", "Metal", "11 kHz"))
    (embedded,) = re.findall(r"base64,([^\"]+)", svg)
    features = Image.open(io.BytesIO(base64.b64decode(embedded)))
    drawn = Image.open(tmp_path / "a.png")
    assert features.size == (780, 256)
    assert drawn.size[0] == 960
    left = (drawn.size[0] - 70 - 780, 70)
    box = (*left, left[0] + 780, left[1] + 256)
    assert drawn.crop(box).tobytes() == features.tobytes()


def test_without_pillow_png_names_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(Exception, match=r"pip install 'genretag\[image\]'"):
        new_canvas(".png", 10, 10)
