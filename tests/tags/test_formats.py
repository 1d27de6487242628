import av
import mediafile
import mutagen
import numpy as np
import pytest
from conftest import music
from formats import KINDS, RATE, TITLE, UNDECODABLE, make
from mutagen.id3 import TCON
from mutagen.trueaudio import TrueAudio
from second_reader import genres_in, id3v1_genre

OPENED_AS = {
    "mp3-v23": "MP3",
    "mp3-v24": "MP3",
    "mp3-v1": "MP3",
    "mp3-bare": "MP3",
    "flac": "FLAC",
    "ogg-vorbis": "OggVorbis",
    "ogg-opus": "OggOpus",
    "ogg-flac": "OggFLAC",
    "speex": "OggSpeex",
    "m4a-aac": "MP4",
    "m4a-alac": "MP4",
    "m4b": "MP4",
    "mp4": "MP4",
    "wma": "ASF",
    "aiff": "AIFF",
    "wav": "WAVE",
    "ape": "MonkeysAudio",
    "wavpack": "WavPack",
    "musepack": "Musepack",
    "dsf": "DSF",
    "tta": "TrueAudio",
}
UNKNOWN_TO_MEDIAFILE = ("ogg-flac", "speex", "tta")
GENRES = ["Hip-Hop", "Jazz"]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def write_genres(path, kind, genres):
    """Write genres as the libraries do it when nobody interferes."""
    if kind not in UNKNOWN_TO_MEDIAFILE:
        media = mediafile.MediaFile(path, id3v23=kind == "mp3-v23")
        media.genres = genres
    elif isinstance(media := mutagen.File(path), TrueAudio):
        media.tags.setall("TCON", [TCON(3, genres)])
    else:
        media["GENRE"] = genres
    media.save()


def decoded(path):
    """Return the first channel, as it is coded, and its rate."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
        return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate


def test_mutagen_and_ffmpeg_take_the_file_for_what_it_is(tmp_path, kind):
    path = make(kind, tmp_path)
    media = mutagen.File(path)
    assert type(media).__name__ == OPENED_AS[kind]
    assert media.info.length == pytest.approx(1, abs=0.1)
    if kind not in UNDECODABLE:
        samples, rate = decoded(path)
        assert samples.size / rate > 0.5
        assert samples.std() > 0


def test_the_second_reader_sees_what_was_written(tmp_path, kind):
    path = make(kind, tmp_path)
    assert genres_in(path) == []
    before = None if kind in UNDECODABLE else decoded(path)[0]
    write_genres(path, kind, GENRES)
    assert genres_in(path) == GENRES
    if kind != "mp3-bare":
        media = mutagen.File(path)
        titles = (media.get(key) for key in ("TIT2", "TITLE", "\xa9nam", "Title") if key in media)
        assert [str(text) for text in next(titles)] == [TITLE]
    assert before is None or (decoded(path)[0] == before).all()
    write_genres(path, kind, ["Zouk"])
    assert genres_in(path) == ["Zouk"]


@pytest.mark.parametrize(("kind", "before", "after"), [("mp3-v1", 255, 7), ("mp3-v24", None, None)])
def test_the_genre_of_id3v1_is_a_number(tmp_path, kind, before, after):
    path = make(kind, tmp_path)
    assert id3v1_genre(path) == before
    write_genres(path, kind, GENRES)
    assert id3v1_genre(path) == after


def test_monkeys_audio_is_lossless(tmp_path):
    samples, rate = decoded(make("ape", tmp_path))
    assert rate == RATE
    assert (samples == (music(1, RATE) * 20_000).astype(np.int16)).all()
