"""The log of runs that nobody watches: `scan --log`."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tagger.errors import PathError, reason
from tagger.output.console import complain, logger, printable

LARGEST = 1_000_000  # bytes of a log file before it becomes FILE.1
OLDER = 4  # that many are kept


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Append what is logged to a file, and start a new one when that is large.

    Raises:
        PathError: it cannot be written.
    """
    try:
        handler = _LogFile(file)
    except OSError as error:
        raise PathError(f"The log {file} cannot be written ({reason(error)}).") from None
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


class _LogFile(RotatingFileHandler):
    """A log that is given up, with one sentence, when it can no longer be written."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            file, maxBytes=LARGEST, backupCount=OLDER, encoding="utf-8", errors="backslashreplace"
        )
        self.setFormatter(_OneLine("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Go on without the log."""
        logger.removeHandler(self)
        error = sys.exception() or OSError("unknown reason")
        complain(f"The log {self.baseFilename} cannot be written any more ({reason(error)}).")

    def close(self) -> None:
        """Close the file; what cannot be written any more is lost."""
        try:
            super().close()
        except OSError:
            self.stream = None


class _OneLine(logging.Formatter):
    """A line for each message: names of files can hold line breaks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a message."""
        return printable(super().format(record))
