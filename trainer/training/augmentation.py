"""What is done to training windows before the network sees them."""

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.audio.pictures import TOP_OF_SCALE

Array = NDArray[np.float32]

NOISE_NUMBERS = 1 << 21
"""Far more than a window has, so that hardly two windows get the same noise."""

LOW_PASS = (0.6, 0.95)
"""Range of the cut-off of a low-pass filter, as a share of the bands."""

ERASED = (0.02, 0.2)
"""Range of the area of an erased rectangle, as a share of the window."""
ERASED_RATIO = 3.0
"""Height to width of the tallest one; the widest has the reciprocal."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to a window before the network sees it; the defaults suit log-mel."""

    mixup: float = 0.4  # parameter of the Beta distribution; 0: off (Zhang et al. 2018)
    masks: int = 1  # of each kind (SpecAugment, Park et al. 2019)
    mask_bands: int = 20  # widest mask over mel bands
    mask_frames: int = 20  # widest mask over frames
    shift_bands: float = 3.0  # furthest shift along the mel axis, a cheap change of pitch
    stretch_bands: float = 0.0  # the mel axis is stretched by 1 ± this
    stretch_frames: float = 0.0  # and time, as far as the strip has the frames
    equaliser: float = 0.0  # deviation of each of the slow waves over the bands that are added
    gain: float = 0.2  # contrast is scaled by 1 ± this
    low_pass: float = 0.0  # share of windows that lose their highest bands, as in low bit rates
    noise: float = 0.1  # standard deviation of added noise
    turn: float = 0.0  # furthest shift in time, as a share of the window; its end comes in again
    erase: float = 0.0  # share of windows that lose a rectangle (Zhong et al. 2020)
    masked: float = 0.0  # what masked and erased cells are set to; the mean of log-mel is 0

    @classmethod
    def off(cls) -> "Augmentation":
        """Leave windows as they are."""
        return cls(**dict.fromkeys((field.name for field in fields(cls)), 0))

    def scaled(self, shrink: int) -> "Augmentation":
        """Return the same for windows averaged over squares of `shrink` × `shrink` cells."""
        return replace(
            self,
            mask_bands=self.mask_bands // shrink,
            mask_frames=self.mask_frames // shrink,
            shift_bands=self.shift_bands / shrink,
            noise=self.noise / shrink,
        )

    @classmethod
    def mild(cls) -> "Augmentation":
        """Vary little: what a teacher says of a window has to remain true of it."""
        return cls(
            mixup=0,
            mask_bands=16,
            mask_frames=16,
            shift_bands=1,
            stretch_frames=0.05,
            equaliser=0.15,
        )

    @classmethod
    def strong(cls) -> "Augmentation":
        """Vary much, where there are few recordings to learn from."""
        return cls(
            masks=2,
            shift_bands=5,
            stretch_bands=0.08,
            stretch_frames=0.2,
            equaliser=0.2,
            low_pass=0.15,
        )

    @classmethod
    def blend(cls) -> "Augmentation":
        """Vary features of a whole window, which have neither bands nor frames: mixup alone."""
        return replace(cls.off(), mixup=cls.mixup)

    @classmethod
    def of_pictures(cls) -> "Augmentation":
        """Vary spectrogram pictures, in grey levels from 0 to 255 and without mixup."""
        return replace(
            cls.off(),
            masks=1,
            mask_bands=24,
            mask_frames=24,
            stretch_bands=0.05,
            stretch_frames=0.05,
            gain=0.1,
            turn=0.5,
            erase=0.25,
            masked=TOP_OF_SCALE / 2,
        )

    @classmethod
    def of_pictures_strong(cls) -> "Augmentation":
        """Vary pictures much."""
        return replace(
            cls.of_pictures(), masks=2, stretch_bands=0.1, stretch_frames=0.2, gain=0.2, erase=0.5
        )

    @property
    def level(self) -> str:
        """What it is called on the command line, whatever its mixup; "custom" if it has no name."""
        named = {
            "off": (self.off(),),
            "mild": (self.mild(),),
            "normal": (Augmentation(), self.of_pictures(), self.blend()),
            "strong": (self.strong(), self.of_pictures_strong()),
        }
        if self == self.off():
            return "off"
        for name, levels in named.items():
            if self in (replace(level, mixup=self.mixup) for level in levels):
                return name
        return "custom"

    def piece(self, window: int, frames: int, rng: np.random.Generator) -> int:
        """Draw how many frames of a strip of `frames` frames are stretched to a window."""
        length = round(window * (1 + rng.uniform(-1, 1) * self.stretch_frames))
        return window if length > frames else length


@cache
def noise_table() -> Array:
    """Return normal numbers to cut noise from: to draw as many costs more than all else here."""
    return np.random.default_rng(0).standard_normal(NOISE_NUMBERS, dtype=np.float32)


def augment(windows: Array, augmentation: Augmentation, rng: np.random.Generator) -> Array:
    """Mask windows `[batch, bands, frames]`, erase parts and add noise, in place."""
    noise = np.empty(windows.shape[1:], np.float32)
    for window in windows:
        mask(window, augmentation, rng)
        if augmentation.erase and rng.random() < augmentation.erase:
            erase(window, augmentation.masked, rng)
        if augmentation.noise:
            table = noise_table()
            start = int(rng.integers(len(table) - noise.size + 1))
            cut = table[start : start + noise.size].reshape(noise.shape)
            np.add(window, np.multiply(cut, augmentation.noise, out=noise), out=window)
    return windows


def vary(piece: Array, frames: int, augmentation: Augmentation, rng: np.random.Generator) -> Array:
    """Stretch a piece to a window, stretch and shift its bands, equalise, scale the contrast."""
    n_bands = piece.shape[0]
    bands = np.arange(n_bands, dtype=np.float32)
    centre = (n_bands - 1) / 2
    scale = 1 + rng.uniform(-1, 1) * augmentation.stretch_bands
    shift = rng.uniform(-1, 1) * augmentation.shift_bands
    window = piece
    if scale != 1 or shift:
        window = _resample(piece, (bands - centre) * scale + centre + shift)
    if piece.shape[1] != frames:
        window = _resample(window.T, np.linspace(0, piece.shape[1] - 1, frames)).T
    if augmentation.turn:
        window = np.roll(window, round(rng.uniform(-1, 1) * augmentation.turn * frames), axis=1)
    if augmentation.low_pass and rng.random() < augmentation.low_pass:
        window[int(n_bands * rng.uniform(*LOW_PASS)) :] = window.min()
    if augmentation.equaliser:
        waves = np.cos(np.pi * np.outer(bands / n_bands, np.arange(1, 4)))
        curve = waves @ rng.normal(0, augmentation.equaliser, waves.shape[1])
        window = window + curve[:, None].astype(np.float32)
    gain = np.float32(1 + rng.uniform(-1, 1) * augmentation.gain)
    return window if gain == 1 else window * gain


def _resample(rows: Array, places: NDArray[Any]) -> Array:
    """Return rows at fractional places, between the two rows around each; edges are repeated."""
    places = np.clip(places, 0, len(rows) - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, len(rows) - 1)
    lower: Array = rows[below]
    mixed: Array = rows[above]
    mixed -= lower  # in place: to fill new memory takes as long as to compute
    mixed *= (places - below).astype(np.float32)[:, None]
    mixed += lower
    return mixed


def mix(
    windows: Array, targets: Array, alpha: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Blend every window and its label with another of the batch (mixup)."""
    if not alpha:
        return windows, targets
    share = rng.beta(alpha, alpha, len(windows)).astype(np.float32)
    partner = rng.permutation(len(windows))
    mixed = windows[partner]
    mixed -= windows
    mixed *= (1 - share)[:, None, None]
    mixed += windows
    return mixed, share[:, None] * targets + (1 - share)[:, None] * targets[partner]


def mask(window: Array, augmentation: Augmentation, rng: np.random.Generator) -> None:
    """Set runs of bands and runs of frames to what hides them, in place."""
    bands, frames = window.shape
    kinds = (bands, augmentation.mask_bands, window), (frames, augmentation.mask_frames, window.T)
    for length, widest, view in kinds * augmentation.masks:
        width = int(rng.integers(min(widest, length) + 1))
        start = int(rng.integers(length - width + 1))
        view[start : start + width] = augmentation.masked


def erase(window: Array, value: float, rng: np.random.Generator) -> None:
    """Set a rectangle of some of the area to a value, in place."""
    rows, columns = window.shape
    area = rng.uniform(*ERASED) * rows * columns
    height = np.sqrt(area * np.exp(rng.uniform(-1, 1) * np.log(ERASED_RATIO)))
    high, wide = min(rows, round(height)), min(columns, round(area / height))
    top, left = rng.integers(rows - high + 1), rng.integers(columns - wide + 1)
    window[top : top + high, left : left + wide] = value
