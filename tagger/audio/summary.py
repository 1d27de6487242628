"""Summary features: some dozens of numbers that describe a segment of music as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import MOST_FFT, MOST_RATE, MOST_SECONDS, FrontEnd, Strip, WindowGrid
from tagger.audio.silence import refuse_silence
from tagger.bounds import bounded

N_MFCC = 20
_TIMELINES = (
    *("chroma", "rms", "spectral centroid", "spectral bandwidth", "spectral roll-off"),
    *("zero-crossing rate", "harmony", "percussion"),
    *(f"mfcc {number}" for number in range(1, N_MFCC + 1)),
)
NAMES = (*(f"{name} {of}" for name in _TIMELINES for of in ("mean", "variance")), "tempo")


@dataclass(frozen=True)
class SummaryFeatures(FrontEnd):
    """Mean and variance of what librosa measures in a segment, the features known from GTZAN.

    A strip has one frame a segment, and a window is a segment (after G. Tzanetakis and P. Cook,
    Musical Genre Classification of Audio Signals, 2002).
    """

    kind = "summary features"
    storage = np.float32  # from millionths to millions, further than float16 reaches
    sample_rate: int = bounded(22_050, least=1_000, most=MOST_RATE)  # Hz
    n_fft: int = bounded(2048, least=16, most=MOST_FFT)  # samples
    hop_length: int = bounded(512, least=16, most=MOST_FFT)  # samples
    seconds: float = bounded(3.0, least=0.1, most=MOST_SECONDS)  # in a segment

    @property
    def rows(self) -> int:
        """Features; `NAMES` says which."""
        return len(NAMES)

    @property
    def grid(self) -> WindowGrid:
        """Each segment for itself."""
        return WindowGrid(1, 1)

    def samples_for(self, frames: int) -> int:
        """Return the least number of samples that give this many segments."""
        return round(frames * self.seconds * self.sample_rate)

    def compute(self, samples: NDArray[np.float32]) -> Strip:
        """Return the features of each segment, `[features, segments]`."""
        refuse_silence(samples)
        level = samples / np.abs(samples).max()  # a louder master is no other genre
        length = self.samples_for(1)
        count = max(1, samples.size // length)
        segments = [level[i * length : (i + 1) * length] for i in range(count)]
        return np.stack([self._features(segment) for segment in segments], axis=1)

    def _features(self, segment: NDArray[np.float32]) -> NDArray[np.float32]:
        from librosa import feature, power_to_db
        from librosa.onset import onset_strength

        mel = feature.melspectrogram(
            y=segment, sr=self.sample_rate, n_fft=self.n_fft, hop_length=self.hop_length
        )
        beats = onset_strength(
            S=power_to_db(mel, ref=np.max), sr=self.sample_rate, hop_length=self.hop_length
        )
        tempo = feature.tempo(onset_envelope=beats, sr=self.sample_rate, hop_length=self.hop_length)
        lines = list(self._timelines(segment, power_to_db(mel)))
        moments = [number for line in lines for number in (line.mean(), line.var())]
        return np.array([*moments, tempo[0]], np.float32)

    def _timelines(
        self, segment: NDArray[np.float32], mel: NDArray[np.float32]
    ) -> Iterator[NDArray[np.float32]]:
        """Yield what changes over a segment, in the order of the names."""
        from librosa import feature, istft, stft
        from librosa.decompose import hpss

        spectrum = stft(segment, n_fft=self.n_fft, hop_length=self.hop_length)
        magnitude = np.abs(spectrum)
        rate = self.sample_rate
        # Tuning as it is: to estimate it from three seconds is a guess.
        yield feature.chroma_stft(S=magnitude**2, sr=rate, n_fft=self.n_fft, tuning=0.0)
        yield feature.rms(S=magnitude, frame_length=self.n_fft)
        yield feature.spectral_centroid(S=magnitude, sr=rate, n_fft=self.n_fft)
        yield feature.spectral_bandwidth(S=magnitude, sr=rate, n_fft=self.n_fft)
        yield feature.spectral_rolloff(S=magnitude, sr=rate, n_fft=self.n_fft)
        yield feature.zero_crossing_rate(segment, hop_length=self.hop_length)
        for part in hpss(spectrum):
            yield istft(part, hop_length=self.hop_length, length=segment.size)
        yield from feature.mfcc(S=mel, n_mfcc=N_MFCC)
