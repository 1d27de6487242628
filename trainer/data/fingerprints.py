"""Fingerprints of log-mel strips: the same recording is found under another codec, trim or level.

A bit says whether the difference between two neighbouring bands of energy rises or falls from one
stretch of time to the next (Haitsma and Kalker 2002). Stretches overlap, so it matters little where
a copy begins. Two strips are compared at every offset in time by the share of bits in which they
agree. Level, equalisation and low bit rates change few of the bits, and of unrelated recordings
about half agree.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd
from tagger.audio.log_mel import MelStrip

Fingerprint = NDArray[np.uint16]
"""One number a step, `[steps]`; each of its lowest 15 bits belongs to two bands."""

BANDS = 16
STEP = 2  # frames, 46 ms
STRETCH = 2  # steps that energy is averaged over
STILL = 1e-3  # a change below this, in deviations of the strip, is none
LEAST_STEPS = 32  # that two strips must share, 1.5 s
AGREEMENT = 0.3
"""Strips of the same recording agree at least so much, on a scale from −1 to 1."""
CHANCE = 4.0
"""And at least this, over the root of the stretches they share: few agree more by chance."""
LAGS = 64  # stretches, six seconds: what candidates are chosen by
CANDIDATES = 12  # that are compared at every offset
MEMORY = 4_000_000  # numbers that a choice of candidates holds at once


def digest(strip: NDArray[Any]) -> str:
    """Return a digest of a strip as it is stored."""
    return sha256(np.ascontiguousarray(strip).tobytes()).hexdigest()[:32]


def fingerprint(strip: NDArray[Any], front_end: FrontEnd, shrink: int = 1) -> Fingerprint:
    """Return the fingerprint of a strip `[rows, frames]` that was shrunk by `shrink`.

    It is empty where the rows are not mel bands, and where the strip is too short.
    """
    if shrink > STEP:
        strip, shrink = strip.repeat(shrink // STEP, axis=1), STEP
    step = STEP // shrink
    bands_are_mel = isinstance(front_end, MelStrip) and strip.shape[0] % BANDS == 0
    steps = strip.shape[1] // step
    if not bands_are_mel or steps < LEAST_STEPS + STRETCH + 1:
        return np.zeros(0, np.uint16)
    cells = strip[:, : steps * step].astype(np.float32)
    means = cells.reshape(BANDS, -1, steps, step).mean((1, 3))
    energy = (means[:, 1:] + means[:, :-1]) / STRETCH
    between = np.diff(energy, axis=0)
    change = between[:, STRETCH:] - between[:, :-STRETCH]
    # Where nothing changes, as in silent bands, the bit is random, or all silence would agree.
    still = np.abs(change) < STILL
    rng = np.random.default_rng(crc32(energy.tobytes()))
    rises = np.where(still, rng.random(change.shape) < 0.5, change > 0)  # noqa: PLR2004
    powers = 1 << np.arange(BANDS - 1, dtype=np.uint16)
    return np.asarray(rises.T @ powers, np.uint16)


@dataclass(frozen=True, kw_only=True)
class Match:
    """The fingerprint that agrees best with another.

    Attributes:
        index: Which one it is.
        agreement: In how many bits they agree: 1 all, 0 half, −1 none.
        steps: How many steps they share at the best offset.
    """

    index: int
    agreement: float
    steps: int

    @property
    def surplus(self) -> float:
        """How much they agree over what is needed; above 1 they are the same recording."""
        return self.agreement / float(_needed(np.array(self.steps)))

    @property
    def is_same(self) -> bool:
        """Tell whether both are the same recording."""
        return self.surplus > 1


def find(queries: Sequence[Fingerprint], known: Sequence[Fingerprint]) -> Iterator[Match | None]:
    """Yield for each query the best match among those known; None if there is nothing to compare.

    Only a few candidates are compared at every offset in time. They are chosen by the
    autocorrelation of the bits, which is the same wherever a recording begins: comparing it costs a
    thousandth, so a query takes milliseconds among thousands.
    """
    for query, places in zip(queries, _candidates(queries, known), strict=True):
        yield max(_matches(query, places, known), key=lambda match: match.surplus, default=None)


def same_recordings(
    fingerprints: Sequence[Fingerprint], progress: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[int, int]]:
    """Yield pairs of fingerprints, by index, that are of the same recording.

    `progress` takes how many fingerprints have been compared with all others.
    """
    for index, places in enumerate(_candidates(fingerprints, fingerprints)):
        progress(index)
        others = [place for place in places if place != index]
        for match in _matches(fingerprints[index], others, fingerprints):
            if match.is_same:
                yield index, match.index


def _candidates(
    queries: Sequence[Fingerprint], known: Sequence[Fingerprint]
) -> Iterator[list[int]]:
    """Yield for each query the indices of those that resemble it most, whatever the offset."""
    usable = [index for index, bits in enumerate(known) if len(bits) >= LEAST_STEPS]
    if not usable:
        yield from ([] for _ in queries)
        return
    refs = np.stack([_autocorrelation(known[index]) for index in usable])
    # What all music has in common, such as beats, says nothing about one recording.
    mean, deviation = refs.mean(0), refs.std(0) + np.float32(1e-6)
    refs = _unit((refs - mean) / deviation)
    size = max(1, MEMORY // len(usable))
    count = min(CANDIDATES, len(usable))
    for first in range(0, len(queries), size):
        chunk = queries[first : first + size]
        asked = np.stack([_autocorrelation(bits) for bits in chunk])
        resemblance = _unit((asked - mean) / deviation) @ refs.T
        for bits, row in zip(chunk, resemblance, strict=True):
            best = np.argpartition(-row, count - 1)[:count]
            yield [usable[place] for place in best] if len(bits) >= LEAST_STEPS else []


def _autocorrelation(bits: Fingerprint) -> NDArray[np.float32]:
    """Return how much the bits agree with themselves some stretches later, `[15 × LAGS]`."""
    from scipy.fft import irfft, next_fast_len, rfft

    if len(bits) < LEAST_STEPS:
        return np.zeros((BANDS - 1) * LAGS, np.float32)
    bits = bits[::STRETCH]
    length = next_fast_len(len(bits) + LAGS, real=True)
    power = np.abs(rfft(_signs(bits), n=length, axis=1)) ** 2
    found: NDArray[np.float32] = irfft(power, n=length, axis=1)[:, 1 : LAGS + 1]
    return found.ravel() / np.float32(len(bits))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to a length of one, but no row of zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.float32(1e-6)))


def _matches(
    query: Fingerprint, places: Sequence[int], known: Sequence[Fingerprint]
) -> list[Match]:
    """Return how well a query agrees with each of a few, at the best offset.

    All offsets are compared at once by the fast Fourier transform.
    """
    from scipy.fft import irfft, rfft

    if not places:
        return []
    chosen = [known[place] for place in places]
    length = _length([query, *chosen])
    spectrum = np.conj(rfft(_signs(query), n=length, axis=1))
    steps = np.array([[len(bits)] for bits in chosen])
    offsets = np.arange(length)
    offsets[length // 2 :] -= length  # the second half is negative
    end = np.minimum(steps, offsets + len(query))
    shared = np.maximum(end - np.maximum(offsets, 0), 0)
    weights = np.where(shared >= LEAST_STEPS, 1 / np.maximum(shared, 1), 0)
    needed = _needed(shared)
    found = []
    for row, bits in enumerate(chosen):
        product = (rfft(_signs(bits), n=length, axis=1) * spectrum).sum(0)
        agreement = irfft(product, n=length) * weights[row]
        best = int((agreement / needed[row]).argmax())
        found.append(
            Match(
                index=places[row],
                agreement=float(agreement[best]),
                steps=int(shared[row, best]),
            )
        )
    return found


def _needed(steps: NDArray[Any]) -> NDArray[np.float64]:
    """Return how much strips have to agree that share so many steps."""
    stretches = np.maximum(steps // STRETCH, 1)
    return np.asarray(np.maximum(AGREEMENT, CHANCE / np.sqrt(stretches)))


def _length(fingerprints: Sequence[Fingerprint]) -> int:
    """Return a power of two that two of these fit into, side by side."""
    return 1 << (2 * max(map(len, fingerprints)) - 1).bit_length()


def _signs(bits: Fingerprint) -> NDArray[np.float32]:
    """Return bits as signs `[15, steps]`, over the root of 15."""
    shifted = bits[None] >> np.arange(BANDS - 1, dtype=np.uint16)[:, None]
    return ((shifted & 1).astype(np.float32) * 2 - 1) / np.float32(np.sqrt(BANDS - 1))
