from pathlib import Path

import mediafile
import mutagen
import pytest
from conftest import TAGGED, music, write_audio
from mutagen.id3 import ID3, TCON, TIT2

from tagger.decode import decode
from tagger.errors import TagError
from tagger.tags import can_hold_tags, read_genres, write_genres


@pytest.fixture(params=TAGGED)
def track(request, tmp_path: Path) -> Path:
    path = write_audio(tmp_path / f"a{request.param}", music(2))
    media = mediafile.MediaFile(path)
    media.title, media.artist, media.year = "Title", "Ärtist", 1999
    media.save()
    return path


def test_genres_are_written_and_everything_else_stays(track):
    before = decode(track, 22_050, None)
    assert can_hold_tags(track)
    assert read_genres(track) == ()
    write_genres(track, ["Hip-Hop", "Jazz"])
    assert read_genres(track) == ("Hip-Hop", "Jazz")
    media = mediafile.MediaFile(track)
    assert (media.title, media.artist, media.year) == ("Title", "Ärtist", 1999)
    assert (decode(track, 22_050, None) == before).all()
    write_genres(track, ["Rock"])
    assert read_genres(track) == ("Rock",)


def test_writing_what_is_there_touches_nothing(track):
    write_genres(track, ["Rock"])
    before = track.stat()
    write_genres(track, ["Rock"])
    assert track.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("version", [3, 4])
def test_id3_keeps_its_version(tmp_path, version):
    path = write_audio(tmp_path / "a.mp3", music(1))
    tags = ID3()
    tags.add(TIT2(3, ["Title"]))
    tags.save(path, v2_version=version)
    write_genres(path, ["Jazz"])
    assert mutagen.File(path).tags.version[:2] == (2, version)
    assert str(ID3(path)["TIT2"]) == "Title"


@pytest.mark.parametrize("text", ["Rock", "(17)", "17", "(17)Rock"])
def test_numbered_genres_are_understood(tmp_path, text):
    path = write_audio(tmp_path / "a.mp3", music(1))
    tags = ID3()
    tags.add(TCON(3, [text]))
    tags.save(path)
    assert read_genres(path) == ("Rock",)


def test_what_holds_no_tags(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_text("no music")
    with pytest.raises(TagError):
        write_genres(path, ["Rock"])
    with pytest.raises(TagError):
        read_genres(path)
    assert not can_hold_tags(Path("a.au"))
