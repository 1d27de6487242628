"""Stacks of ready log-mel strips in eight bits, turned into a prepared data set.

A source folder holds `strips*.npy`, together `uint8 [tracks, bands, frames]` (0 is −80 dB below the
strip's loudest cell, 255 is that cell), and `tracks.csv` with a line a track in the order of the
arrays: `row`, and where known `frames` (how many are filled), `genre`, `group` and `split`. A folder
for pretraining also holds what a teacher network says of windows of each track: `tags.npy`, logits
`[tracks, windows, tags]`, and `features.npy`, principal components `[tracks, windows, components]`
of unit variance, with `feature_variance.npy [components]`, the share of the whole that each carried.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd, MelStrip, Strip, standardise
from tagger.errors import DataError
from trainer.data.dataset import TRACKS_FILE, Row, save_strip, write_front_end, write_rows
from trainer.data.targets import CROSS_ENTROPY, SQUARED_ERROR, TargetPart, Targets

TOP_DB = 80.0
STRIDE = 64  # stored frames from one window of the teacher to the next


def is_stacked(source: Path) -> bool:
    """Tell whether a folder holds stacks of strips."""
    return any(source.glob("strips*.npy"))


def prepare_stacked(source: Path, output: Path, front_end: FrontEnd | None = None) -> list[Row]:
    """Write a prepared data set out of a folder of stacks, with targets if it has any.

    Returns:
        The rows of its `tracks.csv`.

    Raises:
        DataError: arrays and table do not fit each other, or the output cannot be written.
    """
    front_end = front_end or MelStrip()
    stacks = [np.load(file, mmap_mode="r") for file in sorted(source.glob("strips*.npy"))]
    with (source / TRACKS_FILE).open(newline="", encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    count = sum(map(len, stacks))
    if count != len(lines):
        raise DataError(
            f"{source} has {count} strips, but {TRACKS_FILE} lists {len(lines)} tracks."
        )
    shrink, rest = divmod(front_end.rows, stacks[0].shape[1])
    if rest or not shrink:
        raise DataError(
            f"{source} has strips of {stacks[0].shape[1]} bands; they should divide "
            f"{front_end.rows}."
        )
    rows = []
    for index, (line, levels) in enumerate(
        zip(lines, (strip for stack in stacks for strip in stack), strict=True)
    ):
        genre = line.get("genre") or "unlabelled"
        name = f"{genre}/{source.name}-{index:05d}"
        frames = int(line.get("frames") or levels.shape[1])
        strip = dequantise(levels[:, :frames])
        save_strip(output / f"{name}.npy", strip, front_end.storage)
        seconds = frames * shrink * front_end.hop_length / front_end.sample_rate
        split = line.get("split") or ("valid" if line.get("in_songs") == "1" else "train")
        rows.append(
            Row(f"{name}.npy", genre, f"{source.name}-{index:05d}", split, seconds, line["group"])
        )
    write_rows(output / TRACKS_FILE, rows)
    if (source / "tags.npy").exists():
        _targets(source).save(output)
    write_front_end(output, front_end, shrink)
    return rows


def dequantise(levels: NDArray[np.uint8]) -> Strip:
    """Turn eight-bit levels `[bands, frames]` into standardised log-mel."""
    return standardise(levels.astype(np.float32) * np.float32(TOP_DB / 255) - np.float32(TOP_DB))


def _targets(source: Path) -> Targets:
    tags, features = np.load(source / "tags.npy"), np.load(source / "features.npy")
    variance: Sequence[float] = np.load(source / "feature_variance.npy").tolist()
    windows = tags.shape[1]
    # Weights go with the deviation that each component had: the last ones are mostly noise.
    deviation = np.sqrt(np.asarray(variance))
    return Targets(
        values=np.concatenate([tags, features], axis=2),
        starts=tuple(STRIDE * window for window in range(windows)),
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
