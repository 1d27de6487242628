"""What a network says over the time of a track, in a few bytes."""

import numpy as np

from tagger.inference.vote import Probabilities

MOST_PARTS = 40
_MOST_LABELS = 256  # that a byte can number
_LEVELS = 15  # of a probability: as many as an eye can tell apart in a colour


def timeline_of(windows: Probabilities) -> bytes:
    """Return the best label of each part of a track, with its probability.

    Args:
        windows: probabilities `[windows, labels]` in the order of time.

    Returns:
        Two bytes for each of up to `MOST_PARTS` parts of equal length: the number of the label, and
        its probability from 0 to 255. Empty for a model with too many labels.
    """
    if windows.shape[1] > _MOST_LABELS:
        return b""
    parts = np.array_split(windows, min(len(windows), MOST_PARTS))
    means = np.stack([part.mean(0) for part in parts])
    levels = np.round(means.max(1) * _LEVELS) * (255 // _LEVELS)
    return np.stack([means.argmax(1), levels], 1).astype(np.uint8).tobytes()
