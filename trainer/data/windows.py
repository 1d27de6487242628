"""The split of windows: training and validation get windows of the same tracks.

Many published figures were counted like this. It flatters, since windows of a track resemble each
other, and more so where they overlap: then the same frames are on both sides.
"""

import zlib
from dataclasses import dataclass
from itertools import groupby

import numpy as np

BY_WINDOW = "windows"
"""In place of the name of a split: each track's windows are split."""
SPLITS = ("train", "valid", "test")
FLATTERING = "windows of the same tracks are in training and validation, as in old papers"


@dataclass(frozen=True, kw_only=True)
class WindowSplit:
    """How the windows of a track are split.

    Attributes:
        shares: Of training, validation and test.
        overlap: Share of its frames that a window has in common with the next one.
    """

    shares: tuple[float, float, float] = (0.8, 0.2, 0.0)
    overlap: float = 0.0

    def __str__(self) -> str:
        """Return what stands in the table of tracks: "windows", and what is not by default."""
        if self == WindowSplit():
            return BY_WINDOW
        shares = "/".join(f"{share:g}" for share in self.shares)
        return f"{BY_WINDOW} {shares} overlap {self.overlap:g}"

    @classmethod
    def parse(cls, text: str) -> "WindowSplit | None":
        """Read what stands in the table of tracks; None if it is no split of windows."""
        if text == BY_WINDOW:
            return cls()
        try:
            name, shares, word, overlap = text.split(" ")
            train, valid, test = map(float, shares.split("/"))
            found = cls(shares=(train, valid, test), overlap=float(overlap))
        except ValueError:
            return None
        return found if (name, word) == (BY_WINDOW, "overlap") else None

    @property
    def flattering(self) -> str:
        """Why figures of this split flatter."""
        return f"overlapping {FLATTERING}" if self.overlap else FLATTERING

    def stretches(self, frames: int, window: int, name: str, split: str) -> list[tuple[int, int]]:
        """Return the frames of a strip that a split gets.

        The strip is cut into windows, and each of them goes to a split at random. Where they do not
        overlap, neighbours of one split are one stretch, and no frame is in two splits.
        """
        _, valid, test = np.array(self.shares) / sum(self.shares)
        step = max(1, round(window * (1 - self.overlap)))
        count = max(1, 1 + (frames - window) // step)
        rng = np.random.default_rng(zlib.crc32(name.encode("utf-8", "surrogateescape")))
        drawn = rng.random(count)
        split_of = np.where(drawn < valid, 1, np.where(drawn < valid + test, 2, 0))
        mine = SPLITS.index(split)
        if self.overlap:
            starts = np.flatnonzero(split_of == mine) * step
            return [(int(start), min(int(start) + window, frames)) for start in starts]
        found = []
        for part, group in groupby(range(count), key=split_of.__getitem__):
            windows = list(group)
            end = frames if windows[-1] == count - 1 else (windows[-1] + 1) * window
            if part == mine:
                found.append((windows[0] * window, end))
        return found
