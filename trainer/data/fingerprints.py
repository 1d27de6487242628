"""Fingerprints of log-mel strips: the same recording is found under another codec, trim or level.

A bit says whether the difference between two neighbouring bands of energy rises or falls from one
step to the next (Haitsma and Kalker 2002). Two strips are compared at every offset in time by the
share of bits in which they agree. Level, equalisation and low bit rates change few of the bits, and
of unrelated recordings about half agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd, MelStrip

Fingerprint = NDArray[np.uint16]
"""One number a step, `[steps]`; each of its lowest 15 bits belongs to two bands."""

BANDS = 16
STEP = 4  # frames, 93 ms
STILL = 1e-3  # a change below this, in deviations of the strip, is none
LEAST_STEPS = 16  # that two strips must share, 1.5 s
AGREEMENT = 0.3
"""Strips of the same recording agree at least so much, on a scale from −1 to 1."""
CHANCE = 5.0
"""And at least this, over the root of the steps they share: chance agrees more in a few steps."""
MEMORY = 8_000_000  # complex numbers that a search holds at once


def digest(strip: NDArray[Any]) -> str:
    """Return a digest of a strip as it is stored."""
    return sha256(np.ascontiguousarray(strip).tobytes()).hexdigest()[:32]


def fingerprint(strip: NDArray[Any], front_end: FrontEnd, shrink: int = 1) -> Fingerprint:
    """Return the fingerprint of a strip `[rows, frames]` that was shrunk by `shrink`.

    It is empty where the rows are not mel bands, and where the strip is too short.
    """
    step = STEP // shrink
    bands_are_mel = isinstance(front_end, MelStrip) and strip.shape[0] % BANDS == 0
    steps = strip.shape[1] // step if step else 0
    if not bands_are_mel or steps < LEAST_STEPS + 1:
        return np.zeros(0, np.uint16)
    cells = strip[:, : steps * step].astype(np.float32)
    energy = cells.reshape(BANDS, -1, steps, step).mean((1, 3))
    change = np.diff(np.diff(energy, axis=0), axis=1)
    # Where nothing changes, as in silent bands, the bit is random, or all silence would agree.
    still = np.abs(change) < STILL
    rng = np.random.default_rng(crc32(energy.tobytes()))
    rises = np.where(still, rng.random(change.shape) < 0.5, change > 0)  # noqa: PLR2004
    powers = 1 << np.arange(BANDS - 1, dtype=np.uint16)
    return (rises.T @ powers).astype(np.uint16)


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
    def is_same(self) -> bool:
        """Tell whether both are the same recording."""
        return self.agreement > max(AGREEMENT, CHANCE / np.sqrt(self.steps))


def find(queries: Sequence[Fingerprint], known: Sequence[Fingerprint]) -> Iterator[Match | None]:
    """Yield for each query the best match among those known; None if there is nothing to compare.

    All offsets are compared at once by the fast Fourier transform.
    """
    best: list[Match | None] = [None] * len(queries)
    usable = [index for index, bits in enumerate(known) if len(bits) >= LEAST_STEPS]
    asked = [index for index, bits in enumerate(queries) if len(bits) >= LEAST_STEPS]
    if usable and asked:
        longest = max(len(known[index]) for index in usable)
        longest += max(len(queries[index]) for index in asked)
        length = 1 << (longest - 1).bit_length()
        size = max(1, MEMORY // (BANDS * length))
        for first in range(0, len(usable), size):
            chunk = usable[first : first + size]
            spectra, steps = _spectra([known[index] for index in chunk], length)
            for number in asked:
                place, agreement, shared = _best(queries[number], spectra, steps, length)
                before = best[number]
                if before is None or _rank(agreement, shared) > _rank(
                    before.agreement, before.steps
                ):
                    best[number] = Match(index=chunk[place], agreement=agreement, steps=shared)
    yield from best


def _rank(agreement: float, steps: int) -> float:
    """Return how far a match is beyond what makes it the same recording."""
    return agreement / max(AGREEMENT, CHANCE / float(np.sqrt(steps)))


def _signs(bits: Fingerprint) -> NDArray[np.float32]:
    """Return bits as signs, `[15, steps]`."""
    shifted = bits[None] >> np.arange(BANDS - 1, dtype=np.uint16)[:, None]
    return (shifted & 1).astype(np.float32) * 2 - 1


def _spectra(
    known: Sequence[Fingerprint], length: int
) -> tuple[NDArray[np.complex64], NDArray[np.int_]]:
    """Return spectra `[fingerprints, 15, frequencies]`, and how many steps each has."""
    from scipy.fft import rfft

    signs = np.zeros((len(known), BANDS - 1, length), np.float32)
    for row, bits in zip(signs, known, strict=True):
        row[:, : len(bits)] = _signs(bits)
    return rfft(signs, axis=2), np.array([len(bits) for bits in known])


def _best(
    query: Fingerprint,
    spectra: NDArray[np.complex64],
    steps: NDArray[np.int_],
    length: int,
) -> tuple[int, float, int]:
    """Return place, agreement and shared steps of the fingerprint that agrees best."""
    from scipy.fft import irfft, rfft

    padded = np.zeros((BANDS - 1, length), np.float32)
    padded[:, : len(query)] = _signs(query)
    product = np.einsum("nbf,bf->nf", spectra, np.conj(rfft(padded, axis=1)))
    agreement = irfft(product, n=length, axis=1) / (BANDS - 1)
    # Offset of the query from the begin of each fingerprint; the second half is negative.
    offsets = np.arange(length)
    offsets[length // 2 :] -= length
    end = np.minimum(steps[:, None], offsets + len(query))
    shared = np.maximum(end - np.maximum(offsets, 0), 0)
    agreement = np.where(shared >= LEAST_STEPS, agreement / np.maximum(shared, 1), -1)
    needed = np.maximum(AGREEMENT, CHANCE / np.sqrt(np.maximum(shared, 1)))
    place = int((agreement / needed).argmax())
    row, column = divmod(place, length)
    return row, float(agreement[row, column]), int(shared[row, column])
