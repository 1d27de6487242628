"""A prepared data set: a folder of strips that `prepare` writes and `fit` reads.

The folder holds `front_end.json` (how the strips were made), `tracks.csv`
(`file,genre,track,split,seconds,group,fold`) and one array `[rows, frames]` a track, log-mel in
float16 most often.
Several folders can be taken together: a track that is in more than one of them (same genre, same
track name) is one track with several strips, always in one split.
"""

import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd, Strip
from tagger.audio.frontend_registry import front_end_of
from tagger.errors import DataError
from trainer.data.soft_labels import SOFT_LABELS_FILE, SoftLabels, load_soft_labels
from trainer.data.tracks_table import TRACKS_FILE, Row, read_rows
from trainer.data.windows import SPLITS, WindowSplit
from trainer.files import whole

FRONT_END_FILE = "front_end.json"


@dataclass(frozen=True, kw_only=True)
class Track:
    """One recording, the unit that splits and votes are about."""

    genre: str
    name: str
    split: str
    strips: tuple[Path, ...]
    window: int = 0  # frames; where this has only some windows of the strips, their length
    windows: WindowSplit = field(default_factory=WindowSplit)  # how they were split then
    source: str = ""  # the data set it came from, by the name of its folder
    shrinks: tuple[int, ...] = ()  # of each strip, how much it was shrunk when stored; empty: 1
    group: str = ""  # artist or album; empty if it is not known
    soft_label: Mapping[str, float] = field(default_factory=dict)  # if nobody named the genre

    @property
    def full_name(self) -> str:
        """Genre and name as one text."""
        return f"{self.genre}/{self.name}"

    def load(self) -> list[NDArray[np.floating[Any]]]:
        """Read the strips `[rows, frames]`, or what this split has of them, at full resolution.

        Strips stored at half resolution have each cell repeated, so that averaging them over
        squares gives back what is stored.
        """
        strips = [
            expand(np.load(path, mmap_mode="r"), shrink)
            for path, shrink in zip(
                self.strips, self.shrinks or (1,) * len(self.strips), strict=True
            )
        ]
        if not self.window:
            return strips
        name = self.full_name
        return [
            strip[:, start:end]
            for number, strip in enumerate(strips)
            for start, end in self.windows.stretches(
                strip.shape[1], self.window, f"{name}/{number}", self.split
            )
        ]


def expand(strip: NDArray[Any], factor: int) -> NDArray[Any]:
    """Repeat each cell of a strip `factor` times in both directions."""
    return strip if factor == 1 else strip.repeat(factor, 0).repeat(factor, 1)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Tracks with one front end; labels are the genres in alphabetical order."""

    front_end: FrontEnd
    labels: tuple[str, ...]
    tracks: tuple[Track, ...]

    def split(self, *names: str) -> tuple[Track, ...]:
        """Return the tracks of these splits."""
        return tuple(track for track in self.tracks if track.split in names)

    @property
    def flattering(self) -> str:
        """Why figures of this data flatter, to be said wherever they are shown, or nothing."""
        return next((track.windows.flattering for track in self.tracks if track.window), "")

    def target(self, track: Track) -> int:
        """Return the index of a track's label."""
        return self.labels.index(track.genre)

    def probabilities(self, track: Track) -> NDArray[np.float32]:
        """Return what a network is to learn of a track, `[labels]`: its label, or its soft one."""
        likely = track.soft_label or {track.genre: 1.0}
        return np.array([likely.get(label, 0.0) for label in self.labels], np.float32)


def save_strip(file: Path, strip: Strip, storage: type[np.floating[Any]]) -> None:
    """Write a strip `[rows, frames]` as numbers of the type `storage`.

    Raises:
        DataError: it cannot be written.
    """
    with whole(file) as stream:
        # By way of memory: what numpy itself says of a full disk is no use to anybody.
        content = io.BytesIO()
        np.save(content, strip.astype(storage))
        stream.write(content.getbuffer())


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


def read_shrink(folder: Path) -> int:
    """Return by how much the strips of a prepared folder are shrunk already: 1, or 2 for half.

    Raises:
        DataError: the folder is not a prepared data set.
    """
    read_front_end(folder)
    shrink = json.loads((folder / FRONT_END_FILE).read_text("utf-8")).get("shrink", 1)
    if not isinstance(shrink, int) or shrink < 1:
        raise DataError(f"{folder / FRONT_END_FILE}: {shrink!r} is not a valid shrink.")
    return shrink


def write_front_end(folder: Path, front_end: FrontEnd, shrink: int = 1) -> None:
    """Write how the strips of a folder were made; with this it counts as prepared."""
    content = front_end.to_dict() | ({"shrink": shrink} if shrink > 1 else {})
    with whole(folder / FRONT_END_FILE) as file:
        file.write(f"{json.dumps(content, indent=1)}\n".encode())


def folds_of(folders: Sequence[Path]) -> tuple[int, ...]:
    """Return the numbers of the folds of prepared folders.

    Raises:
        DataError: one of them is not in folds, or not in the same.
    """
    found = {
        folder: {row.fold for row in read_rows(folder / TRACKS_FILE)}
        for folder in folders
        if read_front_end(folder)
    }
    for folder, names in found.items():
        if "" in names:
            raise DataError(f"{folder} is not in folds; 'prepare --split kfold' makes them.")
        if names != found[folders[0]]:
            raise DataError(f"{folder} has other folds than {folders[0]}.")
    return tuple(sorted(map(int, found[folders[0]])))


def load(folders: Sequence[Path], fold: int | None = None) -> DataSet:
    """Read prepared folders as one data set.

    Of a data set in folds, one is to be validated on and the others are to be trained on. Of one
    with soft labels only the training tracks are taken: a guess is nothing to score against.

    Raises:
        DataError: nothing prepared there, front ends that differ, a track in two splits, an
            unknown split, fewer than two genres, strips that are gone, damaged soft labels, or a
            fold where there are none, or none where there are some.
    """
    front_ends = {folder: read_front_end(folder) for folder in folders}
    if len(set(front_ends.values())) != 1:
        raise DataError(f"{' and '.join(map(str, folders))} were made by different front ends.")
    strips: dict[tuple[str, str], list[tuple[Path, int]]] = defaultdict(list)
    shrinks = {folder: read_shrink(folder) for folder in folders}
    splits: dict[tuple[str, str], str] = {}
    groups: dict[tuple[str, str], str] = {}
    soft = {folder: found for folder in folders if (found := load_soft_labels(folder))}
    for folder in folders:
        for row in () if folder in soft else read_rows(folder / TRACKS_FILE):
            split = row.split if fold is None and not row.fold else _of_fold(folder, row, fold)
            if split not in SPLITS and not WindowSplit.parse(split):
                raise DataError(f"{folder / row.file}: {split!r} is not one of {SPLITS}.")
            if splits.setdefault(row.key, split) != split:
                raise DataError(f"{row.genre}/{row.track} is in two splits.")
            strips[row.key].append((folder / row.file, shrinks[folder]))
            groups[row.key] = groups.get(row.key) or row.group
    genres = {genre for genre, _ in strips}
    labels = tuple(sorted(genres.union(*(found.labels for found in soft.values()))))
    if len(labels) < 2:  # noqa: PLR2004
        raise DataError(f"There is only one genre ({labels[0]}); a model needs two or more.")
    check_strips([path for stored in strips.values() for path, _ in stored])
    window = front_ends[folders[0]].grid.window
    tracks = tuple(
        replace(track, group=groups[key])
        for key, stored in sorted(strips.items())
        for track in _tracks(key, splits[key], stored, window, folders)
    )
    for folder, found in soft.items():
        tracks += soft_labelled_tracks(folder, found, shrinks[folder])
    if fold is not None and not any(track.split == "valid" for track in tracks):
        raise DataError(f"{folders[0]} has no fold {fold}.")
    return DataSet(front_end=front_ends[folders[0]], labels=labels, tracks=tracks)


def _tracks(
    key: tuple[str, str],
    split: str,
    stored: Sequence[tuple[Path, int]],
    window: int,
    folders: Sequence[Path],
) -> list[Track]:
    """Return a track, or its two parts in a split of windows."""
    strips, shrinks = zip(*stored, strict=True)
    source = next(folder.name for folder in folders if strips[0].is_relative_to(folder))
    whole_track = Track(
        genre=key[0], name=key[1], split=split, strips=strips, source=source, shrinks=shrinks
    )
    windows = WindowSplit.parse(split)
    if windows is None:
        return [whole_track]
    parts = [replace(whole_track, split=part, window=window, windows=windows) for part in SPLITS]
    return [part for part in parts if part.load()]


def soft_labelled_tracks(folder: Path, soft: SoftLabels, shrink: int) -> tuple[Track, ...]:
    """Return the training tracks of a data set with soft labels, each with its likeliest genre.

    Names of such tracks begin with that of the folder, as other sets may number theirs alike.

    Raises:
        DataError: the labels are those of other tracks.
    """
    rows = read_rows(folder / TRACKS_FILE)
    if tuple(row.file for row in rows) != soft.files:
        raise DataError(
            f"{folder / SOFT_LABELS_FILE} is about other tracks; make it again with "
            "'genretag-train label'."
        )
    check_strips([folder / row.file for row in rows])
    return tuple(
        Track(
            genre=soft.labels[int(values.argmax())],
            name=f"{folder.name}/{row.track}",
            split=row.split,
            strips=(folder / row.file,),
            source=folder.name,
            shrinks=(shrink,),
            group=row.group,
            soft_label=dict(zip(soft.labels, values.tolist(), strict=True)),
        )
        for row, values in zip(rows, soft.values, strict=True)
        if row.split == "train"
    )


def check_strips(strips: Sequence[Path]) -> None:
    """Raise DataError if strips of prepared folders are missing."""
    if gone := [path for path in strips if not path.exists()]:
        raise DataError(
            f"Strips that are not there: {len(gone)}, such as {gone[0]}; prepare the data again."
        )


def _of_fold(folder: Path, row: Row, fold: int | None) -> str:
    if not row.fold:
        raise DataError(f"{folder} is not in folds; 'prepare --split kfold' makes them.")
    if fold is None:
        raise DataError(f"{folder} is in folds; choose the one to validate on with --fold.")
    return "valid" if row.fold == str(fold) else "train"


def class_weights(tracks: Sequence[Track], labels: Sequence[str]) -> NDArray[np.float32]:
    """Return one weight a label, inverse to how often it occurs, with a mean of one a track."""
    counts = Counter(track.genre for track in tracks)
    return np.array(
        [len(tracks) / (len(labels) * max(counts[label], 1)) for label in labels], np.float32
    )
