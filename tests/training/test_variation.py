"""What is done to training windows: each operation against one window at a time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.training.augmentation import Augmentation
from trainer.training.batches import cut, cut_window
from trainer.training.variation import ERASED, LOW_PASS, augment, erase, lengths, vary

OFF = Augmentation.off()
FRAMES = 64


def windows_of(count: int, bands: int = 64, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(1, 2, (count, bands, FRAMES)).astype(np.float32)


def varied(windows: np.ndarray, seed: int = 0, **how: float) -> np.ndarray:
    whole = np.full(len(windows), windows.shape[2])
    return vary(windows.copy(), whole, FRAMES, replace(OFF, **how), np.random.default_rng(seed))


def test_nothing_varies_when_all_is_off():
    windows = windows_of(5)
    np.testing.assert_array_equal(varied(windows), windows)
    np.testing.assert_array_equal(augment(windows.copy(), OFF, np.random.default_rng(0)), windows)


# Cutting


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 80)), min_size=1, max_size=5))
def test_pieces_are_those_of_their_strips(shapes):
    """A piece is as long as was asked for, from a shorter strip too, which is repeated."""
    strips = [np.arange(3 * frames).reshape(3, frames).astype(np.float16) for frames, _ in shapes]
    starts = np.array(
        [
            max(strip.shape[1] - wanted, 0) // 2
            for strip, (_, wanted) in zip(strips, shapes, strict=True)
        ]
    )
    wanted = np.array([frames for _, frames in shapes])
    for piece, strip, start, length in zip(
        cut(strips, starts, wanted), strips, starts, wanted, strict=True
    ):
        places = (np.arange(length) % (strip.shape[1] - start)) + start
        np.testing.assert_array_equal(piece[:, :length], strip[:, places])
        assert not piece[:, length:].any()
        np.testing.assert_array_equal(piece[:, :length], cut_window(strip, start, length))


@given(st.integers(1, 300), st.floats(0, 0.5), st.integers(0, 99))
def test_a_piece_to_stretch_fits_into_its_strip(frames, stretch, seed):
    how = replace(OFF, stretch_frames=stretch)
    strips = np.full(20, frames)
    drawn = lengths(strips, FRAMES, how, np.random.default_rng(seed))
    longer = drawn[drawn != FRAMES]
    assert (longer <= frames).all()
    assert (abs(drawn - FRAMES) <= FRAMES * stretch + 0.5).all()


# Stretching


def test_time_is_stretched_as_far_as_each_piece_is_long():
    taken = np.array([40, 64, 80, 1])
    pieces = np.zeros((4, 2, 80), np.float32)
    for piece, length in zip(pieces, taken, strict=True):
        piece[:, :length] = np.random.default_rng(length).standard_normal((2, length))
    windows = vary(pieces.copy(), taken, FRAMES, OFF, np.random.default_rng(0))
    for window, piece, length in zip(windows, pieces, taken, strict=True):
        for row, cells in zip(window, piece, strict=True):
            places = np.linspace(0, length - 1, FRAMES)
            expected = np.interp(places, np.arange(length), cells[:length])
            np.testing.assert_allclose(row, expected, atol=1e-5)


def test_bands_are_shifted_and_stretched_by_another_amount_in_each_window():
    ramp = np.broadcast_to(np.arange(64, dtype=np.float32)[:, None], (50, 64, FRAMES))
    shifted = varied(ramp, shift_bands=5.0)
    shifts = shifted[:, 32, 0] - 32
    assert -5 <= shifts.min() < -3
    assert 3 < shifts.max() <= 5
    for window, shift in zip(shifted, shifts, strict=True):
        expected = np.clip(np.arange(64) + shift, 0, 63)  # edges are repeated
        np.testing.assert_allclose(
            window, np.broadcast_to(expected[:, None], window.shape), atol=1e-4
        )
    scales = np.diff(varied(ramp, stretch_bands=0.1)[:, 31:33, 0])[:, 0]
    assert 0.9 <= scales.min() < 0.95
    assert 1.05 < scales.max() <= 1.1


def test_windows_are_turned_in_time_and_keep_their_frames():
    ramp = np.broadcast_to(np.arange(FRAMES, dtype=np.float32), (20, 4, FRAMES))
    turned = varied(ramp, turn=0.5)
    assert len(set(turned[:, 0, 0])) > 10
    np.testing.assert_array_equal(np.sort(turned, axis=2), ramp)
    assert set(np.diff(turned[:, 0]).ravel()) == {1, 1 - FRAMES}


# Levels


def test_a_low_pass_silences_the_highest_bands_of_its_share_of_windows():
    windows = windows_of(200)
    windows[:, 0, 0] = 0.5
    cut_at = []
    for window, given_window in zip(varied(windows, low_pass=0.5), windows, strict=True):
        silent = np.flatnonzero((window == 0.5).all(1))
        cut_at.append(silent[0] if silent.size else 64)
        np.testing.assert_array_equal(window[: cut_at[-1]], given_window[: cut_at[-1]])
    filtered = [place for place in cut_at if place < 64]
    assert 70 < len(filtered) < 130
    assert min(filtered) >= int(64 * LOW_PASS[0])
    assert max(filtered) < 64 * LOW_PASS[1]


def test_an_equaliser_adds_the_same_slow_curve_to_all_frames_of_a_window():
    windows = windows_of(200)
    added = varied(windows, equaliser=0.2) - windows
    assert np.ptp(added, axis=2).max() < 1e-5
    curves = added[:, :, 0]
    assert np.abs(np.diff(curves, axis=1)).max() < 0.2  # slow
    assert curves[:, 0].std() == pytest.approx(0.2 * np.sqrt(3), rel=0.2)


def test_contrast_is_scaled_for_each_window():
    windows = windows_of(100)
    ratios = varied(windows, gain=0.3) / windows
    assert np.ptp(ratios, axis=(1, 2)).max() < 1e-5
    assert 0.7 <= ratios.min() < 0.8
    assert 1.2 < ratios.max() <= 1.3


# Masks and noise


def test_runs_of_bands_and_of_frames_are_masked():
    how = replace(OFF, masks=1, mask_bands=10, mask_frames=20, masked=-1.0)
    masked = augment(windows_of(100), how, np.random.default_rng(0)) == -1
    bands, frames = masked.all(2).sum(1), masked.all(1).sum(1)
    assert (bands.min(), bands.max()) == (0, 10)
    assert (frames.min(), frames.max()) == (0, 20)
    for window in masked:
        for lines in (window.all(1), window.all(0)):
            assert np.abs(np.diff(lines.astype(int))).sum() <= 2  # one run
        crossed = window.all(1)[:, None] | window.all(0)[None]
        np.testing.assert_array_equal(window, crossed)


def test_a_rectangle_is_erased_in_its_share_of_windows():
    how = replace(OFF, erase=0.5, masked=-1.0)
    erased = (augment(windows_of(200), how, np.random.default_rng(0)) == -1).any((1, 2))
    assert 70 < erased.sum() < 130


def test_a_rectangle_has_the_area_asked_for():
    rng = np.random.default_rng(0)
    for _ in range(50):
        picture = np.full((60, 80), 200, np.float32)
        erase(picture, 127.5, rng)
        rows, columns = np.nonzero(picture != 200)
        high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert high * wide == rows.size  # one rectangle
        assert ERASED[0] * 0.8 < rows.size / picture.size < ERASED[1] * 1.2
        assert set(picture[rows, columns]) == {127.5}


@pytest.mark.parametrize("deviation", [0.1, 0.5])
def test_noise_differs_from_window_to_window_and_has_the_deviation_asked_for(deviation):
    noisy = replace(OFF, noise=deviation)
    windows = augment(np.zeros((16, 64, 64), np.float32), noisy, np.random.default_rng(0))
    np.testing.assert_allclose(windows.std((1, 2)), deviation, rtol=0.1)
    assert np.abs(np.corrcoef(windows.reshape(16, -1)) - np.eye(16)).max() < 0.1
