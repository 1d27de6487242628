"""Speech without music is no music; music, and speech over it, is."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import RATE, TOY_METADATA, music, write_audio

from tagger.audio.decode import decode
from tagger.audio.log_mel import MelStrip
from tagger.audio.speech import refuse_speech
from tagger.errors import SpeechError
from tagger.identity import MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.state.rows import prediction_row, read_prediction
from tagger.tracks import Prediction, Status

FRONT_END = MelStrip()

VOWELS = (
    (730, 1090, 2440),
    (530, 1840, 2480),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
)
"""The first three formants of vowels, in Hz (Peterson and Barney 1952)."""


def syllable(rng: np.random.Generator, pitch: float, seconds: float) -> np.ndarray:
    """Return glottal pulses through formants that move from one vowel to another."""
    place = np.linspace(0, 1, round(seconds * RATE))
    begin, end = rng.choice(VOWELS, 2)
    formants = begin + (end - begin) * place[:, None]  # [samples, 3]
    pitches = pitch * (1 + rng.uniform(-0.15, 0.15) * place)
    phase = 2 * np.pi * np.cumsum(pitches) / RATE
    voice = np.zeros(place.size)
    for number in range(1, int(4_000 / pitch)):
        distance = (number * pitches[:, None] - formants) / (60 + 0.06 * formants)
        voice += (1 / (1 + distance**2)).sum(1) / number * np.sin(number * phase)
    hiss = rng.standard_normal(place.size) * np.exp(-place * seconds / 0.02)
    return (voice / np.abs(voice).max() + 0.2 * hiss) * np.sin(np.pi * place) ** 0.5


def speech(seconds: float, seed: int = 0, pitch: float = 120.0) -> np.ndarray:
    """Return words of one to four syllables with pauses as in calm speech, full scale ±1."""
    rng = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    while sum(part.size for part in parts) < seconds * RATE:
        for _ in range(rng.integers(1, 5)):
            height = pitch * rng.uniform(0.8, 1.25)
            parts.append(rng.uniform(0.4, 1) * syllable(rng, height, rng.uniform(0.1, 0.28)))
        parts.append(np.zeros(round(rng.choice([0.08, 0.15, 0.4, 0.7]) * RATE)))
    return (0.5 * np.concatenate(parts)[: round(seconds * RATE)]).astype(np.float32)


def room_noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(9).standard_normal(round(seconds * RATE)) * 0.003


@pytest.mark.parametrize("pitch", [95, 120, 210])
@pytest.mark.parametrize("seconds", [12, 30])
def test_speech_is_no_music(pitch, seconds):
    with pytest.raises(SpeechError, match="is speech without music"):
        FRONT_END.compute(speech(seconds, seed=pitch, pitch=pitch))


def test_speech_in_the_noise_of_a_room_is_no_music():
    with pytest.raises(SpeechError):
        FRONT_END.compute((speech(20) + room_noise(20)).astype(np.float32))


def test_the_level_of_speech_does_not_matter():
    for gain in (0.05, 1.9):
        with pytest.raises(SpeechError):
            FRONT_END.compute(speech(20) * np.float32(gain))


@pytest.mark.parametrize(
    "front_end",
    [MelStrip(hop_length=256), MelStrip(n_mels=64), MelStrip(sample_rate=16_000, fmax=8_000.0)],
)
def test_speech_is_recognised_by_other_front_ends(front_end):
    samples = speech(20)
    places = np.arange(20 * front_end.sample_rate) * RATE / front_end.sample_rate
    resampled = np.interp(places, np.arange(samples.size), samples).astype(np.float32)
    with pytest.raises(SpeechError):
        front_end.compute(resampled)


TIME = np.arange(20 * RATE) / RATE


def plucked() -> np.ndarray:
    """Return notes that die away before the next one, two in a second."""
    pitch = 220 * 2 ** (np.array([0, 4, 7, 12, 7, 4])[(TIME * 2).astype(int) % 6] / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return sum(np.sin(n * phase) / n for n in range(1, 8)) * np.exp(-12 * (TIME % 0.5)) * 0.4


def drums() -> np.ndarray:
    """Return a drum and a cymbal by turns, with silence between them."""
    drum = np.sin(2 * np.pi * 60 * TIME) * np.exp(-25 * (TIME % 1))
    cymbal = np.random.default_rng(0).standard_normal(TIME.size) * np.exp(-60 * ((TIME + 0.5) % 1))
    return 0.5 * drum + 0.2 * cymbal


def chords() -> np.ndarray:
    """Return chords that are held for two to three seconds, each of them begun anew."""
    ends = np.cumsum([2.1, 2.9, 2.3, 2.7, 2.0, 3.0, 2.4, 2.6])
    root = 220 * 2 ** (
        np.array([0, 5, 7, 2, 9, 4, 0, 5])[np.searchsorted(ends, TIME, "right")] / 12
    )
    phase = 2 * np.pi * np.cumsum(root) / RATE
    return 0.15 * sum(np.sin(ratio * phase) for ratio in (1, 1.25, 1.5, 2, 3, 4))


MUSIC = {
    "chords with a beat": lambda: music(20),
    "plucked notes": plucked,
    "drums alone": drums,
    "chords without a beat": chords,
    "speech over chords with a beat": lambda: speech(20) + music(20),
    "speech over quiet chords": lambda: speech(20) + 0.5 * chords(),
}


@pytest.mark.parametrize("name", MUSIC)
def test_music_is_not_called_speech(name):
    FRONT_END.compute(MUSIC[name]().astype(np.float32))


def test_nothing_is_called_speech_that_is_too_short_to_tell():
    FRONT_END.compute(speech(6))


def test_onsets_that_never_come_are_no_speech():
    refuse_speech(np.zeros((128, 1000), np.float32), 0.023)


def test_speech_is_uncertain_with_a_reason_and_cached(tmp_path):
    path = write_audio(tmp_path / "a.mp3", speech(12))
    extractor = Extractor(ExtractSettings(front_end=FRONT_END, grid=TOY_METADATA.grid))
    found = extractor.extract(MusicFile(path=path, identity=None)).prediction
    assert found == Prediction(
        status=Status.UNCERTAIN, error="is speech without music in the part that was analysed"
    )
    assert read_prediction(*prediction_row(found)) == found


def test_minutes_of_speech_do_not_vote(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.concatenate([speech(65), music(60)]), RATE)
    settings = ExtractSettings(front_end=FRONT_END, grid=TOY_METADATA.grid, seconds=None)
    parts = list(Extractor(settings).parts(MusicFile(path=path, identity=None)))
    assert parts[0].start > 50


def test_the_last_words_of_a_long_recording_do_not_vote(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, speech(125), RATE)  # the last part has less than eight seconds
    settings = ExtractSettings(front_end=FRONT_END, grid=TOY_METADATA.grid, seconds=None)
    found = Extractor(settings).extract(MusicFile(path=path, identity=None)).prediction
    assert found.status == Status.UNCERTAIN


def test_hardly_a_real_clip_is_called_speech(gtzan: Path):
    with (gtzan / "tracks.csv").open(encoding="utf-8") as file:
        clips = [row["file"] for row in csv.DictReader(file) if float(row["seconds"]) > 8]
    flagged = []
    for clip in clips[::6]:
        try:
            FRONT_END.compute(decode(gtzan / clip, RATE, 30))
        except SpeechError:
            flagged.append(clip)
    assert clips
    assert len(flagged) <= 1, flagged
