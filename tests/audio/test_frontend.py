import librosa
import numpy as np
import pytest
from conftest import RATE, music

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip, standardise
from tagger.audio.mel import mel_blocks, mel_filters
from tagger.errors import SilentError
from tagger.inference.model import GenreModel

FRONT_END = MelStrip()
GRID = WindowGrid()


def librosas(samples):
    """The plain way to a strip."""
    mel = librosa.feature.melspectrogram(
        y=samples, sr=RATE, n_fft=2048, hop_length=512, n_mels=128, power=2
    )
    decibels = librosa.power_to_db(mel, ref=np.max, top_db=80)
    return (decibels - decibels.mean()) / decibels.std()


def test_the_strip_is_what_librosa_gives():
    samples = music(5)
    expected = librosas(samples)
    strip = FRONT_END.compute(samples)
    assert strip.shape == (128, 1 + samples.size // 512)
    assert strip.dtype == np.float32
    np.testing.assert_allclose(strip, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("rate", "n_fft", "bands", "fmin", "fmax"),
    [(22_050, 2048, 128, 0, 11_025), (44_100, 4096, 96, 30, 16_000), (16_000, 512, 40, 1200, 8000)],
)
def test_mel_filters_are_librosas(rate, n_fft, bands, fmin, fmax):
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=bands, fmin=fmin, fmax=fmax)
    filters = mel_filters(rate, n_fft, bands, fmin, fmax)
    assert filters.dtype == np.float32
    np.testing.assert_allclose(filters, expected, atol=1e-6 * expected.max())


def test_probabilities_are_those_of_the_plain_way():
    samples, model = music(12), GenreModel(device="cpu")
    plain, ours = (
        model.window_probabilities(GRID.whole(strip)[None].astype(np.float32))
        for strip in (librosas(samples), FRONT_END.compute(samples))
    )
    np.testing.assert_allclose(ours, plain, atol=0.01)


@pytest.mark.parametrize(("n_fft", "bands"), [(2048, 128), (1024, 50), (256, 128), (512, 3)])
def test_zeros_of_the_filters_are_left_out_and_nothing_else(n_fft, bands):
    """Some filters at 256 are so narrow that they hold no frequency at all."""
    samples, filters = music(2), mel_filters(RATE, n_fft, bands, 0, RATE / 2)
    power = np.abs(librosa.stft(samples, n_fft=n_fft, hop_length=400, pad_mode="constant")) ** 2
    mel = np.hstack([*mel_blocks([samples], filters, 400)])
    assert mel.shape == (bands, 1 + samples.size // 400)
    np.testing.assert_allclose(mel, filters @ power, rtol=1e-3, atol=1e-6 * power.max())


def test_level_does_not_matter():
    samples = music(4)
    np.testing.assert_allclose(
        FRONT_END.compute(samples * 0.05), FRONT_END.compute(samples), atol=2e-3
    )


@pytest.mark.parametrize("samples", [np.zeros(RATE * 4), np.full(RATE * 4, 5e-4), np.empty(0)])
def test_silence_is_named(samples):
    with pytest.raises(SilentError):
        FRONT_END.compute(samples.astype(np.float32))


def test_a_strip_without_contrast_stays_finite():
    assert np.isfinite(standardise(np.full((4, 4), -80.0))).all()


def test_thirty_seconds_give_nineteen_windows():
    frames = FRONT_END.compute(music(30)).shape[1]
    assert frames == 1292
    assert GRID.count(frames) == 19


@pytest.mark.parametrize(
    ("frames", "windows"), [(0, 0), (127, 0), (128, 1), (191, 1), (192, 2), (1280, 19), (1343, 19)]
)
def test_window_count(frames, windows):
    assert GRID.count(frames) == windows
    if windows:
        assert GRID.whole(np.zeros((1, frames))).shape[1] == 128 + 64 * (windows - 1)


def test_samples_for_is_the_least_that_will_do():
    least = FRONT_END.samples_for(GRID.window)
    assert FRONT_END.compute(music(4)[:least]).shape[1] == GRID.window
    assert FRONT_END.compute(music(4)[: least - 1]).shape[1] == GRID.window - 1


def test_front_end_round_trip_ignores_words_for_humans():
    assert MelStrip.from_dict(FRONT_END.to_dict()) == FRONT_END
    assert MelStrip.from_dict({"n_mels": 64, "db": "…"}) == MelStrip(n_mels=64)


def test_long_audio_is_transformed_in_pieces(monkeypatch):
    samples = music(12)
    whole = FRONT_END.compute(samples)
    monkeypatch.setattr("tagger.audio.mel._FRAMES", 100)
    np.testing.assert_allclose(FRONT_END.compute(samples), whole, atol=1e-4)


@pytest.mark.parametrize(("frames", "most"), [(128, 5), (1292, 5), (1292, 19), (1280, 4)])
def test_pieces_hold_all_windows_once(frames, most):
    strip = np.arange(frames, dtype=np.float32)[None]
    starts = []
    for piece in GRID.pieces(strip, most):
        count = GRID.count(piece.shape[1])
        assert count <= most
        starts += [float(piece[0, i * GRID.hop]) for i in range(count)]
    assert starts == [i * GRID.hop for i in range(GRID.count(frames))]


@pytest.mark.parametrize("size", [100, 4_000, 65_536])
def test_blocks_of_any_size_give_the_spectrogram_of_the_whole(size):
    samples = music(7)
    blocks = [samples[start : start + size] for start in range(0, samples.size, size)]
    mel = [
        np.hstack([*mel_blocks(parts, mel_filters(RATE, 2048, 128, 0, 11_025), 512)])
        for parts in (blocks, [samples])
    ]
    np.testing.assert_array_equal(*mel)
