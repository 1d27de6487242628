"""How clips become a data set: the options of `genretag-train prepare`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tagger.audio.frontend import FrontEnd
from tagger.audio.log_mel import MelStrip
from trainer.data import splits
from trainer.data.assignment import Assignment
from trainer.data.library import MIN_TRACKS
from trainer.data.splits import Split
from trainer.data.tracks_table import Row
from trainer.data.windows import WindowSplit

Report = Callable[[str], None]
Progress = Callable[[int, int, str], None]
"""Takes how many are done, of how many, and of what, such as "clips"."""

SHARES = (0.7, 0.15, 0.15)
UNLABELLED_SHARES = (0.9, 0.1, 0.0)  # a pretraining is validated, and tests nothing
FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How clips become a data set."""

    front_end: FrontEnd = field(default_factory=MelStrip)
    seconds: float | None = 30.0  # from the middle of each clip; None: all of it
    from_tags: bool = False
    unlabelled: bool = False  # any music, without genres
    min_tracks: int = MIN_TRACKS  # of a genre, with from_tags
    split: Split | None = None  # None: what suits the clips
    shares: tuple[float, float, float] = SHARES
    windows: WindowSplit = field(default_factory=WindowSplit)
    folds: int = FOLDS
    seed: int = 1
    jobs: int = -1

    def assignment(self, split: Split) -> Assignment:
        """Return how tracks are assigned in such a split."""
        shares = {Split.STRATIFIED: self.shares, Split.KFOLD: (1.0,) * self.folds}.get(split, ())
        return Assignment(split=split, shares=shares, seed=self.seed if shares else 0)

    def assigned(self, rows: Sequence[Row], split: Split, report: Report) -> list[Row]:
        """Assign rows in a split that is made here; others have theirs already."""
        if split is Split.STRATIFIED:
            return splits.stratified(rows, self.shares, self.seed, report)
        if split is Split.KFOLD:
            return splits.folds(rows, self.folds, self.seed, report)
        if split is Split.WINDOWS:
            return splits.by_window(rows, self.windows, report)
        return list(rows)
