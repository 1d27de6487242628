"""Mel spectrograms in NumPy.

Own code, since importing librosa takes over a second in every process; the tests compare it with
librosa, which is the reference.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_FRAMES = 128  # at a time: their spectra stay in the processor's cache
_BANDS = 16  # at a time: neighbouring bands share a small part of the spectrum

_LINEAR_MEL = 3 / 200  # mel in one Hz, below
_BREAK = 1000.0  # Hz, from which on the scale is logarithmic:
_LOG_MEL = 27 / np.log(6.4)  # mel in one e-fold


def mel_blocks(
    blocks: Iterable[NDArray[np.float32]], filters: NDArray[np.float32], hop_length: int
) -> Iterator[NDArray[np.float32]]:
    """Yield the power in each mel band, together `[bands, 1 + samples // hop length]`.

    Frames are centred, with silence beyond both ends, under a Hann window as long as the filters
    `[bands, n_fft / 2 + 1]` say. How the waveform is divided into blocks changes nothing.
    """
    n_fft = 2 * (filters.shape[1] - 1)
    parts = _parts(filters)
    silence = np.zeros(n_fft // 2, np.float32)
    waiting = silence  # samples that are not done with
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        done = 0
        for frames in _groups(waiting, n_fft, hop_length):
            if len(frames) == _FRAMES:
                yield _mel(frames, filters, parts)
                done += _FRAMES * hop_length
        waiting = waiting[done:]
    for frames in _groups(np.concatenate([waiting, silence]), n_fft, hop_length):
        yield _mel(frames, filters, parts)


def _groups(
    samples: NDArray[np.float32], n_fft: int, hop_length: int
) -> Iterator[NDArray[np.float32]]:
    """Yield all frames in samples, some at a time, `[frames, n_fft]`."""
    if samples.size >= n_fft:
        frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop_length]
        for start in range(0, len(frames), _FRAMES):
            yield frames[start : start + _FRAMES]


def _mel(
    frames: NDArray[np.float32],
    filters: NDArray[np.float32],
    parts: Sequence[tuple[slice, slice]],
) -> NDArray[np.float32]:
    """Return the power of frames in each mel band, `[bands, frames]`."""
    from scipy import fft

    # scipy's transform of many short frames takes two thirds of the time of numpy's.
    spectra = fft.rfft(frames * _hann(frames.shape[1]))
    power = spectra.real**2 + spectra.imag**2
    mel = np.empty((len(filters), len(frames)), np.float32)
    for bands, bins in parts:
        mel[bands] = filters[bands, bins] @ power[:, bins].T
    return mel


def _parts(filters: NDArray[np.float32]) -> list[tuple[slice, slice]]:
    """Divide filters into groups of bands, each with the bins of the spectrum that it needs.

    Seven eighths of all products would be with the zeros beside a triangle.
    """
    parts = []
    for first in range(0, len(filters), _BANDS):
        bands = slice(first, first + _BANDS)
        bins = np.flatnonzero(filters[bands].any(axis=0))
        parts.append((bands, slice(bins[0], bins[-1] + 1) if bins.size else slice(0)))
    return parts


def decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return power in decibels, -100 at least."""
    levels: NDArray[np.float32] = 10 * np.log10(np.maximum(power, np.float32(1e-10)))
    return levels


@lru_cache(maxsize=4)
def mel_filters(
    sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float
) -> NDArray[np.float32]:
    """Return triangular filters of equal area on the Slaney scale, `[bands, n_fft / 2 + 1]`.

    M. Slaney, Auditory Toolbox, 1998: linear up to 1000 Hz, logarithmic from there on.
    """
    edges = _hertz(np.linspace(_mel_of(fmin), _mel_of(fmax), n_mels + 2))[:, None]
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    rising = (frequencies - edges[:-2]) / np.diff(edges, axis=0)[:-1]
    falling = (edges[2:] - frequencies) / np.diff(edges, axis=0)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (edges[2:] - edges[:-2])).astype(np.float32)


def _mel_of(hertz: float) -> float:
    if hertz < _BREAK:
        return hertz * _LINEAR_MEL
    return float(_BREAK * _LINEAR_MEL + np.log(hertz / _BREAK) * _LOG_MEL)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = np.maximum(mel - _BREAK * _LINEAR_MEL, 0)
    return np.where(above > 0, _BREAK * np.exp(above / _LOG_MEL), mel / _LINEAR_MEL)


@lru_cache(maxsize=4)
def _hann(size: int) -> NDArray[np.float32]:
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return window.astype(np.float32)
