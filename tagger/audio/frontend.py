"""From a waveform to a strip: the input of the network, most often standardised log-mel.

One front end serves training and tagging. Its kind and numbers come from the model file, and the
defaults are only what `genretag-train prepare` uses when nothing else is said.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tagger.audio.mel import decibels, mel_filters, mel_spectrogram
from tagger.bounds import bounded, check_field
from tagger.errors import SilentError

Strip = NDArray[np.float32]
"""The features of a track, `[rows, frames]`; rows are mel bands most often."""

# Bounds on what a file may ask for: far beyond what is of use, and yet little memory.
MOST_RATE = 192_000  # Hz
MOST_FFT = 1 << 15  # samples
MOST_SECONDS = 120.0  # of one picture or segment

SILENCE = 1e-3
"""A peak below this (−60 dB of full scale) counts as silence."""


@dataclass(frozen=True)
class WindowGrid:
    """How a strip is divided into windows, in frames."""

    window: int = 128
    hop: int = 64

    def count(self, frames: int) -> int:
        """Return how many whole windows fit into this many frames."""
        return 0 if frames < self.window else 1 + (frames - self.window) // self.hop

    def pieces(self, strip: Strip, most: int) -> list[Strip]:
        """Divide a strip into pieces of at most `most` windows, together all of its windows."""
        count = self.count(strip.shape[1])
        return [
            strip[:, first * self.hop : (min(first + most, count) - 1) * self.hop + self.window]
            for first in range(0, count, most)
        ]

    def whole(self, strip: Strip) -> Strip:
        """Cut the frames after the last whole window.

        Strips of almost equal length become equal: they share a batch, and a few samples more or
        less at the end of a track change nothing.
        """
        return strip[:, : self.window + (self.count(strip.shape[1]) - 1) * self.hop]


class FrontEnd(ABC):
    """How a waveform becomes a strip; a frozen dataclass of numbers for each kind.

    Whatever the kind, a strip is `[rows, frames]` and is divided into windows of `grid`.

    Attributes:
        kind: its name in model files and prepared data sets.
        takes_strips: whether a model of this kind takes many windows in one piece, sharing what
            they have in common, or window by window.
        storage: what the trainer keeps strips in.
    """

    kind: ClassVar[str]
    takes_strips: ClassVar[bool] = False
    storage: ClassVar[type[np.floating[Any]]] = np.float16
    sample_rate: int

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows of a strip, such as mel bands."""

    @property
    @abstractmethod
    def grid(self) -> WindowGrid:
        """The windows that a network is trained on."""

    @abstractmethod
    def samples_for(self, frames: int) -> int:
        """Return the least number of samples that give this many frames."""

    def seconds_per_frame(self) -> float:
        """Return how far apart two frames are."""
        window = self.grid.window
        return (self.samples_for(2 * window) - self.samples_for(window)) / window / self.sample_rate

    @abstractmethod
    def compute(self, samples: NDArray[np.float32]) -> Strip:
        """Turn a mono waveform `[samples]` into a strip `[rows, frames]`.

        Raises:
            SilentError: the waveform never reaches −60 dB of full scale.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return the kind and the numbers."""
        numbers = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {"kind": self.kind, **numbers}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; numbers that are not there keep their default.

        Raises:
            ValueError: a number is out of its bounds.
        """
        known = [field for field in fields(cls) if field.name in values]  # type: ignore[arg-type]
        return cls(**{field.name: check_field(field, values[field.name]) for field in known})


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

    def compute(self, samples: NDArray[np.float32]) -> Strip:
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


def refuse_silence(samples: NDArray[np.float32]) -> None:
    """Raise SilentError for a waveform that never reaches −60 dB of full scale."""
    if samples.size == 0 or float(np.abs(samples).max()) < SILENCE:
        raise SilentError("is silent in the part that was analysed")


def log_mel(samples: NDArray[np.float32], front_end: MelStrip) -> Strip:
    """Turn a mono waveform `[samples]` into a strip `[mel bands, 1 + samples // hop length]`.

    Power spectrogram, Slaney mel filters, decibels below the loudest cell down to `top_db`, then
    zero mean and unit deviation over the whole strip, so that neither level nor mastering
    matters. The steps are those of librosa's `melspectrogram` and `power_to_db`.

    Raises:
        SilentError: the waveform never reaches −60 dB of full scale.
    """
    refuse_silence(samples)
    filters = mel_filters(
        front_end.sample_rate,
        front_end.n_fft,
        front_end.n_mels,
        front_end.fmin,
        front_end.fmax,
    )
    mel = mel_spectrogram(samples, filters, front_end.hop_length)
    return standardise(decibels(mel, front_end.top_db))


def standardise(strip: NDArray[np.floating[Any]]) -> Strip:
    """Bring a strip to zero mean and unit deviation; one without any contrast becomes zeros."""
    centred = strip.astype(np.float32) - strip.mean(dtype=np.float64).astype(np.float32)
    deviation = float(centred.std())
    scaled: Strip = centred / np.float32(deviation) if deviation > 0 else centred
    return scaled
