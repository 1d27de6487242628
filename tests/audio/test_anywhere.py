"""Tracks whose middle, or whose sum of channels, is silent; and tracks that are no music at all."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import RATE, TOY_METADATA, music, write_audio

from tagger.audio.decode import decode
from tagger.audio.log_mel import MelStrip
from tagger.audio.silence import is_silent
from tagger.audio.steadiness import STEADY, change
from tagger.errors import SteadyError, UnreadableError
from tagger.identity import MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.state.rows import prediction_row, read_prediction
from tagger.tracks import Prediction, Status

FRONT_END = MelStrip()


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def tone(seconds: float, pitch: float) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a"])
@pytest.mark.parametrize("start", [0, 8, 26, 36])
def test_a_track_with_a_silent_middle_is_analysed_elsewhere(tmp_path, suffix, start):
    samples = np.zeros(40 * RATE, np.float32)
    samples[start * RATE : (start + 4) * RATE] = music(4)
    path = write_audio(tmp_path / f"a{suffix}", samples)
    assert not is_silent(decode(path, RATE, 6))


@pytest.mark.parametrize("suffix", [".flac", ".mp3"])
@pytest.mark.parametrize("seconds", [3, None])
def test_channels_that_cancel_each_other_out_are_not_mixed(tmp_path, suffix, seconds):
    left = music(8)
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, np.stack([left, -left], 1), RATE)
    extractor = Extractor(
        ExtractSettings(front_end=FRONT_END, grid=TOY_METADATA.grid, seconds=seconds)
    )
    features = extractor.extract(MusicFile(path=path, identity=None))
    plain = tmp_path / "plain.wav"
    soundfile.write(plain, left, RATE)
    expected = extractor.extract(MusicFile(path=plain, identity=None))
    if seconds == 3:  # where exactly a seek leads depends on the container
        assert features.strip.shape == expected.strip.shape
        return
    frames = min(features.strip.shape[1], expected.strip.shape[1])
    difference = features.strip[:, :frames].astype(float) - expected.strip[:, :frames]
    assert np.abs(difference).mean() < (0.01 if suffix == ".flac" else 0.6)


def test_a_quiet_track_keeps_its_channels(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.stack([0.01 * music(8), 0.005 * music(8, seed=1)], 1), RATE)
    mixed = soundfile.read(path)[0].sum(1) / np.sqrt(2)
    assert np.abs(decode(path, RATE, None) - mixed).max() < 1e-3


@pytest.mark.parametrize(
    ("place", "size", "value", "words"),
    [(24, 4, 1, "rate of 1 Hz"), (24, 4, 2**31 - 1, "Hz"), (22, 2, 3000, "is not audio")],
)
def test_absurd_rates_and_numbers_of_channels_are_refused(tmp_path, place, size, value, words):
    path = tmp_path / "a.wav"
    soundfile.write(path, music(4), RATE)
    content = bytearray(path.read_bytes())
    content[place : place + size] = value.to_bytes(size, "little")
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=words):
        decode(path, RATE, 30)


STEADY_SOUNDS = {
    "white noise": noise(8),
    "brown noise": np.cumsum(noise(8) - noise(8).mean()) / 200,
    "tone": tone(8, 440),
    "low tone": tone(8, 50),
    "tone in noise": tone(8, 1000) + 0.05 * noise(8),
    "chord": sum(0.2 * tone(8, pitch) for pitch in (220, 277, 330)),
    "square": 0.3 * np.sign(tone(8, 220)),
    "vibrato": 0.5 * np.sin(np.cumsum(2 * np.pi * (440 + 5 * tone(8, 6)) / RATE)),
}


CLICKS = np.zeros(8 * RATE)
CLICKS[:: RATE // 4] = 0.9

SOUNDS_OF_ONE_SHAPE = {
    "clicks": CLICKS,
    "one click": np.where(np.arange(8 * RATE) == 4 * RATE, 0.9, 0.0),
    "clicks in noise": CLICKS + 0.001 * noise(8),
    "bursts of noise": noise(8) * (np.arange(8 * RATE) % RATE < RATE // 5),
    "swelling noise": noise(8) * (1 + tone(8, 0.5)),
}


@pytest.mark.parametrize("name", SOUNDS_OF_ONE_SHAPE)
def test_clicks_and_noise_that_comes_and_goes_are_no_music(name):
    with pytest.raises(SteadyError, match="nothing but clicks or noise"):
        FRONT_END.compute(SOUNDS_OF_ONE_SHAPE[name].astype(np.float32))


def sweep(pitches: np.ndarray) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * np.cumsum(pitches) / RATE)


TIME = np.arange(20 * RATE) / RATE
SWEEPS = {
    "in octaves": sweep(20 * 500 ** (TIME / 20)),
    "in Hertz": sweep(20 + 500 * TIME),
    "down, four times": sweep(20 * 500 ** (1 - TIME % 5 / 5)),
    "siren": sweep(800 + 400 * np.sin(np.pi * TIME)),
    "in noise": sweep(20 * 500 ** (TIME / 20)) + 0.0005 * noise(20),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_single_tone_is_no_music_however_it_moves(name):
    with pytest.raises(SteadyError, match="nothing but a single tone"):
        FRONT_END.compute(SWEEPS[name].astype(np.float32))


def test_a_voice_with_overtones_is_more_than_a_tone():
    pitch = 220 * 2 ** (np.floor(TIME * 2) % 7 / 12)
    voice = sum(sweep(number * pitch) / number for number in range(1, 12))
    FRONT_END.compute(voice.astype(np.float32))


@pytest.mark.parametrize("name", STEADY_SOUNDS)
@pytest.mark.parametrize("seconds", [3, 8])
def test_noise_and_tones_are_no_music(name, seconds):
    with pytest.raises(SteadyError, match="steady noise or tone"):
        FRONT_END.compute(STEADY_SOUNDS[name][: seconds * RATE].astype(np.float32))


def test_a_steady_track_is_uncertain_with_a_reason_and_cached(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(8), RATE)
    extractor = Extractor(ExtractSettings(front_end=FRONT_END, grid=TOY_METADATA.grid))
    found = extractor.extract(MusicFile(path=path, identity=None)).prediction
    assert found == Prediction(
        status=Status.UNCERTAIN, error="is a steady noise or tone in the part that was analysed"
    )
    assert read_prediction(*prediction_row(found)) == found


def test_music_is_never_called_steady():
    for seed in range(4):
        FRONT_END.compute(music(4, seed=seed))


def test_no_real_clip_is_called_steady(gtzan: Path):
    clips = sorted(gtzan.glob("metal/*.ogg"))[::6]  # the loudest music, pressed flat
    for clip in clips:
        FRONT_END.compute(decode(clip, RATE, 30))
    assert clips


def test_too_short_to_tell():
    assert change(np.zeros((128, 40))) is None
    assert STEADY > 0
