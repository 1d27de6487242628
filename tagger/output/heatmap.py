"""Features as coloured cells: values between 0 and 1, and colours for them."""

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import Strip

_DARKEST, _BRIGHTEST = 2, 99.8  # percentiles, so that single cells do not decide
# From black over purple and orange to pale yellow; brightness rises evenly.
_COLOURS = np.array(
    [(0, 0, 4), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191)]
)


def levels(strip: Strip, rows: int, columns: int) -> NDArray[np.float64]:
    """Return a strip in other proportions, the lowest row of it at the bottom.

    Args:
        strip: `[rows, frames]`.
        rows: of the result.
        columns: of the result.

    Returns:
        `[rows, columns]` of values between 0 and 1.
    """
    picture = _means(_means(strip.astype(np.float64), rows).T, columns).T[::-1]
    low, high = np.percentile(picture, [_DARKEST, _BRIGHTEST])
    scaled: NDArray[np.float64] = np.clip((picture - low) / max(high - low, 1e-6), 0, 1)
    return scaled


def colours(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return red, green and blue for values between 0 and 1, `[…, 3]`."""
    anchors = np.linspace(0, 1, len(_COLOURS))
    channels = [np.interp(values, anchors, channel) for channel in _COLOURS.T]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _means(table: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Return a table with another number of rows: means of rows, or rows repeated."""
    edges = np.arange(rows + 1) * len(table) / rows
    firsts = edges[:-1].astype(int)
    lasts = np.maximum(np.ceil(edges[1:]).astype(int), firsts + 1)
    return np.stack([table[a:b].mean(0) for a, b in zip(firsts, lasts, strict=True)])
