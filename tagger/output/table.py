"""Results for other programs: CSV and JSON lines."""

import json
import os
from collections.abc import Sequence
from typing import Any, Protocol, TextIO

from tagger.errors import PathError, reason
from tagger.output.cells import genres_cell, path_cell, row_text, text_cell
from tagger.tracks import Result

COLUMNS = (
    "path",
    "status",
    "genre",
    "confidence",
    "second_genre",
    "second_confidence",
    "existing_genre",
    "action",
    "seconds",
    "error",
)


_Guess = tuple[tuple[str, ...], float | None]  # the names of a genre, and its confidence


class Writer(Protocol):
    """Writes results one by one."""

    def write(self, result: Result) -> None:
        """Add a result; it is in the file when this returns.

        Raises:
            PathError: it cannot be written.
        """


class CsvWriter:
    """The CSV of the scan: fixed columns, then one probability column a label."""

    HEADER_LINES = 1

    def __init__(self, file: TextIO, labels: Sequence[str]) -> None:
        self._file = file
        self._n_labels = len(labels)
        self._write_row((*COLUMNS, *(f"p_{label}" for label in labels)))

    def write(self, result: Result) -> None:
        """Add a row."""
        (genre, first), (second_genre, second) = _two_best(result)
        texts = {
            "path": path_cell(result.path),
            "status": result.status,
            "genre": genres_cell(result.genres or genre),
            "confidence": _number(first),
            "second_genre": genres_cell(second_genre),
            "second_confidence": _number(second),
            "existing_genre": genres_cell(result.existing),
            "action": result.action,
            "seconds": f"{result.seconds:.2f}",
            "error": text_cell(result.error),
        }
        probabilities = result.probabilities or (None,) * self._n_labels
        self._write_row((*(texts[column] for column in COLUMNS), *map(_number, probabilities)))

    def _write_row(self, cells: Sequence[str]) -> None:
        _put(self._file, row_text(cells) + "\n")


class JsonLinesWriter:
    """One JSON object a line, with the columns of the CSV and lists where there are several."""

    def __init__(self, file: TextIO, labels: Sequence[str]) -> None:
        self._file = file
        self._labels = labels

    def write(self, result: Result) -> None:
        """Add a line."""
        (genre, first), (second_genre, second) = _two_best(result)
        record: dict[str, Any] = {
            "path": os.fspath(result.path),
            "status": result.status,
            "genre": result.genres or genre,
            "confidence": _rounded(first),
            "second_genre": ", ".join(second_genre) or None,
            "second_confidence": _rounded(second),
            "existing_genre": list(result.existing),
            "action": result.action,
            "seconds": round(result.seconds, 2),
            "error": result.error or None,
            "probabilities": dict(
                zip(self._labels, map(_rounded, result.probabilities), strict=False)
            ),
        }
        # ASCII escapes can hold names that are not valid UTF-8.
        _put(self._file, json.dumps(record) + "\n")


def _put(file: TextIO, line: str) -> None:
    """Write a line and hand it over at once."""
    try:
        file.write(line)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PathError(f"The results cannot be written ({reason(error)}).") from None


def _two_best(result: Result) -> tuple[_Guess, _Guess]:
    first, second, *_ = (*result.ranked, ((), None), ((), None))
    return first, second


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
