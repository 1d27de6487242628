"""The log of runs that nobody watches: `scan --log`.

What is said on standard error is logged as well, wherever it comes from; without a log file that is
dropped. So no part of the program has to know whether there is one.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagger.errors import PathError, reason

LARGEST = 1_000_000  # bytes of a log file before it becomes FILE.1
OLDER = 4  # that many are kept

logger = logging.getLogger("genretag")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(logging.NullHandler())  # otherwise warnings would be printed a second time


@contextmanager
def logging_to(file: Path | None) -> Iterator[None]:
    """Append what is logged to a file, and start a new one when that is large.

    Raises:
        PathError: it cannot be written.
    """
    if file is None:
        yield
        return
    from logging.handlers import RotatingFileHandler

    try:
        handler = RotatingFileHandler(
            file, maxBytes=LARGEST, backupCount=OLDER, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise PathError(f"The log {file} cannot be written ({reason(error)}).") from None
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


class _OneLine(logging.Formatter):
    """A line for each message: names of files can hold line breaks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a message."""
        text = super().format(record)
        return "".join(c if c.isprintable() else "�" for c in text)
