"""Tells silence, in which there is nothing to analyse."""

import numpy as np

from tagger.audio.frontend import Waveform
from tagger.errors import SilentError

SILENCE = 1e-3
"""A peak below this (−60 dB of full scale) counts as silence."""


def refuse_silence(samples: Waveform) -> None:
    """Raise SilentError for a waveform that never reaches −60 dB of full scale."""
    if is_silent(samples):
        raise SilentError("is silent in the part that was analysed")


def is_silent(samples: Waveform) -> bool:
    """Tell whether a waveform never reaches −60 dB of full scale."""
    return samples.size == 0 or float(np.abs(samples).max()) < SILENCE
