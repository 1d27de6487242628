"""What FFmpeg may open: the file itself, as one of the containers of music."""

import io
import os
from contextlib import closing
from pathlib import Path

import av
import pytest
from conftest import ENCODERS, RATE, TOY_METADATA, captured, cover, music, write_audio
from mutagen.flac import FLAC

from tagger.audio.decode import decode, decode_stream
from tagger.audio.demux import open_audio, open_container
from tagger.errors import UnreachableError, UnreadableError
from tagger.identity import MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.state.cache import CacheKey, CacheLocation
from tagger.tags.formats import FORMATS, demuxers_for
from tagger.tracks import Features, PredictedTrack

SDP = b"""v=0
o=- 0 0 IN IP4 127.0.0.1
s=radio
c=IN IP4 127.0.0.1
t=0 0
m=audio 5004 RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
FFCONCAT = b"ffconcat version 1.0\nfile neighbour.wav\n"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nneighbour.wav\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".m4a", ".aac"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SDP, "is not audio of the kind that its name says"),
        (FFCONCAT, "is not audio of the kind that its name says"),
        (PLAYLIST, "is not audio"),  # FFmpeg itself knows it by its suffix only
    ],
    ids=["sdp", "ffconcat", "hls"],
)
def test_lists_of_files_and_addresses_are_refused_at_once(tmp_path, suffix, content, words):
    write_audio(tmp_path / "neighbour.wav", music(4))
    path = tmp_path / f"radio{suffix}"
    path.write_bytes(content)
    # Such containers are not even tried: an SDP used to wait 20 seconds for the network.
    with pytest.raises(UnreadableError, match=rf"^{words}[^\n]*$"):
        decode(path, RATE, 3)


def test_a_cover_is_not_decoded(tmp_path):
    """A large one took as long as the music, and one of 16000 × 16000 pixels 800 MB."""
    path = write_audio(tmp_path / "song.flac", music(4))
    tags = FLAC(path)
    tags.add_picture(cover(60))
    tags.save()
    with open_audio(path) as stream, open_container(stream) as container:
        (shown,) = container.streams.video
        assert (shown.codec_context.name, shown.codec_context.width) == ("png", 0)
    with av.open(str(path)) as container:  # the size is known as soon as it is decoded
        assert container.streams.video[0].codec_context.width == 60


def test_no_container_reaches_another_file_or_the_network(tmp_path, monkeypatch):
    """Were a list among the containers, it would still find nothing."""
    monkeypatch.setattr("tagger.audio.demux.demuxers_for", lambda _: ["concat", "sdp", "hls"])
    write_audio(tmp_path / "neighbour.wav", music(4))
    for content in (SDP, FFCONCAT, PLAYLIST):
        (tmp_path / "a.mp3").write_bytes(content)
        with pytest.raises(UnreadableError):
            decode(tmp_path / "a.mp3", RATE, 3)


def test_music_under_the_name_of_another_kind_is_read(tmp_path):
    for suffix in (".flac", ".m4a", ".wav"):
        path = write_audio(tmp_path / f"a{suffix}", music(4)).rename(tmp_path / "a.mp3")
        assert decode(path, RATE, 3).size == 3 * RATE


@pytest.mark.parametrize(
    "error",
    [
        av.error.PermissionError(1, "Operation not permitted"),  # of a Musepack header, say
        av.PatchWelcomeError(1, "Not yet implemented in FFmpeg, patches welcome"),
    ],
    ids=["permission", "patches"],
)
def test_a_demuxer_that_stumbles_does_not_mislead(tmp_path, monkeypatch, error):
    def stumble(*_, **__):
        raise error

    path = write_audio(tmp_path / "a.wav", music(1))
    monkeypatch.setattr(av, "open", stumble)
    with pytest.raises(UnreadableError, match=r"^is not audio, or is damaged$"):
        decode(path, RATE, 3)


def test_what_only_looks_like_mp3_inside_of_a_damaged_file_is_not_analysed(tmp_path):
    path = write_audio(tmp_path / "a.mp3", music(4)).rename(tmp_path / "a.flac")
    with pytest.raises(UnreadableError, match=r"of the kind that its name says \(FLAC\)"):
        decode(path, RATE, 3)


def test_every_kind_of_music_names_containers_that_ffmpeg_has():
    names = {name for listed in av.formats_available for name in listed.split(",")}
    for form in FORMATS:
        assert set(form.demuxers) <= names
        assert set(form.demuxers) <= set(demuxers_for(f"a{form.suffixes[0]}"))


class Failing(io.FileIO):
    """A file on a disk that can be read up to somewhere."""

    def __init__(self, path: Path, good: int) -> None:
        super().__init__(path)
        self._good = good

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._good:
            raise OSError(5, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize("good", [0, 60_000])
def test_a_disk_error_is_named_and_nothing_is_printed(tmp_path, good):
    path = write_audio(tmp_path / "a.mp3", music(20))
    with (
        Failing(path, good) as stream,
        captured(2) as printed,
        pytest.raises(UnreachableError, match=r"^cannot be read \(input/output error\)$"),
    ):
        decode_stream(stream, RATE, None)
    assert printed == [""]


def extracted(path: Path, **how: object) -> Features | PredictedTrack:
    """Extract features from a file as a scan with a cache does."""
    location = CacheLocation(file=path.with_name("none.sqlite3"), key=CacheKey(id=1, labels=3))
    settings = ExtractSettings(
        front_end=TOY_METADATA.front_end, grid=TOY_METADATA.grid, cache=location, fingerprints=True
    )
    with closing(Extractor(settings, **how)) as extractor:
        return extractor.extract(MusicFile(path=path, identity=None))


def test_a_disk_error_is_not_remembered(monkeypatch, song):
    monkeypatch.setattr(
        "tagger.pipeline.extract.open_audio", lambda path: Failing(path, good=60_000)
    )
    found = extracted(song("a.mp3", seconds=20))
    assert found.prediction.error == "cannot be read (input/output error)"
    assert found.track.fingerprint is None


@pytest.mark.parametrize("suffix", ENCODERS)
@pytest.mark.parametrize("left", [0, 20_000])
def test_a_file_that_is_cut_while_it_is_analysed_is_named_and_not_remembered(song, suffix, left):
    path = song(f"a{suffix}", seconds=8)
    found = extracted(path, examined=lambda track: os.truncate(track.path, left))
    assert found.track.path == path
    assert found.track.fingerprint is None
    assert found.track.refusal == "was changed, or went away, while it was analysed"


@pytest.mark.parametrize("suffix", ENCODERS)
def test_a_damaged_file_prints_nothing(tmp_path, suffix):
    """Containers whose sizes are wrong make FFmpeg seek before the beginning."""
    content = bytearray(write_audio(tmp_path / f"a{suffix}", music(3)).read_bytes())
    content[40:1000:7] = b"\xff" * len(content[40:1000:7])
    path = tmp_path / f"b{suffix}"
    path.write_bytes(content)
    with captured(2) as printed, open_audio(path) as stream:
        try:
            with open_container(stream) as container:
                list(container.demux(audio=0))
        except UnreadableError:
            pass
    assert printed == [""]
