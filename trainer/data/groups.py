"""Groups of tracks that no split may divide: of one artist, and of one recording."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tagger.audio.frontend import FrontEnd
from tagger.output.console import count_of, printable
from trainer.data.fingerprints import fingerprint, same_recordings
from trainer.data.tracks_table import Row


def connected(names: Iterable[Iterable[Hashable]]) -> list[Hashable]:
    """Return one name for each item, the same for all that names connect, over others too.

    Args:
        names: Of each item, one or more; items with a name in common belong together.
    """
    parents: dict[Hashable, Hashable] = {}

    def root(name: Hashable) -> Hashable:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    firsts = []
    for first, *others in names:
        firsts.append(first)
        for other in others:
            parents[root(other)] = root(first)
    return [root(first) for first in firsts]


def with_copies(
    rows: Sequence[Row],
    folder: Path,
    front_end: FrontEnd,
    report: Callable[[str], None],
    progress: Callable[[int, int, str], None],
) -> list[Row]:
    """Return tracks in groups that hold all copies of a recording, and the artists of these.

    A copy has another codec, trim or level, see `trainer.data.fingerprints`. Copies whose artist is
    not known are a group by the name of the first of them.

    Args:
        rows: Tracks of a prepared folder.
        folder: Where their strips are.
        front_end: How these were made; only mel strips are compared.
        report: Is told how many copies there are, with an example.
        progress: Takes how many tracks were looked at, of how many, and what for.
    """
    bits = []
    for done, row in enumerate(rows):
        progress(done, len(rows), "tracks to compare")
        strip = np.load(folder / row.file, mmap_mode="r")
        bits.append(fingerprint(strip, front_end, max(1, front_end.rows // strip.shape[0])))
    same = same_recordings(bits, lambda done: progress(done, len(rows), "tracks compared"))
    pairs = {(min(pair), max(pair)) for pair in same}
    pairs = {(one, other) for one, other in pairs if rows[one].key != rows[other].key}
    if not pairs:
        return list(rows)
    names: list[list[Hashable]] = [
        [("track", row.key), *([("artist", row.group)] if row.group else [])] for row in rows
    ]
    for one, other in pairs:
        names[one].append(("track", rows[other].key))
    of_row = connected(names)
    copies = {place for pair in pairs for place in pair}
    artists: dict[Hashable, str] = {}
    originals: dict[Hashable, str] = {}  # of groups that hold copies
    for place, (row, name) in enumerate(zip(rows, of_row, strict=True)):
        if row.group:
            artists.setdefault(name, row.group)
        if place in copies:
            originals.setdefault(name, row.full_name)
    first, second = min(pairs)
    report(
        f"{count_of(len(copies), 'track')} are copies of the same recordings, such as "
        f"{printable(rows[first].full_name)} and {printable(rows[second].full_name)}: "
        "kept in one split"
    )
    return [
        replace(row, group=artists.get(name, originals[name])) if name in originals else row
        for row, name in zip(rows, of_row, strict=True)
    ]
