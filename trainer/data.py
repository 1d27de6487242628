"""A prepared data set: a folder of log-mel strips that `prepare` writes and `fit` reads.

The folder holds `front_end.json` (how the strips were made), `tracks.csv`
(`file,genre,track,split,seconds`) and one `float16 [mel bands, frames]` array a track. Several
folders can be taken together: a track that is in more than one of them (same genre, same track
name) is one track with several strips, always in one split.
"""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError
from tagger.frontend import FrontEnd
from tagger.frontends import front_end_of

FRONT_END_FILE = "front_end.json"
TRACKS_FILE = "tracks.csv"
COLUMNS = ("file", "genre", "track", "split", "seconds")
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Row:
    """One line of `tracks.csv`; `file` is relative to the folder."""

    file: str
    genre: str
    track: str
    split: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Track:
    """One recording, the unit that splits and votes are about."""

    genre: str
    name: str
    split: str
    strips: tuple[Path, ...]

    def load(self) -> list[NDArray[np.float16]]:
        """Map the strips `[mel bands, frames]` into memory."""
        return [np.load(path, mmap_mode="r") for path in self.strips]


@dataclass(frozen=True)
class DataSet:
    """Tracks with one front end; labels are the genres in alphabetical order."""

    front_end: FrontEnd
    labels: tuple[str, ...]
    tracks: tuple[Track, ...]

    def split(self, *names: str) -> tuple[Track, ...]:
        """Return the tracks of these splits."""
        return tuple(track for track in self.tracks if track.split in names)

    def target(self, track: Track) -> int:
        """Return the index of a track's label."""
        return self.labels.index(track.genre)


def read_rows(table: Path, needed: Collection[str] = COLUMNS[:3]) -> list[Row]:
    """Read a `tracks.csv`.

    Raises:
        DataError: missing file, columns or rows.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file))
    except OSError as error:
        raise DataError(f"{table} cannot be read: {error.strerror}") from None
    if not lines:
        raise DataError(f"{table} lists no tracks.")
    if missing := [column for column in needed if not lines[0].get(column)]:
        raise DataError(f"{table} has no column {', '.join(missing)}.")
    return [
        Row(
            line["file"],
            line["genre"],
            line.get("track") or Path(line["file"]).stem,
            line.get("split") or "",
            float(line.get("seconds") or 0),
        )
        for line in lines
    ]


def write_rows(table: Path, rows: Iterable[Row]) -> None:
    """Write a `tracks.csv`."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(
            (row.file, row.genre, row.track, row.split, f"{row.seconds:.2f}") for row in rows
        )


def read_front_end(folder: Path) -> FrontEnd:
    """Read how the strips of a prepared folder were made.

    Raises:
        DataError: the folder is not a prepared data set.
    """
    try:
        return front_end_of(json.loads((folder / FRONT_END_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        raise DataError(
            f"{folder} is not a prepared data set (no readable {FRONT_END_FILE}); "
            "make one with 'genretag-train prepare'."
        ) from None


def write_front_end(folder: Path, front_end: FrontEnd) -> None:
    """Note how the strips of a folder were made; with this it counts as prepared."""
    text = json.dumps(front_end.to_dict(), indent=1) + "\n"
    (folder / FRONT_END_FILE).write_text(text, "utf-8")


def load(folders: Sequence[Path]) -> DataSet:
    """Read prepared folders as one data set.

    Raises:
        DataError: nothing prepared there, front ends that differ, a track in two splits, an
            unknown split, or fewer than two genres.
    """
    front_ends = {folder: read_front_end(folder) for folder in folders}
    if len(set(front_ends.values())) != 1:
        raise DataError(f"{' and '.join(map(str, folders))} were made by different front ends.")
    strips: dict[tuple[str, str], list[Path]] = defaultdict(list)
    splits: dict[tuple[str, str], str] = {}
    for folder in folders:
        for row in read_rows(folder / TRACKS_FILE, COLUMNS[:4]):
            key = (row.genre, row.track)
            if row.split not in SPLITS:
                raise DataError(f"{folder / row.file}: {row.split!r} is not one of {SPLITS}.")
            if splits.setdefault(key, row.split) != row.split:
                raise DataError(f"{row.genre}/{row.track} is in two splits.")
            strips[key].append(folder / row.file)
    tracks = tuple(
        Track(genre, name, splits[genre, name], tuple(paths))
        for (genre, name), paths in sorted(strips.items())
    )
    labels = tuple(sorted({track.genre for track in tracks}))
    if len(labels) < 2:  # noqa: PLR2004
        raise DataError(f"There is only one genre ({labels[0]}); a model needs two or more.")
    return DataSet(front_ends[folders[0]], labels, tracks)


def split_by_track(rows: Sequence[Row], shares: tuple[float, float, float], seed: int) -> list[Row]:
    """Deal the rows out to train, valid and test, genre by genre, whole tracks only."""
    rng = np.random.default_rng(seed)
    split_of: dict[tuple[str, str], str] = {}
    for genre in sorted({row.genre for row in rows}):
        names = sorted({row.track for row in rows if row.genre == genre})
        order = rng.permutation(len(names))
        edges = np.round(np.cumsum(shares) / sum(shares) * len(names)).astype(int)
        for place, index in enumerate(order):
            split = SPLITS[int(np.searchsorted(edges, place, side="right"))]
            split_of[genre, names[index]] = split
    return [
        Row(row.file, row.genre, row.track, split_of[row.genre, row.track], row.seconds)
        for row in rows
    ]


def class_weights(tracks: Sequence[Track], labels: Sequence[str]) -> NDArray[np.float32]:
    """Return one weight a label, inverse to how often it occurs, with a mean of one a track."""
    counts = Counter(track.genre for track in tracks)
    return np.array(
        [len(tracks) / (len(labels) * max(counts[label], 1)) for label in labels], np.float32
    )
