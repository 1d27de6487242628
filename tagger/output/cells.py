"""The cells of the CSV: what is done to texts on their way out, and undone on their way back."""

import csv
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

SEPARATOR = "; "  # between genres in one cell

# A cell that begins like this is run as a formula by a spreadsheet, or is marked already.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_URI = "file://"
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")


def text_cell(text: str) -> str:
    """Return a text that neither a spreadsheet would run nor a terminal obey.

    What would be a formula gets a quotation mark before it; control characters are escaped.
    """
    text = _ESCAPED.sub(lambda found: _escape("\\") + found[0][1:], text)  # it was none
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escape(c) for c in text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"


def cell_text(cell: str) -> str:
    """Return the text that `text_cell` was given."""
    text = cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
    return _ESCAPED.sub(_character, text)


def _character(escaped: re.Match[str]) -> str:
    code = int(escaped[1] or escaped[2], 16)
    return chr(code) if code <= sys.maxunicode else escaped[0]


def path_cell(path: Path) -> str:
    """Return a path as text; one that is not UTF-8 or holds a line break as a URI."""
    text = os.fspath(path)
    if text.isprintable() and not text.startswith(_URI):
        return text_cell(text)
    return path.absolute().as_uri()


def cell_path(cell: str) -> Path:
    """Return the path that `path_cell` was given, made absolute if it came as a URI."""
    if not cell.startswith(_URI):
        return Path(cell_text(cell))
    path = os.fsdecode(unquote_to_bytes(cell.removeprefix(_URI)))
    if os.name == "nt":
        path = path.removeprefix("/")
    return Path(path)


def genres_cell(genres: Sequence[str]) -> str:
    """Join genres into one cell."""
    return text_cell(joined_genres(genres))


def joined_genres(genres: Sequence[str]) -> str:
    """Join genres into one text; a semicolon within a genre gets a backslash."""
    return SEPARATOR.join(genre.replace(";", r"\;") for genre in genres)


def cell_genres(cell: str) -> tuple[str, ...]:
    """Split a cell into genres."""
    parts = (part.replace(r"\;", ";").strip() for part in re.split(r"(?<!\\);", cell_text(cell)))
    return tuple(part for part in parts if part)


def row_text(cells: Sequence[str], delimiter: str = ",") -> str:
    """Return cells as one row, without a line end."""
    # The csv module quotes a carriage return only if it is part of the line's end, and a bare one
    # would break the row for line tools.
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n")
