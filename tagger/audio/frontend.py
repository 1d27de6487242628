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

from tagger.bounds import check_field

Waveform = NDArray[np.float32]
"""Mono samples, full scale is ±1, `[samples]`."""

Strip = NDArray[np.floating[Any]]
"""The features of a track, `[rows, frames]`; rows are mel bands most often."""

# Bounds on what a file may ask for: far beyond what is of use, and yet little memory.
MOST_RATE = 192_000  # Hz
MOST_FFT = 1 << 15  # samples
MOST_SECONDS = 120.0  # of one picture or segment


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
            SpeechError: it is speech without music.
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
