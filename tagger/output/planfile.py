"""Reads the CSV of a scan back, after whatever a spreadsheet has done to it."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tagger.errors import PathError, reason
from tagger.output.cells import cell_genres, cell_path, row_text
from tagger.tracks import Action

NEEDED = ("path", "genre", "action", "existing_genre")
_DELIMITERS = ",;\t"
_MARK = "\ufeff"  # of byte order; some spreadsheets begin a file with it


@dataclass(frozen=True, kw_only=True)
class PlannedWrite:
    """A row whose genre is to be written or removed."""

    path: Path
    genres: tuple[str, ...]
    existing: tuple[str, ...]
    clears: bool = False  # remove the genre


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A row of the table, with the text that it was read from."""

    line: int  # number of its last line
    text: str = field(repr=False)  # with its line end, and empty lines before it
    values: tuple[str, ...] = field(repr=False)
    cells: Mapping[str, str]  # by column, in small letters


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as a spreadsheet may have left it."""

    head: str  # the text before the first row
    tail: str  # the text after the last one
    delimiter: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def edited(self, changes: Mapping[int, Mapping[str, str]]) -> str:
        """Return the text of the table with other cells; all other rows stay letter by letter.

        Args:
            changes: new cells by column, for rows by their place.
        """
        rows = (
            self._edited(row, changes[place]) if place in changes else row.text
            for place, row in enumerate(self.rows)
        )
        return "".join([self.head, *rows, self.tail])

    def _edited(self, row: TableRow, changes: Mapping[str, str]) -> str:
        values = [*row.values]
        for column, cell in changes.items():
            values[self.columns.index(column)] = cell
        end = row.text[len(row.text.rstrip("\r\n")) :]
        return row_text(values, self.delimiter) + end


def read_plan(file: Path, *, overwrite: bool = False) -> list[PlannedWrite]:
    """Return the rows to be written.

    Args:
        file: the table.
        overwrite: write the rows of files that keep their genre as well.

    Raises:
        PathError: the table cannot be read as a whole, or lacks a column.
    """
    wanted = {Action.WRITE, Action.CLEAR} | ({Action.KEEP} if overwrite else set())
    planned = []
    for found in read_table(file).rows:
        line, row = found.line, found.cells
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


def read_table(file: Path) -> Table:
    """Read a table.

    A byte-order mark, semicolons or tabs between columns, a line `sep=;` above the header, capitals
    in it and any line ends are accepted, and the columns may stand in any order.

    Raises:
        PathError: it cannot be read as a whole, or lacks a column.
    """
    text = _text(file)
    lines = list(io.StringIO(text, newline=""))
    first = lines[0].removeprefix(_MARK).rstrip("\r\n") if lines else ""
    skipped = int(first[:-1].lower() == "sep=")
    delimiter = first[-1] if skipped else max(_DELIMITERS, key=first.count)
    body = lines[skipped:]
    if body and not skipped:
        body[0] = body[0].removeprefix(_MARK)
    reader = csv.reader(body, delimiter=delimiter, strict=True)
    rows = []
    try:
        header = tuple(name.strip().lower() for name in next(reader, []))
        if missing := [column for column in NEEDED if column not in header]:
            raise PathError(f"{file} is not a table of a scan: it has no column {missing[0]!r}.")
        least = max(map(header.index, NEEDED)) + 1  # some spreadsheets leave empty cells out
        start = head = reader.line_num
        for cells in reader:
            if not any(cells):
                continue
            line = reader.line_num + skipped
            if not least <= len(cells) <= len(header):
                raise PathError(
                    f"{file} is damaged in line {line}: it has {len(cells)} columns and not"
                    f" {len(header)}, so nothing was written."
                )
            rows.append(
                TableRow(
                    line=line,
                    text="".join(body[start : reader.line_num]),
                    values=tuple(cells),
                    cells=dict(zip(header, cells, strict=False)),
                )
            )
            start = reader.line_num
    except csv.Error as error:
        raise PathError(
            f"{file} is damaged in line {reader.line_num + skipped} ({error}), so nothing was"
            " written."
        ) from None
    return Table(
        head="".join(lines[: skipped + head]),
        tail="".join(body[start:]),
        delimiter=delimiter,
        columns=header,
        rows=tuple(rows),
    )


def _text(file: Path) -> str:
    try:
        if file.exists() and not file.is_file():  # a pipe or a device may have no end
            raise PathError(f"{file} is not a regular file.")
        return file.read_bytes().decode()
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise PathError(f"{file} is not in UTF-8; save it as 'CSV UTF-8'.") from None
        raise PathError(f"{file} cannot be read: {reason(error)}.") from None
