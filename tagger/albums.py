"""Lets the tracks of an album vote as one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from tagger.tracks import Judged
from tagger.vote import Voting, vote

_DISC = re.compile(r"\W*(cd|dis[ck]|vinyl|lp)\W*\d+\b.*", re.IGNORECASE)


def is_disc(folder: Path) -> bool:
    """Tell by its name whether a folder is one disc of an album."""
    return _DISC.fullmatch(folder.name) is not None


def album_of(path: Path) -> Path:
    """Return the folder of a track's album; `CD1` and `Disc 2` belong to the folder above."""
    folder = path.parent
    return folder.parent if is_disc(folder) else folder


def vote_by_album(tracks: Iterable[Judged]) -> Iterator[Judged]:
    """Give all tracks of an album that were heard the album's opinion.

    The walk yields the tracks of an album one after the other. Every track has one vote, as sure as
    its own windows made it.
    """
    for _, group in groupby(tracks, key=lambda track: album_of(track.heard.path)):
        yield from _agreed(list(group))


def _agreed(album: Sequence[Judged]) -> list[Judged]:
    opinions = [track.probabilities for track in album if track.probabilities]
    if not opinions:
        return list(album)
    import numpy as np

    together = vote(np.array(opinions, np.float32), Voting.LOG_MEAN)
    shared = tuple(together.tolist())
    return [replace(t, probabilities=shared) if t.probabilities else t for t in album]
