"""The public functions of the package `tagger`; see docs/api.md."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tagger.audio.decode import decode
from tagger.audio.strips import strips
from tagger.inference.model import GenreModel
from tagger.options import Device
from tagger.pipeline.decide import Rules
from tagger.pipeline.extract import ExtractSettings
from tagger.pipeline.predict import predict as predict_tracks
from tagger.pipeline.scan import scan as scan_tracks
from tagger.pipeline.walk import find_music
from tagger.pipeline.workers import extracting
from tagger.tracks import Features, Result, Track, joined

StrPath = str | os.PathLike[str]


@dataclass(frozen=True, kw_only=True)
class GenrePrediction:
    """What a model predicts for one track.

    Attributes:
        probabilities: of each label of the model, the most probable first; they sum to one.
        seconds: of audio that were analysed.
    """

    probabilities: Mapping[str, float]
    seconds: float

    @property
    def label(self) -> str:
        """The most probable label."""
        return next(iter(self.probabilities))

    @property
    def confidence(self) -> float:
        """The probability of that label, 0 to 1."""
        return self.probabilities[self.label]


def load_model(path: StrPath | None = None, device: Device = "auto") -> GenreModel:
    """Load a model, to be used for any number of tracks.

    Args:
        path: an ONNX file made by `genretag-train export`; None: the model of the package.
        device: "cpu", "cuda", or "auto" for the GPU where it can be used.

    Returns:
        The model. `model.metadata.labels` are its labels, `model.device` is where it runs.

    Raises:
        ModelError: the file cannot be used.
        DeviceError: `device` is "cuda" and CUDA is not available.
    """
    return GenreModel(None if path is None else Path(path), device)


def predict(
    audio: StrPath | NDArray[np.floating],
    model: GenreModel | None = None,
    *,
    sample_rate: int | None = None,
    seconds: float | None = 30.0,
) -> GenrePrediction:
    """Predict the genre of one track.

    Args:
        audio: a music file; or a mono waveform `[samples]`, full scale ±1.
        model: see `load_model`; None loads the model of the package, which takes about a second.
        sample_rate: of a waveform, in Hz; not for a file.
        seconds: of audio to analyse, from the middle; None: all of it.

    Raises:
        TypeError: a waveform without sample rate, or a file with one.
        ValueError: a waveform that is not mono.
        UnreadableError: the file cannot be read or decoded.
        UnsupportedError: the file holds no audio.
        TooShortError: the audio is shorter than one window of the model, about three seconds.
        SilentError: the analysed part is silent.
        SteadyError: the analysed part is noise, or tones that never change.
        SpeechError: the analysed part is speech without music.
        ModelError: the model of the package cannot be used.
    """
    model = model or load_model()
    front_end, grid = model.metadata.front_end, model.metadata.grid
    if isinstance(audio, np.ndarray):
        samples = _resampled(audio, sample_rate, front_end.sample_rate)
        samples = _middle(samples, front_end.sample_rate, seconds)
        path = Path()
    elif sample_rate is not None:
        raise TypeError("sample_rate is for waveforms; a file has its own")
    else:
        path = Path(audio)
        samples = decode(path, front_end.sample_rate, seconds)
    parts = (
        Features(track=Track(path=path), strip=part.strip, seconds=part.end, start=part.start)
        for part in strips([samples], front_end, grid)
    )
    (predicted,) = predict_tracks([joined(parts)], model, model.strips_at_once())
    ranked = sorted(
        zip(model.metadata.labels, predicted.prediction.probabilities, strict=True),
        key=lambda pair: -pair[1],
    )
    return GenrePrediction(
        probabilities=MappingProxyType(dict(ranked)), seconds=predicted.prediction.seconds
    )


def scan(
    paths: Sequence[StrPath] | StrPath,
    model: GenreModel | None = None,
    *,
    seconds: float | None = 30.0,
    min_confidence: float | None = None,
    top: int = 1,
    album: bool = False,
    exclude: Sequence[str] = (),
    jobs: int = 1,
) -> Iterator[Result]:
    """Analyse music files and folders; nothing is written, not even a cache.

    Args:
        paths: music files, or folders of them; or one such path.
        model: see `load_model`; None: the model of the package.
        seconds: of each track to analyse, from its middle; None: all of it.
        min_confidence: least probability of a genre, 0 to 1; None: what the model recommends.
        top: most genres of one track.
        album: let the tracks of one folder vote together.
        exclude: glob patterns of files and folders to leave out.
        jobs: processes that decode; 1: this one alone, which a file that makes a decoder crash
            ends.

    Yields:
        A `Result` for each file, folder by folder. A file that cannot be analysed gives one as
        well, with a `status` and an `error`.

    Raises:
        PathError: a path does not exist.
        ModelError: the model of the package cannot be used.
    """
    model = model or load_model()
    metadata = model.metadata
    named = [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    rules = Rules(
        min_confidence=metadata.min_confidence if min_confidence is None else min_confidence,
        top=top,
        album=album,
    )
    settings = ExtractSettings(front_end=metadata.front_end, grid=metadata.grid, seconds=seconds)
    with extracting(find_music(named, exclude), settings, jobs if jobs > 1 else 0) as tracks:
        yield from scan_tracks(
            tracks,
            model,
            rules,
            batch_size=model.strips_at_once(),
            named=named,
        )


def _resampled(
    samples: NDArray[np.floating], sample_rate: int | None, wanted: int
) -> NDArray[np.float32]:
    """Return a mono waveform at the sample rate of the model."""
    if sample_rate is None:
        raise TypeError("a waveform needs its sample_rate")
    if samples.ndim != 1:
        raise ValueError(f"a waveform has one axis, this array has {samples.ndim}")
    if sample_rate == wanted:
        return samples.astype(np.float32)
    from scipy.signal import resample_poly

    common = gcd(sample_rate, wanted)
    resampled: NDArray[np.float32] = resample_poly(
        samples, wanted // common, sample_rate // common
    ).astype(np.float32)
    return resampled


def _middle(
    samples: NDArray[np.float32], sample_rate: int, seconds: float | None
) -> NDArray[np.float32]:
    if seconds is None:
        return samples
    wanted = round(seconds * sample_rate)
    start = max(0, (samples.size - wanted) // 2)
    return samples[start : start + wanted]
