"""Stacks of ready log-mel strips in eight bits, turned into a prepared data set.

A source folder holds `strips*.npy`, together `uint8 [tracks, bands, frames]` (0 is −80 dB below the
strip's loudest cell, 255 is that cell), and `tracks.csv` with a line a track in the order of the
arrays: `row`, and where known `frames` (how many are filled), `genre`, `group`, `title` and
`split`. Music without genres is for pretraining; what `in_songs` marks is in a labelled data set
too, and is kept for validation. Such a folder also holds what a teacher network says of windows of
each track: `tags.npy`, logits `[tracks, windows, tags]`, and `features.npy`, principal components
`[tracks, windows, components]` of unit variance, with `feature_variance.npy [components]`, the
share of the whole in each.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import Strip
from tagger.audio.log_mel import MelStrip, standardise
from tagger.errors import DataError, reason
from trainer.data.dataset import save_strip, write_front_end
from trainer.data.groups import connected
from trainer.data.targets import CROSS_ENTROPY, SQUARED_ERROR, TargetPart, Targets
from trainer.data.tracks_table import TRACKS_FILE, UNLABELLED, Row, write_rows
from trainer.data.windows import SPLITS

TOP_DB = 80.0
STRIDE = 64  # stored frames from one window of the teacher to the next
Assign = Callable[[list[Row]], list[Row]]
"""Gives a split to rows that have none."""


def is_stacked(source: Path) -> bool:
    """Tell whether a folder holds stacks of strips."""
    return any(source.glob("strips*.npy"))


def prepare_stacked(
    source: Path,
    output: Path,
    front_end: MelStrip,
    *,
    assign: Assign,
    progress: Callable[[int, int, str], None],
) -> list[Row]:
    """Write a prepared data set out of a folder of stacks, with targets if it has any.

    Returns:
        The rows of its `tracks.csv`.

    Raises:
        DataError: arrays and table do not fit each other, or the output cannot be written.
    """
    stacks = [_array(file) for file in sorted(source.glob("strips*.npy"))]
    lines = _lines(source, sum(map(len, stacks)))
    shrink, rest = divmod(front_end.rows, stacks[0].shape[1])
    if rest or not shrink:
        raise DataError(
            f"{source} has strips of {stacks[0].shape[1]} bands; they should divide "
            f"{front_end.rows}."
        )
    seconds_a_frame = shrink * front_end.hop_length / front_end.sample_rate
    rows, targets = [], _targets(source)
    groups = _groups(lines)
    strips = (strip for stack in stacks for strip in stack)
    for index, (line, levels) in enumerate(zip(lines, strips, strict=True)):
        progress(index, len(lines), "strips")
        genre, name = line.get("genre") or UNLABELLED, f"{source.name}-{index:05d}"
        frames = int(line.get("frames") or levels.shape[1])
        file = f"{genre}/{name}.npy"
        save_strip(output / file, dequantise(levels[:, :frames]), front_end.storage)
        rows.append(
            Row(
                file=file,
                genre=genre,
                track=name,
                split=line.get("split", ""),
                seconds=frames * seconds_a_frame,
                group=groups[index],
            )
        )
    rows = _with_splits(rows, lines, assign)
    write_rows(output / TRACKS_FILE, rows)
    if targets:
        targets.save(output)
    write_front_end(output, front_end, shrink)
    return rows


def dequantise(levels: NDArray[np.uint8]) -> Strip:
    """Turn eight-bit levels `[bands, frames]` into standardised log-mel."""
    return standardise(levels.astype(np.float32) * np.float32(TOP_DB / 255) - np.float32(TOP_DB))


def _array(file: Path) -> NDArray[np.uint8]:
    try:
        array: NDArray[np.uint8] = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{file} cannot be read ({reason(error)}).") from None
    if array.dtype != np.uint8 or array.ndim != 3:  # noqa: PLR2004
        raise DataError(f"{file} should hold uint8 [tracks, bands, frames].")
    return array


def _lines(source: Path, count: int) -> list[dict[str, str]]:
    """Read the table, with a line for each of `count` strips."""
    try:
        with (source / TRACKS_FILE).open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file, restval=""))
    except (OSError, csv.Error) as error:
        raise DataError(f"{source / TRACKS_FILE} cannot be read ({reason(error)}).") from None
    if count != len(lines):
        raise DataError(
            f"{source} has {count} strips, but {TRACKS_FILE} lists {len(lines)} tracks."
        )
    return lines


def _groups(lines: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the group of each track, one for all that share a group or an artist.

    The artist is the first part of a title "Artist - Title".
    """
    own, spellings = [], []
    for index, line in enumerate(lines):
        artist, dash, _ = line.get("title", "").partition(" - ")
        names = [line.get("group", "").strip(), artist.strip() if dash else ""]
        own.append([name.casefold() for name in names if name] or [f"track {index}"])
        spellings.append(names[0])
    group_of = connected(own)
    shown: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for group, spelling in zip(group_of, spellings, strict=True):
        shown[group][spelling] += 1
    # The group of most tracks names them all; nothing stands for a track of its own.
    return [max(sorted(found), key=found.__getitem__) for found in map(shown.__getitem__, group_of)]


def _with_splits(
    rows: Sequence[Row], lines: Sequence[Mapping[str, str]], assign: Assign
) -> list[Row]:
    """Give every row a split: its own, that of a pretraining, or one that is assigned here."""
    if all(row.split in SPLITS for row in rows):
        return list(rows)
    if any("in_songs" in line for line in lines):
        return [
            replace(row, split="valid" if line["in_songs"] == "1" else "train")
            for row, line in zip(rows, lines, strict=True)
        ]
    return assign([replace(row, split="") for row in rows])


def _targets(source: Path) -> Targets | None:
    """Return the targets of a source that has some."""
    if not (source / "tags.npy").exists():
        return None
    try:
        tags, features = np.load(source / "tags.npy"), np.load(source / "features.npy")
        variance: Sequence[float] = np.load(source / "feature_variance.npy").tolist()
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"The targets of {source} cannot be read ({reason(error)}).") from None
    # Weights go with the deviation that each component had: the last ones are mostly noise.
    deviation = np.sqrt(np.asarray(variance))
    return Targets(
        values=np.concatenate([tags, features], axis=2),
        starts=tuple(STRIDE * window for window in range(tags.shape[1])),
        parts=(
            TargetPart(name="tags", size=tags.shape[2], loss=CROSS_ENTROPY, weight=5.0),
            TargetPart(
                name="features",
                size=features.shape[2],
                loss=SQUARED_ERROR,
                weights=tuple((deviation / deviation.mean()).round(4).tolist()),
            ),
        ),
    )
