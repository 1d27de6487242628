"""Spectrogram pictures, for networks made for photographs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import MOST_FFT, MOST_RATE, MOST_SECONDS, FrontEnd, Strip, WindowGrid
from tagger.audio.silence import refuse_silence
from tagger.bounds import bounded

LEAST_SECONDS = 3.0  # a shorter clip says too little; one shorter than a picture is repeated
TOP_OF_SCALE = 255.0


@dataclass(frozen=True)
class SpectrogramPicture(FrontEnd):
    """Log power over linear frequency, low frequency at the top, as grey levels from 0 to 255.

    The numbers are those of the pictures that go round with GTZAN. A strip is one picture after
    another, and a window is a picture.
    """

    kind = "spectrogram picture"
    sample_rate: int = bounded(22_050, least=1_000, most=MOST_RATE)  # Hz
    n_fft: int = bounded(256, least=16, most=MOST_FFT)  # samples in one analysis frame, 12 ms
    hop_length: int = bounded(224, least=16, most=MOST_FFT)  # samples between frames, 10 ms
    seconds: float = bounded(30.0, least=0.1, most=MOST_SECONDS)  # in one picture
    height: int = bounded(224, least=1, most=2_048)  # pixels
    width: int = bounded(224, least=1, most=2_048)

    @property
    def rows(self) -> int:
        """Pixels from top to bottom."""
        return self.height

    @property
    def grid(self) -> WindowGrid:
        """One picture after another."""
        return WindowGrid(self.width, self.width)

    def samples_for(self, frames: int) -> int:
        """Return the least number of samples that are worth this many columns of pixels."""
        whole = frames // self.width - 1
        return round((whole * self.seconds + LEAST_SECONDS) * self.sample_rate)

    def compute(self, samples: NDArray[np.float32]) -> Strip:
        """Return pictures side by side, `[height, pictures × width]`."""
        refuse_silence(samples)
        length = round(self.seconds * self.sample_rate)
        count = max(1, round(samples.size / length))
        filled = np.resize(samples, count * length)  # repeats where the end is missing
        return np.hstack([self._picture(part) for part in np.split(filled, count)])

    def _picture(self, samples: NDArray[np.float32]) -> Strip:
        import librosa

        spectrum = librosa.stft(
            samples,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            window=("tukey", 0.25),
            center=False,
        )
        decibels = librosa.power_to_db(np.abs(spectrum) ** 2, ref=np.max, top_db=None)
        grey = (decibels - decibels.min()) / max(float(np.ptp(decibels)), 1e-6) * TOP_OF_SCALE
        return resize(grey, self.height, self.width)


def resize(picture: NDArray[np.floating], height: int, width: int) -> Strip:
    """Resize a picture `[rows, columns]` with triangular filters, as picture programs do."""
    rows, columns = picture.shape
    resized: Strip = (_triangles(rows, height) @ picture @ _triangles(columns, width).T).astype(
        np.float32
    )
    return resized


def _triangles(size: int, wanted: int) -> NDArray[np.float64]:
    """Return how much each of `size` old cells gives to each new one, `[wanted, size]`."""
    scale = size / wanted
    centres = (np.arange(wanted)[:, None] + 0.5) * scale - 0.5
    shares = np.maximum(0, 1 - np.abs(np.arange(size) - centres) / max(scale, 1.0))
    normalised: NDArray[np.float64] = shares / shares.sum(1, keepdims=True)
    return normalised
