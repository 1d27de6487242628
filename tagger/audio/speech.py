"""Tells speech without music: it pauses between words, and it keeps no beat.

Two of the features that tell speech from music since the first such detectors, brought to the
log-mel that the network gets anyway:

* How far the level falls. Syllables and pauses let the level of speech fall far, several times a
  second; something sounds on in most music. Saunders, Real-Time Discrimination of Broadcast
  Speech/Music, ICASSP 1996, counts the dips of the energy; Scheirer and Slaney, Construction and
  Evaluation of a Robust Multifeature Speech/Music Discriminator, ICASSP 1997, the frames of low
  energy in each second.
* How regular the onsets are: the pulse metric of Scheirer and Slaney.

The limits were chosen on 127 made-up recordings of 12 to 45 s (prompts of Asterisk in English and
Spanish, Dutch dialogue of a game, words in six languages, voices of espeak-ng and flite; clean, as
MP3 at 64 kbit/s, with pink noise 22 to 45 dB below, in a room), 235 clips of GTZAN, 439 songs and
3202 recordings of all kinds. They are round numbers, and 22 dB, 0.22 or 0.28 give much the same. Of
173 recordings of other speakers and languages 171 are called speech; of 8 s of them, six in seven.
No clip of GTZAN is, and of the songs two: a medieval one for a single voice, and one of hip-hop.

Speech over music, or in noise less than about 20 dB below it, has no such pauses, and is not told.
"""

import numpy as np
from numpy.typing import NDArray

from tagger.errors import SpeechError

FALL = 20.0
"""Decibels by which the level falls within a second, in half of all seconds, from which on a track
may be speech."""

BEAT = 0.25
"""Autocorrelation of the onsets up to which a track has no beat, and may be speech."""

LEAST_SECONDS = 8.0
"""A shorter part is not called speech: in less, the onsets of anything agree by chance."""

_BANDS = 64  # what the limits were fitted on, and as many as tell it
_FRAME = 0.046  # seconds, the same
_AUDIBLE = 50.0  # decibels below the loudest cell; what is below has no onsets
_FASTEST, _SLOWEST = 0.25, 1.5  # seconds from beat to beat, or to the next but one


def refuse_speech(levels: NDArray[np.floating], seconds_per_frame: float) -> None:
    """Raise SpeechError for decibels `[mel bands, frames]` of speech without music.

    Args:
        levels: decibels below the loudest cell.
        seconds_per_frame: how far apart two frames are.
    """
    frames = max(1, round(_FRAME / seconds_per_frame))
    coarse, step = (
        _averaged(levels, max(1, len(levels) // _BANDS), frames),
        frames * seconds_per_frame,
    )
    if coarse.shape[1] * step < LEAST_SECONDS:
        return
    if fall(coarse, step) >= FALL and beat(coarse, step) <= BEAT:
        raise SpeechError("is speech without music in the part that was analysed")


def fall(levels: NDArray[np.floating], seconds_per_frame: float) -> float:
    """Return by how many decibels the level falls within a second, the median of all seconds.

    Args:
        levels: decibels, `[mel bands, frames]`, at least a second.
        seconds_per_frame: how far apart two frames are.
    """
    second = max(2, int(1 / seconds_per_frame))
    level = 10 * np.log10((10 ** (levels / 10)).sum(0))
    seconds = np.lib.stride_tricks.sliding_window_view(level, second)[:: second // 2]
    return float(np.median(np.ptp(seconds, 1)))


def beat(levels: NDArray[np.floating], seconds_per_frame: float) -> float:
    """Return how well the onsets agree with themselves a beat later, from 0 to 1.

    Args:
        levels: decibels, `[mel bands, frames]`.
        seconds_per_frame: how far apart two frames are.

    Returns:
        The highest autocorrelation at any time from beat to beat.
    """
    rises = np.diff(np.maximum(levels, levels.max() - _AUDIBLE)).clip(0)
    onsets = rises.mean(0, dtype=np.float64)
    onsets -= onsets.mean()
    size = onsets.size
    power = np.abs(np.fft.rfft(onsets, 2 * size)) ** 2
    agreement = np.fft.irfft(power)[:size] / np.arange(size, 0, -1)  # the mean over what overlaps
    first, last = (round(time / seconds_per_frame) for time in (_FASTEST, _SLOWEST))
    if agreement[0] <= 0:
        return 1.0
    return float(agreement[first : last + 1].max() / agreement[0])


def _averaged(levels: NDArray[np.floating], bands: int, frames: int) -> NDArray[np.float32]:
    """Return the means of rectangles of bands and frames; what is left over is cut."""
    rows, columns = len(levels) // bands, levels.shape[1] // frames
    whole = levels[: rows * bands, : columns * frames]
    means: NDArray[np.float32] = whole.reshape(rows, bands, columns, frames).mean((1, 3))
    return means
