"""What is known about GTZAN, the genre collection of Tzanetakis and Cook (2002).

Artists and even recordings repeat in it, so a random split flatters a model. The lists
of C. Kereliuk, B. L. Sturm and J. Larsen (Deep Learning and Music Adversaries, 2015) leave out the
repetitions and mistakes that Sturm found, and keep each artist in one split.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from trainer.data.tracks_table import Row

GENRES = "blues classical country disco hiphop jazz metal pop reggae rock".split()
DAMAGED = ("jazz", "00054")  # in the copy that is passed around it cannot be decoded
LISTS = Path(__file__).with_name("gtzan_fault_filtered.csv")

_NAME = re.compile(rf"({'|'.join(GENRES)})\.(\d{{5}})")


def recognise(rows: Sequence[Row]) -> list[Row] | None:
    """Give clips GTZAN's own track numbers; None if they are not GTZAN.

    They are when all are named like `blues.00012` after their genre, and no genre is missing.
    """
    names = [_NAME.fullmatch(PurePath(row.file).stem) for row in rows]
    if {row.genre for row in rows} != set(GENRES):
        return None
    if not all(name and name[1] == row.genre for name, row in zip(names, rows, strict=True)):
        return None
    return [replace(row, track=name[2]) for name, row in zip(names, rows, strict=True) if name]


def fault_filtered() -> dict[tuple[str, str], str]:
    """Return the split of each genre and track; tracks that are not there are to be left out."""
    with LISTS.open(newline="", encoding="utf-8") as file:
        return {(line["genre"], line["track"]): line["split"] for line in csv.DictReader(file)}
