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

from tagger.audio.frontend import FrontEnd
from tagger.audio.log_mel import MelStrip

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
MIXTURES = 4  # of the bits, that candidates are chosen by
CANDIDATES = 5
MEMORY = 4_000_000  # complex numbers that a search holds at once


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
    def is_same(self) -> bool:
        """Tell whether both are the same recording."""
        return self.agreement > float(_needed(np.array(self.steps)))


def find(queries: Sequence[Fingerprint], known: Sequence[Fingerprint]) -> Iterator[Match | None]:
    """Yield for each query the best match among those known; None if there is nothing to compare.

    All offsets are compared at once by the fast Fourier transform: first of a few random mixtures
    of the bits, and then, for the candidates that these leave, of all bits.
    """
    usable = [index for index, bits in enumerate(known) if len(bits) >= LEAST_STEPS]
    asked = [index for index, bits in enumerate(queries) if len(bits) >= LEAST_STEPS]
    candidates: dict[int, list[tuple[float, int]]] = {number: [] for number in asked}
    if usable:
        length = _length([*(known[i] for i in usable), *(queries[i] for i in asked)])
        size = max(1, MEMORY // (MIXTURES * length))
        for first in range(0, len(usable), size):
            chunk = usable[first : first + size]
            refs = _Signals([known[index] for index in chunk], length, mixed=True)
            for number in asked:
                surplus = refs.compare(queries[number]).max(1)
                best = np.argsort(-surplus)[:CANDIDATES]
                candidates[number] += [(float(surplus[place]), chunk[place]) for place in best]
    for number, query in enumerate(queries):
        found = sorted(candidates.get(number, ()), reverse=True)[:CANDIDATES]
        yield _best(query, [index for _, index in found], known) if found else None


def _best(query: Fingerprint, places: Sequence[int], known: Sequence[Fingerprint]) -> Match:
    """Return the best match among a few fingerprints, by all of their bits."""
    chosen = [known[place] for place in places]
    refs = _Signals(chosen, _length([query, *chosen]), mixed=False)
    surplus = refs.compare(query)
    row, column = divmod(int(surplus.argmax()), surplus.shape[1])
    steps = int(refs.shared(len(query))[row, column])
    agreement = float(surplus[row, column]) * float(_needed(np.array(steps)))
    return Match(index=places[row], agreement=agreement, steps=steps)


def _needed(steps: NDArray[Any]) -> NDArray[np.float64]:
    """Return how much strips have to agree that share so many steps."""
    return np.asarray(np.maximum(AGREEMENT, CHANCE / np.sqrt(np.maximum(steps, 1))))


def _length(fingerprints: Sequence[Fingerprint]) -> int:
    """Return a power of two that two of these fit into, side by side."""
    return 1 << (2 * max(map(len, fingerprints)) - 1).bit_length()


def _signs(bits: Fingerprint, *, mixed: bool) -> NDArray[np.float32]:
    """Return bits as signs `[15, steps]`, or mixtures of them `[mixtures, steps]`."""
    shifted = bits[None] >> np.arange(BANDS - 1, dtype=np.uint16)[:, None]
    signs = (shifted & 1).astype(np.float32) * 2 - 1
    if not mixed:
        return signs / np.float32(np.sqrt(BANDS - 1))
    mixing = np.random.default_rng(0).choice([-1, 1], (MIXTURES, BANDS - 1)).astype(np.float32)
    mixtures: NDArray[np.float32] = mixing @ signs / np.float32(np.sqrt(MIXTURES * (BANDS - 1)))
    return mixtures


class _Signals:
    """Fingerprints in the frequency domain, to be compared with others at every offset."""

    def __init__(self, known: Sequence[Fingerprint], length: int, *, mixed: bool) -> None:
        from scipy.fft import rfft

        signals = np.zeros((len(known), MIXTURES if mixed else BANDS - 1, length), np.float32)
        for row, bits in zip(signals, known, strict=True):
            row[:, : len(bits)] = _signs(bits, mixed=mixed)
        self._spectra = rfft(signals, axis=2)
        self._steps = np.array([len(bits) for bits in known])
        self._length = length
        self._mixed = mixed
        self._weights: dict[int, NDArray[np.float32]] = {}

    def compare(self, query: Fingerprint) -> NDArray[np.float32]:
        """Return the agreement at each offset over what is needed, `[fingerprints, offsets]`."""
        from scipy.fft import irfft, rfft

        padded = np.zeros((self._spectra.shape[1], self._length), np.float32)
        padded[:, : len(query)] = _signs(query, mixed=self._mixed)
        spectrum = np.conj(rfft(padded, axis=1))
        product = self._spectra[:, 0] * spectrum[0]
        for band in range(1, len(spectrum)):
            product += self._spectra[:, band] * spectrum[band]
        total: NDArray[np.float32] = irfft(product, n=self._length, axis=1)
        total *= self._weight(len(query))
        return total

    def shared(self, steps: int) -> NDArray[np.int_]:
        """Return how many steps each shares with a query at each offset."""
        offsets = np.arange(self._length)
        offsets[self._length // 2 :] -= self._length  # the second half is negative
        end = np.minimum(self._steps[:, None], offsets + steps)
        return np.asarray(np.maximum(end - np.maximum(offsets, 0), 0))

    def _weight(self, steps: int) -> NDArray[np.float32]:
        """Return what turns a sum over shared steps into agreement over what is needed."""
        if steps not in self._weights:
            shared = self.shared(steps)
            weight = 1 / (np.maximum(shared, 1) * _needed(shared))
            self._weights = {steps: np.where(shared >= LEAST_STEPS, weight, 0).astype(np.float32)}
        return self._weights[steps]
