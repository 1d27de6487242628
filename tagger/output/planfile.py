"""Reads the CSV of a scan back, after whatever a spreadsheet has done to it."""

import csv
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from tagger.errors import PathError, reason
from tagger.output.cells import cell_genres, cell_path, row_text
from tagger.runtime.packed import Packed
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


def read_plan(file: Path, *, overwrite: bool = False) -> Sequence[PlannedWrite]:
    """Return the rows to be written, in little memory.

    Args:
        file: the table.
        overwrite: write the rows of files that keep their genre as well.

    Raises:
        PathError: the table cannot be read as a whole, or lacks a column.
    """
    wanted = {Action.WRITE, Action.CLEAR} | ({Action.KEEP} if overwrite else set())
    with _opened(file) as reader:
        return Packed(_planned(file, reader, wanted))


def _planned(
    file: Path, rows: Iterable[TableRow], wanted: Container[str]
) -> Iterator[PlannedWrite]:
    for found in rows:
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
        yield PlannedWrite(
            path=cell_path(row["path"]),
            genres=() if clears else cell_genres(row["genre"]),
            existing=cell_genres(row["existing_genre"]),
            clears=clears,
        )


def read_table(file: Path) -> Table:
    """Read a table.

    A byte-order mark, semicolons or tabs between columns, a line `sep=;` above the header, capitals
    in it and any line ends are accepted, and the columns may stand in any order.

    Raises:
        PathError: it cannot be read as a whole, or lacks a column.
    """
    with _opened(file) as reader:
        rows = tuple(reader)
        return Table(
            head=reader.head,
            tail=reader.rest(),
            delimiter=reader.delimiter,
            columns=reader.columns,
            rows=rows,
        )


class _Reader:
    """Reads a table row by row; see `read_table`.

    Attributes:
        head: the text before the first row.
        delimiter: between columns.
        columns: their names, in small letters.
    """

    def __init__(self, file: Path, lines: Iterator[str]) -> None:
        self._file = file
        self._taken: list[str] = []  # lines since the last row
        first = next(lines, "")
        start = first.removeprefix(_MARK).rstrip("\r\n")
        self._skipped = int(start[:-1].lower() == "sep=")
        self.delimiter = start[-1] if self._skipped else max(_DELIMITERS, key=start.count)
        if not self._skipped:
            lines = chain([first.removeprefix(_MARK)] if first else [], lines)
        self._csv = csv.reader(map(self._take, lines), delimiter=self.delimiter, strict=True)
        self.columns = tuple(name.strip().lower() for name in self._next() or ())
        if missing := [column for column in NEEDED if column not in self.columns]:
            raise PathError(f"{file} is not a table of a scan: it has no column {missing[0]!r}.")
        mark = _MARK if first.startswith(_MARK) and not self._skipped else ""
        self.head = (first if self._skipped else mark) + self.rest()

    def _take(self, line: str) -> str:
        self._taken.append(line)
        return line

    def rest(self) -> str:
        """Return the text that was read since the last row."""
        text = "".join(self._taken)
        self._taken.clear()
        return text

    def _next(self) -> list[str] | None:
        try:
            return next(self._csv, None)
        except csv.Error as error:
            raise PathError(
                f"{self._file} is damaged in line {self._line} ({error}), so nothing was written."
            ) from None

    @property
    def _line(self) -> int:
        return self._csv.line_num + self._skipped

    def __iter__(self) -> Iterator[TableRow]:
        # Some spreadsheets leave empty cells out.
        least = max(map(self.columns.index, NEEDED)) + 1
        while (cells := self._next()) is not None:
            if not any(cells):
                continue
            if not least <= len(cells) <= len(self.columns):
                raise PathError(
                    f"{self._file} is damaged in line {self._line}: it has {len(cells)} columns and"
                    f" not {len(self.columns)}, so nothing was written."
                )
            yield TableRow(
                line=self._line,
                text=self.rest(),
                values=tuple(cells),
                cells=dict(zip(self.columns, cells, strict=False)),
            )


@contextmanager
def _opened(file: Path) -> Iterator[_Reader]:
    """Open a table; what goes wrong while it is read is one sentence.

    Raises:
        PathError: it cannot be read as a whole, or lacks a column.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe or a device may have no end
            raise PathError(f"{file} is not a regular file.")
        with file.open(encoding="utf-8", newline="") as lines:
            yield _Reader(file, lines)
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise PathError(f"{file} is not in UTF-8; save it as 'CSV UTF-8'.") from None
        raise PathError(f"{file} cannot be read: {reason(error)}.") from None
