"""Reads the CSV of a scan back, after whatever a spreadsheet has done to it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tagger.errors import PathError, reason
from tagger.output.cells import cell_genres, cell_path
from tagger.tracks import Action

NEEDED = ("path", "genre", "action", "existing_genre")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, kw_only=True)
class PlannedWrite:
    """A row whose genre is to be written or removed."""

    path: Path
    genres: tuple[str, ...]
    existing: tuple[str, ...]
    clears: bool = False  # remove the genre


def read_plan(file: Path, *, overwrite: bool = False) -> list[PlannedWrite]:
    """Return the rows to be written.

    A byte-order mark, semicolons or tabs between columns, a line `sep=;` above the header, capitals
    in it and any line ends are accepted, and the columns may stand in any order.

    Args:
        file: the table.
        overwrite: write the rows of files that keep their genre as well.

    Raises:
        PathError: the table cannot be read as a whole, or lacks a column.
    """
    wanted = {Action.WRITE, Action.CLEAR} | ({Action.KEEP} if overwrite else set())
    planned = []
    for line, row in _rows(file, _text(file)):
        action = row["action"].strip().lower()
        # A typing error is not to pass for a row that nobody wants to be written.
        if action not in ("", *Action):
            raise PathError(
                f"{file}, line {line}: there is no action {action!r}, so nothing was written."
                f" Use {Action.WRITE}, {Action.CLEAR} or {Action.SKIP}."
            )
        if action not in wanted:
            continue
        if not row["path"].strip():
            raise PathError(f"{file}, line {line}: the path is empty, so nothing was written.")
        clears = action == Action.CLEAR
        planned.append(
            PlannedWrite(
                path=cell_path(row["path"]),
                genres=() if clears else cell_genres(row["genre"]),
                existing=cell_genres(row["existing_genre"]),
                clears=clears,
            )
        )
    return planned


def _text(file: Path) -> str:
    try:
        if file.exists() and not file.is_file():  # a pipe or a device may have no end
            raise PathError(f"{file} is not a regular file.")
        return file.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise PathError(f"{file} is not in UTF-8; save it as 'CSV UTF-8'.") from None
        raise PathError(f"{file} cannot be read: {reason(error)}.") from None


def _rows(file: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each row's last line, and its cells by column."""
    first, _, rest = text.partition("\n")
    separator = first.rstrip("\r")
    skipped = 0
    if separator[:-1].lower() == "sep=":
        delimiter, text, skipped = separator[-1], rest, 1
    else:
        delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if missing := [column for column in NEEDED if column not in header]:
            raise PathError(f"{file} is not a table of a scan: it has no column {missing[0]!r}.")
        least = max(map(header.index, NEEDED)) + 1  # some spreadsheets leave empty cells out
        for cells in reader:
            if not any(cells):
                continue
            line = reader.line_num + skipped
            if not least <= len(cells) <= len(header):
                raise PathError(
                    f"{file} is damaged in line {line}: it has {len(cells)} columns and not"
                    f" {len(header)}, so nothing was written."
                )
            yield line, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise PathError(
            f"{file} is damaged in line {reader.line_num + skipped} ({error}), so nothing was"
            " written."
        ) from None
