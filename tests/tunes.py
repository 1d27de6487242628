"""Made-up music that differs from piece to piece, as recordings do."""

import numpy as np
from conftest import RATE


def tune(seed: int, seconds: float = 20.0) -> np.ndarray:
    """Notes of random pitch and length over noise whose colour changes with them."""
    rng = np.random.default_rng(seed)
    parts, left = [], round(seconds * RATE)
    while left > 0:
        time = np.arange(min(left, int(RATE * rng.uniform(0.15, 0.5)))) / RATE
        chord = sum(
            np.sin(2 * np.pi * pitch * time) for pitch in rng.uniform(80, 6000, 4)
        ) * np.exp(-3 * time)
        hiss = np.convolve(rng.standard_normal(time.size), rng.standard_normal(3), "same")
        parts.append(0.1 * chord + 0.02 * hiss)
        left -= time.size
    return np.concatenate(parts).astype(np.float32)
