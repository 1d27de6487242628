"""The report as a file: what is in it, and that tags are nothing but text."""

import base64
import gzip
import hashlib
import io
import json
import re
from pathlib import Path

import av
import mutagen
import pytest
from conftest import cover

from tagger.audit.findings import Auditor
from tagger.audit.word_map import WordMap
from tagger.output.table import COLUMNS
from tagger.pipeline.decide import Rules, decide
from tagger.report import covers, writer
from tagger.report.columns import Columns
from tagger.report.covers import SIDE, cover_url
from tagger.report.page import Heading, render
from tagger.report.writer import ReportWriter
from tagger.tags.credits import TrackNames, read_names
from tagger.tracks import PredictedTrack, Prediction, Status, Track

LABELS = ("hiphop", "jazz")
HOSTILE = "</script><script>window.hacked = true</script>"


@pytest.fixture
def columns():
    columns = Columns(LABELS, 0.5)
    auditor = Auditor(LABELS, WordMap(LABELS))

    def add(name, probabilities, *existing):
        track = Track(path=Path(name), existing=existing)
        prediction = Prediction(
            status=Status.OK, seconds=30.0, probabilities=probabilities, timeline=b"\1\xff"
        )
        predicted = PredictedTrack(track=track, prediction=prediction)
        result = decide(predicted, LABELS, Rules(min_confidence=0.5))
        columns.add(result, TrackNames(title=HOSTILE), auditor.audit(result), None)

    add("/music/one.mp3", (0.2, 0.8), "Bebop", "a;b")
    add("/music/\udcff.mp3", (1.0, 0.0), "Jazz")
    add("/music/three.mp3", ())
    return columns


def unpacked(data):
    return json.loads(gzip.decompress(base64.b64decode(data)))


def test_the_data_are_columns(columns):
    content = unpacked(columns.packed())
    tracks = content["tracks"]
    assert content["csvColumns"] == [*COLUMNS]  # of the table that the page lets one download
    assert content["labels"] == ["Hip-Hop", "jazz".title()]
    assert tracks["path"][0] == str(Path("/music/one.mp3").absolute())
    assert tracks["path"][1].startswith("file://")  # no text can hold it
    assert tracks["existing"] == [r"Bebop; a\;b", "Jazz", ""]
    assert tracks["verdict"] == ["agree", "contradict", "cannot_tell"]
    assert tracks["label"] == [1, 0, -1]
    assert base64.b64decode(tracks["timeline"][0]) == b"\1\xff"
    assert tracks["genre"] == ["Jazz", "Hip-Hop", ""]
    assert list(base64.b64decode(content["probabilities"])) == [51, 204, 255, 0, 0, 0]


def test_a_page_runs_its_own_script_only_and_asks_for_nothing(columns):
    heading = Heading(places=HOSTILE, model="<b>", made="\"'", version="0.1.0")
    page = render(heading, columns.packed())
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.S)
    assert len(scripts) == 2  # the data, and the script of the page
    assert HOSTILE not in page
    assert "&lt;/script&gt;" in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    digest = base64.b64encode(hashlib.sha256(scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"(?:https?:)?//[\w-]+\.\w", scripts[1]) == []


def test_a_cover_becomes_a_small_picture(song):
    path = song("song.flac")
    assert cover_url(path) == ""
    tags = mutagen.File(path)
    tags.add_picture(cover())
    tags["title"], tags["albumartist"] = "A title", "An artist"
    tags.save()
    kind, _, data = cover_url(path).partition(",")
    assert kind == "data:image/jpeg;base64"
    frame = av.CodecContext.create("mjpeg", "r").decode(av.Packet(base64.b64decode(data)))[0]
    assert (frame.width, frame.height) == (SIDE, SIDE)
    assert len(data) < 3000
    assert read_names(path) == TrackNames(title="A title", album_artist="An artist")


def test_nothing_that_is_no_music_has_a_cover(tmp_path, song):
    (tmp_path / "song.mp3").write_bytes(b"no music")
    assert cover_url(tmp_path / "song.mp3") == ""
    assert cover_url(tmp_path / "gone.mp3") == ""
    (tmp_path / "short.ogg").write_bytes(song("song.ogg").read_bytes()[:3000])
    assert cover_url(tmp_path / "short.ogg") == ""


@pytest.mark.parametrize("damage", ["too large", "no picture"])
def test_a_cover_that_cannot_be_drawn_is_none(song, monkeypatch, damage):
    path = song("song.flac")
    damaged = cover()
    if damage == "too large":
        monkeypatch.setattr(covers, "_MOST_PIXELS", 300 * 200)
        damaged = cover(2000)
    else:
        damaged.data = damaged.data[:60]
    tags = mutagen.File(path)
    tags.add_picture(damaged)
    tags.save()
    assert cover_url(path) == ""


def test_a_track_that_could_not_be_read_is_not_decoded_for_its_cover(song, monkeypatch):
    """Whatever crashes a decoder would take the whole report with it."""
    looked_at: list[Path] = []
    monkeypatch.setattr(writer, "cover_url", lambda path: looked_at.append(path) or "")
    page = ReportWriter(
        io.StringIO(),
        Auditor(LABELS, WordMap(LABELS)),
        Heading(places="", model="", made="", version=""),
        threshold=0.5,
    )
    one, other = song("one/song.flac"), song("other/song.flac")
    for path, status in ((one, Status.UNREADABLE), (other, Status.SILENT)):
        prediction = Prediction(status=status, seconds=0.0)
        predicted = PredictedTrack(track=Track(path=path), prediction=prediction)
        page.write(decide(predicted, LABELS, Rules(min_confidence=0.5)))
    assert looked_at == [other]
