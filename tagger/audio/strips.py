"""From a waveform of any length to strips of a minute each: memory does not grow with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tagger.audio.frontend import FrontEnd, Strip, Waveform, WindowGrid
from tagger.audio.speech import LEAST_SECONDS
from tagger.errors import NoMusicError, SpeechError, TooShortError, TrackError

SEGMENT = 60.0
"""Seconds of windows in a strip at most: what the model takes at once."""


@dataclass(frozen=True, kw_only=True)
class TrackPart:
    """A part of a track.

    Attributes:
        strip: its features `[rows, frames]`, of whole windows.
        start: where it begins, in seconds from the beginning of what is analysed.
        end: the same for its end.
    """

    strip: Strip
    start: float
    end: float


def strips(
    blocks: Iterable[Waveform], front_end: FrontEnd, grid: WindowGrid
) -> Iterator[TrackPart]:
    """Yield the strips of a waveform in blocks, while the blocks come.

    Each is standardised by itself, as the clips that networks are trained on. The windows of all
    of them go on evenly. Parts that are no music are left out: they say nothing of a genre.
    After speech, so is a last part that is too short to tell speech from music.

    Args:
        blocks: of a waveform, at the sample rate of the front end.
        front_end: turns them into features.
        grid: of the model's windows.

    Raises:
        TooShortError: there is less than one window.
        NoMusicError: there is no other part.
    """
    least = front_end.samples_for(grid.window)
    size, step = _segment(front_end, grid)
    problem: TrackError | None = TooShortError("is shorter than one window of the model")
    shortest = least
    for number, segment in enumerate(segments(blocks, size, step)):
        if segment.size < shortest:
            continue
        start = number * step
        try:
            strip = grid.whole(front_end.compute(segment))
        except NoMusicError as error:
            problem = error if problem else None
            told = round(LEAST_SECONDS * front_end.sample_rate)
            shortest = max(least, told) if isinstance(error, SpeechError) else least
            continue
        problem, shortest = None, least
        rate = front_end.sample_rate
        yield TrackPart(strip=strip, start=start / rate, end=(start + segment.size) / rate)
    if problem:
        raise problem


def segments(blocks: Iterable[Waveform], size: int, step: int) -> Iterator[Waveform]:
    """Divide a waveform in blocks into segments.

    Args:
        blocks: of the waveform.
        size: samples of all segments but the last, which has what is left.
        step: samples from the beginning of one to that of the next, `size` at most.
    """
    waiting = np.empty(0, np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while waiting.size >= size:
            yield waiting[:size]
            waiting = waiting[step:]
    yield waiting


def _segment(front_end: FrontEnd, grid: WindowGrid) -> tuple[int, int]:
    """Return size and step of segments in samples, such that windows go on evenly over them."""
    frame = front_end.seconds_per_frame()
    windows = max(1, int(SEGMENT / (grid.hop * frame)))
    step = windows * grid.hop
    overlap = grid.window - grid.hop
    return (
        round((step + overlap) * frame * front_end.sample_rate),
        round(step * frame * front_end.sample_rate),
    )
