"""Reads the CSV of a scan back, after whatever a spreadsheet has done to it."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from tagger.errors import PathError
from tagger.output.cells import cell_genres, cell_path
from tagger.tracks import Action

NEEDED = ("path", "genre", "action", "existing_genre")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class PlannedWrite:
    """A row whose action is `write`."""

    path: Path
    genres: tuple[str, ...]
    existing: tuple[str, ...]


def read_plan(file: Path) -> list[PlannedWrite]:
    """Return the rows to be written.

    A byte-order mark, semicolons or tabs between columns and any line ends are accepted, and the
    columns may stand in any order.

    Raises:
        PathError: the file cannot be read, or lacks a column.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PathError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise PathError(f"{file} is not in UTF-8; save it as 'CSV UTF-8'.") from None
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    if missing := [column for column in NEEDED if column not in (rows.fieldnames or ())]:
        raise PathError(f"{file} is not a table of a scan: it has no column {missing[0]!r}.")
    try:
        planned = list(rows)
    except csv.Error as error:
        raise PathError(f"{file} is damaged in line {rows.line_num} ({error}).") from None
    for row in planned:
        # A slip of the pen is not to pass for a row that nobody wants to be written.
        if (action := row["action"].strip().lower()) not in ("", *Action):
            raise PathError(
                f"{file}: there is no action {action!r} (for {cell_path(row['path'])}); "
                f"nothing was written. Say {Action.WRITE} or {Action.SKIP}."
            )
    return [
        PlannedWrite(
            cell_path(row["path"]),
            cell_genres(row["genre"]),
            cell_genres(row["existing_genre"]),
        )
        for row in planned
        if row["action"].strip().lower() == Action.WRITE
    ]
