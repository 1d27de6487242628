"""Tables of ready features, with one row a clip or segment, as they go round with GTZAN.

The columns are `filename`, `label`, and the summary features under the names of these tables
(`chroma_stft_mean`, `mfcc1_var` and so on), in any order; others are ignored. Segments
that are called `blues.00000.0.wav`, `blues.00000.1.wav` and so on are rows of one track.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np

from tagger.audio.frontend import Strip
from tagger.audio.summary import NAMES, SummaryFeatures
from tagger.errors import DataError, reason
from trainer.data.dataset import save_strip
from trainer.data.tracks_table import Row
from trainer.files import whole

FEATURES_FILE = "features.csv"
SEGMENT = re.compile(r"(.+\.\d{5})\.\d+")
THEIR_NAMES = {
    "chroma": "chroma_stft",
    "spectral roll-off": "rolloff",
    "percussion": "perceptr",
}


def column(name: str) -> str:
    """Return what a feature is called in these tables."""
    if name == "tempo":
        return name
    line, _, moment = name.rpartition(" ")
    known = THEIR_NAMES.get(line, line.replace("mfcc ", "mfcc").replace(" ", "_").replace("-", "_"))
    return f"{known}_{'var' if moment == 'variance' else moment}"


COLUMNS = tuple(map(column, NAMES))
"""In the order of the features."""


def is_feature_table(source: Path) -> bool:
    """Tell by the name whether a source is a table of features."""
    return source.is_file() and source.suffix.lower() == ".csv"


def read_feature_table(table: Path) -> dict[Row, Strip]:
    """Read the features of each track, `[features, segments]`.

    Raises:
        DataError: the table cannot be read, lacks columns, or has cells that are no numbers.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file, restval=""))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{table} cannot be read as a table ({reason(error)}).") from None
    if not lines:
        raise DataError(f"{table} lists no clips.")
    if missing := [name for name in ("filename", "label", *COLUMNS) if name not in lines[0]]:
        raise DataError(f"{table} has no column {', '.join(missing[:3])}.")
    segments: dict[Row, list[list[float]]] = defaultdict(list)
    for number, line in enumerate(lines, 1):
        try:
            values = [float(line[name]) for name in COLUMNS]
        except ValueError:
            raise DataError(f"{table}: row {number} has a cell that is no number.") from None
        if not (np.isfinite(values).all() and line["label"] and line["filename"]):
            raise DataError(f"{table}: row {number} lacks a name, a label or a finite number.")
        segments[_row(line)].append(values)
    return {row: np.array(found, np.float32).T for row, found in segments.items()}


def _row(line: dict[str, str]) -> Row:
    stem = PurePath(line["filename"]).stem
    segment = SEGMENT.fullmatch(stem)
    track = segment[1] if segment else stem
    return Row(file=f"{line['label']}/{track}.npy", genre=line["label"], track=track)


def save_features(output: Path, features: dict[Row, Strip]) -> list[Row]:
    """Write the strip of each track; gives the rows with their length.

    Raises:
        DataError: they cannot be written.
    """
    front_end = SummaryFeatures()
    for row, strip in features.items():
        save_strip(output / row.file, strip, front_end.storage)
    return [
        replace(row, seconds=strip.shape[1] * front_end.seconds) for row, strip in features.items()
    ]


def write_feature_table(folder: Path, rows: Iterable[Row]) -> None:
    """Write the features of a prepared folder as such a table, `features.csv`, a row a segment.

    Raises:
        DataError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("filename", *COLUMNS, "label"))
    for row in rows:
        for number, values in enumerate(np.load(folder / row.file).T):
            name = f"{PurePath(row.file).stem}.{number}.wav"
            writer.writerow((name, *(f"{value:.9g}" for value in values), row.genre))
    with whole(folder / FEATURES_FILE) as file:
        file.write(text.getvalue().encode("utf-8", "surrogateescape"))
