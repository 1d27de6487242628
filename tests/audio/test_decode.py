import io
import os
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import ENCODERS, RATE, music, nobody, open_to_all, write_audio

from tagger.audio.decode import decode
from tagger.audio.log_mel import MelStrip
from tagger.errors import UnreadableError, UnsupportedError
from tagger.tags.formats import MUSIC_SUFFIXES


def pitch_of(samples: np.ndarray, rate: int = RATE) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(spectrum.argmax() * rate / samples.size)


def steps(pitches: list[float], rate: int, each: float = 2.0) -> np.ndarray:
    """Make a tone that changes its pitch every `each` seconds."""
    time = np.arange(round(each * rate)) / rate
    return np.concatenate([0.5 * np.sin(2 * np.pi * f * time) for f in pitches]).astype(np.float32)


@pytest.mark.parametrize("suffix", ENCODERS)
@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_every_format_gives_the_middle(tmp_path, suffix, rate):
    path = write_audio(tmp_path / f"a{suffix}", steps([200, 400, 800, 1600, 3200], rate), rate)
    samples = decode(path, RATE, 1.5)
    assert samples.dtype == np.float32
    assert samples.size == round(1.5 * RATE)
    assert pitch_of(samples) == pytest.approx(800, abs=5)
    assert suffix in MUSIC_SUFFIXES


@pytest.mark.parametrize("suffix", ENCODERS)
def test_full_length(tmp_path, suffix):
    path = write_audio(tmp_path / f"a{suffix}", music(5))
    assert decode(path, RATE, None).size == pytest.approx(5 * RATE, rel=0.02)
    assert decode(path, RATE, 60).size == pytest.approx(5 * RATE, rel=0.02)


def test_stereo_becomes_mono(tmp_path):
    tone = steps([440], 44_100)
    path = write_audio(tmp_path / "a.flac", tone, 44_100, stereo=True)
    assert pitch_of(decode(path, RATE, None)) == pytest.approx(440, abs=2)


def test_a_container_that_promises_too_much_is_decoded_from_the_start(tmp_path):
    path = write_audio(tmp_path / "a.flac", music(20))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 4])  # the header still says 20 seconds
    assert decode(path, RATE, 3).size == 3 * RATE


def test_damage_in_the_middle_is_passed_over(tmp_path):
    path = write_audio(tmp_path / "a.mp3", music(10))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(data)
    assert decode(path, RATE, None).size > 8 * RATE


def test_names_that_look_like_protocols_or_are_not_utf8(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good = write_audio(tmp_path / "a.wav", music(1))
    for name in ("concat:a.wav", "http:a.wav", os.fsdecode(b"caf\xe9.wav"), "a\nb.wav"):
        Path(name).write_bytes(good.read_bytes())
        assert decode(Path(name), RATE, None).size == pytest.approx(RATE, rel=0.01)


def test_bad_files_say_what_is_wrong(tmp_path):
    text = tmp_path / "text.mp3"
    text.write_text("this is not music\n" * 500)
    empty = tmp_path / "empty.ogg"
    empty.touch()
    cut = tmp_path / "cut.m4a"
    cut.write_bytes(write_audio(tmp_path / "a.m4a", music(3)).read_bytes()[:2000])
    missing = tmp_path / "link.flac"
    missing.symlink_to("nowhere.flac")
    for path, words in (
        (text, "is not audio"),
        (empty, "is empty"),
        (cut, "is not audio, or is damaged"),
        (missing, "cannot be reached"),
    ):
        with pytest.raises(UnreadableError, match=words):
            decode(path, RATE, 30)


def test_a_pipe_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "pipe.mp3"
    os.mkfifo(pipe)
    with pytest.raises(UnsupportedError, match="not a regular file"):
        decode(pipe, RATE, 30)


def test_a_picture_holds_no_audio(tmp_path):
    path = tmp_path / "film.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UnsupportedError, match="no audio"):
        decode(path, RATE, 30)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions of this kind are POSIX's")
def test_no_permission(tmp_path):
    path = write_audio(tmp_path / "a.wav", music(1))
    path.chmod(0)
    open_to_all(tmp_path)
    with nobody(), pytest.raises(UnreadableError, match="no permission"):
        decode(path, RATE, 30)


def plainly(path: Path, seconds: float | None) -> np.ndarray:
    """Decode the whole file frame by frame, and cut the middle out of it."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [*container.decode(audio=0), None]
    blocks = [block.to_ndarray()[0] for frame in frames for block in resampler.resample(frame)]
    samples = np.concatenate(blocks)
    start = 0 if seconds is None else round((samples.size - seconds * RATE) / 2)
    return samples[start:][: None if seconds is None else round(seconds * RATE)]


@pytest.mark.parametrize("suffix", ENCODERS)
def test_all_of_a_file_is_what_a_plain_decoder_gives(tmp_path, suffix):
    path = write_audio(tmp_path / f"a{suffix}", music(7, 44_100), 44_100, stereo=True)
    np.testing.assert_array_equal(decode(path, RATE, None), plainly(path, None))


@pytest.mark.parametrize("suffix", ENCODERS)
def test_the_middle_is_in_what_a_plain_decoder_gives(tmp_path, suffix):
    path = write_audio(tmp_path / f"a{suffix}", music(20, 44_100), 44_100, stereo=True)
    sought, plain = MelStrip().compute(decode(path, RATE, 3)), plainly(path, 3.5)
    # Where exactly a seek leads depends on the container; the same part must be among what is
    # there. The deviation of a strip is 1: what differs is the noise that AAC and Opus make up.
    differences = [
        np.abs(MelStrip().compute(plain[lag : lag + 3 * RATE]) - sought).mean()
        for lag in range(0, RATE // 2, 64)
    ]
    assert min(differences) < 0.05


def test_a_stream_that_changes_its_rate_is_decoded_to_its_end(tmp_path):
    path = tmp_path / "a.mp3"
    parts = [
        write_audio(tmp_path / f"{rate}.mp3", music(4, rate), rate) for rate in (44_100, 32_000)
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert decode(path, RATE, None).size == pytest.approx(8 * RATE, rel=0.03)


@pytest.mark.parametrize("promised", [0.25, 8])
def test_a_duration_that_lies_costs_no_seconds(tmp_path, promised):
    path = write_audio(tmp_path / "a.wav", music(20))
    data = bytearray(path.read_bytes())
    place = data.index(b"data") + 4
    size = int.from_bytes(data[place : place + 4], "little")
    data[place : place + 4] = int(size * promised).to_bytes(4, "little")
    path.write_bytes(data)
    assert decode(path, RATE, 4).size == 4 * RATE


def test_a_container_that_cannot_seek_still_gives_its_seconds(tmp_path, monkeypatch):
    path = write_audio(tmp_path / "a.aac", music(20))
    assert decode(path, RATE, 3).size == 3 * RATE

    class Unseekable(io.FileIO):
        def seek(self, *_: object) -> int:
            raise OSError("illegal seek")

        def seekable(self) -> bool:
            return False

    monkeypatch.setattr(Path, "open", lambda self, *_: Unseekable(self))
    assert decode(path, RATE, 3).size == 3 * RATE
