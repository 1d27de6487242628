"""Standardised log-mel strips, the front end of most networks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import MOST_FFT, MOST_RATE, FrontEnd, Strip, Waveform, WindowGrid
from tagger.audio.mel import decibels, mel_blocks, mel_filters
from tagger.audio.silence import refusing_silence
from tagger.audio.steadiness import refuse_steadiness
from tagger.bounds import bounded

_PART = 1 << 12  # frames of a strip that are standardised at a time


@dataclass(frozen=True)
class MelStrip(FrontEnd):
    """Standardised log-mel, for networks that share the convolutions of overlapping windows."""

    kind = "mel strip"
    takes_strips = True
    sample_rate: int = bounded(22_050, least=1_000, most=MOST_RATE)  # Hz
    n_fft: int = bounded(2048, least=16, most=MOST_FFT)  # samples in one analysis frame, 93 ms
    hop_length: int = bounded(512, least=16, most=MOST_FFT)  # samples between frames, 23 ms
    n_mels: int = bounded(128, least=1, most=512)  # mel bands on the Slaney scale
    fmin: float = bounded(0.0, least=0, most=MOST_RATE)  # Hz
    fmax: float = bounded(11_025.0, least=1, most=MOST_RATE)  # Hz
    top_db: float = bounded(80.0, least=1, most=1_000)  # dB kept below the loudest cell

    @property
    def rows(self) -> int:
        """Mel bands."""
        return self.n_mels

    @property
    def grid(self) -> WindowGrid:
        """Three seconds, every second and a half."""
        return WindowGrid(128, 64)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote.

        Raises:
            ValueError: a number is out of its bounds, or the mel bands span nothing.
        """
        found = super().from_dict(values)
        if found.fmin >= found.fmax:
            raise ValueError(f"its fmin is {found.fmin:g} and not below its fmax, {found.fmax:g}")
        return found

    def samples_for(self, frames: int) -> int:
        """Return the least number of samples that give this many frames."""
        return (frames - 1) * self.hop_length

    def compute(self, samples: Waveform) -> Strip:
        """Return the log-mel strip."""
        return np.ascontiguousarray(log_mel([samples], self))

    def compute_blocks(self, blocks: Iterable[Waveform]) -> Strip:
        """Return the log-mel strip of a waveform that is never in memory as a whole."""
        return log_mel(blocks, self, self.storage)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and, for human readers, what is done with them."""
        return {
            **super().to_dict(),
            "mel": "slaney",
            "power": 2,
            "scaling": "dB below the strip's maximum, minus mean, over standard deviation",
        }


@dataclass(frozen=True)
class MelWindow(MelStrip):
    """The same log-mel, for networks that take one window at a time."""

    kind = "mel window"
    takes_strips = False


def log_mel(
    blocks: Iterable[Waveform], front_end: MelStrip, storage: type[np.floating[Any]] = np.float32
) -> Strip:
    """Turn a mono waveform in blocks into a strip `[mel bands, 1 + samples // hop length]`.

    Power spectrogram, Slaney mel filters, decibels below the loudest cell down to `top_db`, then
    zero mean and unit deviation over the whole strip, so that neither level nor mastering
    matters. The steps are those of librosa's `melspectrogram` and `power_to_db`. Only the strip is
    kept in memory, which takes 11 kB a second in float16.

    Raises:
        SilentError: the waveform never reaches −60 dB of full scale.
        SteadyError: it is noise, or tones that never change.
    """
    filters = mel_filters(
        front_end.sample_rate,
        front_end.n_fft,
        front_end.n_mels,
        front_end.fmin,
        front_end.fmax,
    )
    mel = mel_blocks(refusing_silence(blocks), filters, front_end.hop_length)
    levels = _joined([decibels(power).astype(storage) for power in mel])
    top = np.float32(levels.max())
    for part in _in_parts(levels):
        part[:] = np.maximum(part.astype(np.float32) - top, np.float32(-front_end.top_db))
    refuse_steadiness(levels)
    return _standardised(levels)


def _joined(parts: Iterable[Strip]) -> Strip:
    """Join parts of a strip, as they come, in memory that grows in its place.

    To grow there, a strip has its frames one after the other in memory, not its rows.
    """
    frames, end = np.empty((0, 0)), 0
    for part in parts:
        rows, count = part.shape
        if end + count > len(frames):
            frames = frames if end else np.empty((0, rows), part.dtype)
            frames.resize((end + count + _PART, rows), refcheck=False)
        frames[end : end + count] = part.T
        end += count
    frames.resize((end, frames.shape[1]), refcheck=False)
    return frames.T


def _in_parts(strip: Strip) -> Iterator[Strip]:
    """Yield views of some frames each, together the strip."""
    for start in range(0, strip.shape[1], _PART):
        yield strip[:, start : start + _PART]


def standardise(strip: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Bring a strip to zero mean and unit deviation; one without any contrast becomes zeros."""
    return _standardised(strip.astype(np.float32))


def _standardised(strip: Strip) -> Strip:
    """Standardise a strip in its place, and return it."""
    mean = sum(part.sum(dtype=np.float64) for part in _in_parts(strip)) / strip.size
    squares = (np.square(part.astype(np.float32) - np.float32(mean)) for part in _in_parts(strip))
    deviation = np.sqrt(sum(part.sum(dtype=np.float64) for part in squares) / strip.size)
    for part in _in_parts(strip):
        centred = part.astype(np.float32) - np.float32(mean)
        part[:] = centred / np.float32(deviation) if deviation > 0 else centred
    return strip
