"""Standardised log-mel strips, the front end of most networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import MOST_FFT, MOST_RATE, FrontEnd, Strip, Waveform, WindowGrid
from tagger.audio.mel import decibels, mel_blocks, mel_filters
from tagger.audio.silence import refuse_silence
from tagger.audio.speech import refuse_speech
from tagger.audio.steadiness import refuse_steadiness
from tagger.bounds import bounded


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
        return log_mel(samples, self)

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


def log_mel(samples: Waveform, front_end: MelStrip) -> Strip:
    """Turn a mono waveform into a strip `[mel bands, 1 + samples // hop length]`.

    Power spectrogram, Slaney mel filters, decibels below the loudest cell down to `top_db`, then
    zero mean and unit deviation over the whole strip, so that neither level nor mastering
    matters. The steps are those of librosa's `melspectrogram` and `power_to_db`.

    Raises:
        SilentError: the waveform never reaches −60 dB of full scale.
        SteadyError: it is noise, or tones that never change.
        SpeechError: it is speech without music.
    """
    refuse_silence(samples)
    filters = mel_filters(
        front_end.sample_rate,
        front_end.n_fft,
        front_end.n_mels,
        front_end.fmin,
        front_end.fmax,
    )
    levels = decibels(np.hstack([*mel_blocks([samples], filters, front_end.hop_length)]))
    levels = np.maximum(levels - levels.max(), np.float32(-front_end.top_db))
    refuse_steadiness(levels)
    refuse_speech(levels, front_end.seconds_per_frame())
    return standardise(levels)


def standardise(strip: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Bring a strip to zero mean and unit deviation; one without any contrast becomes zeros."""
    centred = strip - strip.mean(dtype=np.float64).astype(np.float32)
    deviation = centred.std(dtype=np.float64).astype(np.float32)
    standardised: NDArray[np.float32] = centred / deviation if deviation > 0 else centred
    return standardised
