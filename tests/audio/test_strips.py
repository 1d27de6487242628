"""Long tracks: strips of a minute each, while they are decoded."""

import tracemalloc

import numpy as np
import pytest
from conftest import RATE, TOY_METADATA, music

from tagger.audio import strips as module
from tagger.audio.log_mel import MelStrip
from tagger.audio.pictures import SpectrogramPicture
from tagger.audio.strips import segments, strips
from tagger.audio.summary import SummaryFeatures
from tagger.errors import SilentError, SteadyError, TooShortError

FRONT_END = TOY_METADATA.front_end
GRID = TOY_METADATA.grid
HOP = GRID.hop * 512  # samples from window to window


@pytest.fixture
def short_strips(monkeypatch):
    """Strips of three windows, 7.4 seconds, where a minute would make tests slow."""
    monkeypatch.setattr(module, "SEGMENT", 3 * HOP / RATE + 0.1)


def in_blocks(samples, size=65_536):
    return (samples[start : start + size] for start in range(0, samples.size, size))


@pytest.mark.parametrize("size", [1_000, 65_536])
def test_windows_go_on_evenly_over_all_strips(short_strips, size):
    samples = music(20)
    parts = list(strips(in_blocks(samples, size), FRONT_END, GRID))
    counts = [GRID.count(part.strip.shape[1]) for part in parts]
    assert counts == [3, 3, 3, 3]
    assert sum(counts) == GRID.count(1 + samples.size // 512)
    assert [round(part.start * RATE) for part in parts] == [3 * HOP * n for n in range(4)]
    assert 20 - parts[-1].end < HOP / RATE  # what is left gives no window more
    for part in parts:
        own = samples[round(part.start * RATE) : round(part.end * RATE)]
        np.testing.assert_array_equal(part.strip, GRID.whole(FRONT_END.compute(own)))


@pytest.mark.parametrize("seconds", [4, 30, 60])
def test_a_minute_is_one_strip(seconds):
    samples = music(seconds)
    (part,) = strips([samples], FRONT_END, GRID)
    np.testing.assert_array_equal(part.strip, GRID.whole(FRONT_END.compute(samples)))
    assert (part.start, part.end) == (0, seconds)


def test_parts_that_are_silent_or_steady_are_left_out(short_strips):
    size = 3 * HOP
    quiet = np.zeros(2 * size, np.float32)
    noise = 0.2 * np.random.default_rng(0).standard_normal(2 * size).astype(np.float32)
    samples = np.concatenate([quiet, music(size / RATE), noise])
    starts = [part.start for part in strips([samples], FRONT_END, GRID)]
    assert starts == pytest.approx([size / RATE, 2 * size / RATE], abs=0.01)
    with pytest.raises(SilentError):
        list(strips([quiet], FRONT_END, GRID))
    with pytest.raises(SteadyError):
        list(strips([np.concatenate([quiet, noise])], FRONT_END, GRID))


@pytest.mark.parametrize("blocks", [[], [music(1)], [music(1), music(1)]])
def test_less_than_a_window_is_too_short(blocks):
    with pytest.raises(TooShortError):
        list(strips(blocks, FRONT_END, GRID))


def test_strips_of_other_front_ends_hold_whole_windows():
    for front_end in (SpectrogramPicture(), SummaryFeatures()):
        assert module._segment(front_end, front_end.grid) == (60 * RATE, 60 * RATE)
    assert module._segment(MelStrip(), GRID) == ((40 * 64 + 64) * 512, 40 * 64 * 512)


def test_segments_overlap_and_the_last_has_what_is_left():
    found = list(segments(in_blocks(np.arange(20.0, dtype=np.float32), 3), 8, 5))
    assert [(part[0], part[-1]) for part in found] == [(0, 7), (5, 12), (10, 17), (15, 19)]


def test_memory_does_not_depend_on_how_long_a_track_is(short_strips):
    def peak(blocks):
        tracemalloc.start()
        count = sum(1 for _ in strips((block for _ in range(blocks)), FRONT_END, GRID))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count >= blocks
        return peak

    block = music(5)
    list(strips([block], FRONT_END, GRID))
    assert peak(24) < 1.02 * peak(6)
