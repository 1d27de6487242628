"""`tracks.csv`: which tracks a prepared data set holds."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tagger.errors import DataError, reason
from trainer.files import whole

TRACKS_FILE = "tracks.csv"
UNLABELLED = "unlabelled"  # the genre of tracks that nobody has labelled
COLUMNS = ("file", "genre", "track", "split", "seconds", "group", "fold")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of `tracks.csv`; `file` is relative to the folder."""

    file: str
    genre: str
    track: str
    split: str = ""  # one of SPLITS, or a `WindowSplit`; empty where there are folds
    seconds: float = 0.0
    group: str = ""  # artist or album, which no split may divide; empty if it is not known
    fold: str = ""  # 1, 2, … of a cross-validation

    @property
    def key(self) -> tuple[str, str]:
        """Genre and name, which tell tracks apart."""
        return self.genre, self.track

    @property
    def full_name(self) -> str:
        """Genre and name as one text."""
        return f"{self.genre}/{self.track}"


def read_rows(table: Path) -> list[Row]:
    """Read a `tracks.csv`; all columns but `file` and `genre` may be missing.

    A column `artist`, for people who write the table themselves, is the same as `group`.

    Raises:
        DataError: the file cannot be read, or lacks columns, rows or cells.
    """
    try:
        # Names of files need not be valid UTF-8.
        with table.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            lines = list(csv.DictReader(file, restval=""))
    except OSError as error:
        raise DataError(f"{table} cannot be read ({reason(error)}).") from None
    except csv.Error as error:
        raise DataError(f"{table} is not a table ({error}).") from None
    if not lines:
        raise DataError(f"{table} lists no tracks.")
    if missing := [column for column in COLUMNS[:2] if column not in lines[0]]:
        raise DataError(f"{table} has no column {', '.join(missing)}.")
    return [_row(table, number, line) for number, line in enumerate(lines, 1)]


def _row(table: Path, number: int, line: dict[str, str]) -> Row:
    if empty := [column for column in COLUMNS[:2] if not line[column]]:
        raise DataError(f"Track {number} in {table} has no {empty[0]}.")
    try:
        seconds = float(line.get("seconds") or 0)
    except ValueError:
        raise DataError(f"{table}: {line['seconds']!r} is not a number of seconds.") from None
    return Row(
        file=line["file"],
        genre=line["genre"],
        track=line.get("track") or Path(line["file"]).with_suffix("").as_posix(),
        split=line.get("split", ""),
        seconds=seconds,
        group=line.get("group") or line.get("artist", ""),
        fold=line.get("fold", ""),
    )


def write_rows(table: Path, rows: Iterable[Row]) -> None:
    """Write a `tracks.csv`.

    Raises:
        DataError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        (
            *(row.file, row.genre, row.track, row.split),
            *(f"{row.seconds:.2f}", row.group, row.fold),
        )
        for row in rows
    )
    with whole(table) as file:
        file.write(text.getvalue().encode("utf-8", "surrogateescape"))
