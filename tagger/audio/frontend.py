"""From a waveform to a strip: the input of the network, most often standardised log-mel.

One front end serves training and tagging. Its kind and numbers come from the model file, and the
defaults are only what `genretag-train prepare` uses when nothing else is said.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tagger.audio.mel import decibels, mel_blocks, mel_filters
from tagger.audio.steadiness import refuse_steadiness
from tagger.bounds import bounded, check_field
from tagger.errors import SilentError

Waveform = NDArray[np.float32]
"""Mono samples, full scale is ±1, `[samples]`."""

Strip = NDArray[np.floating[Any]]
"""The features of a track, `[rows, frames]`; rows are mel bands most often. They are float32, or
float16 where there are many frames."""

# Bounds on what a file may ask for: far beyond what is of use, and yet little memory.
MOST_RATE = 192_000  # Hz
MOST_FFT = 1 << 15  # samples
MOST_SECONDS = 120.0  # of one picture or segment

_PART = 1 << 12  # frames of a strip that are standardised at a time

SILENCE = 1e-3
"""A peak below this (−60 dB of full scale) counts as silence."""


@dataclass(frozen=True)
class WindowGrid:
    """How a strip is divided into windows, in frames."""

    window: int = 128
    hop: int = 64

    @property
    def step(self) -> int:
        """How far apart windows of a training may begin: side by side, they are taken whole."""
        return self.window if self.hop == self.window else 1

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
    def compute(self, samples: Waveform) -> Strip:
        """Turn a mono waveform `[samples]` into a strip `[rows, frames]`.

        Raises:
            SilentError: the waveform never reaches −60 dB of full scale.
            SteadyError: it is noise, or tones that never change.
        """

    def compute_blocks(self, blocks: Iterable[Waveform]) -> Strip:
        """Turn a waveform of any length, in blocks, into a strip of the type `storage`.

        Raises:
            SilentError: the waveform never reaches −60 dB of full scale.
            SteadyError: it is noise, or tones that never change.
        """
        return self.compute(np.concatenate([np.empty(0, np.float32), *blocks])).astype(self.storage)

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

    def compute(self, samples: Waveform) -> Strip:
        """Return the log-mel strip."""
        return log_mel([samples], self)

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


def refuse_silence(samples: Waveform) -> None:
    """Raise SilentError for a waveform that never reaches −60 dB of full scale."""
    if is_silent(samples):
        raise SilentError("is silent in the part that was analysed")


def is_silent(samples: Waveform) -> bool:
    """Tell whether a waveform never reaches −60 dB of full scale."""
    return samples.size == 0 or float(np.abs(samples).max()) < SILENCE


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
    mel = mel_blocks(_refusing_silence(blocks), filters, front_end.hop_length)
    levels = _joined([decibels(power).astype(storage) for power in mel])
    top = np.float32(levels.max())
    for part in _in_parts(levels):
        part[:] = np.maximum(part.astype(np.float32) - top, np.float32(-front_end.top_db))
    refuse_steadiness(levels)
    return _standardised(levels)


def _refusing_silence(blocks: Iterable[Waveform]) -> Iterator[Waveform]:
    """Pass blocks on, and raise SilentError in the end if all of them are silent."""
    loudest = np.zeros(1, np.float32)
    for block in blocks:
        loudest = np.maximum(loudest, np.abs(block).max(initial=0))
        yield block
    refuse_silence(loudest)


def _joined(parts: Iterable[Strip]) -> Strip:
    """Join parts of a strip, dropping each as soon as it is copied."""
    waiting = deque(parts)
    strip = np.empty((len(waiting[0]), sum(part.shape[1] for part in waiting)), waiting[0].dtype)
    end = 0
    while waiting:
        part = waiting.popleft()
        strip[:, end : end + part.shape[1]] = part
        end += part.shape[1]
    return strip


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
