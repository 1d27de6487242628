"""What all commands use to talk to a person: sentences, tables, questions, bars."""

import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

from tagger.runtime.logfile import logger

_UNLIMITED = 10_000  # letters in a line that another program reads
_COUNTED_AT_ONCE = 100  # files

T = TypeVar("T")


def progress_bar(*, shown: bool, stderr: bool = False) -> Progress:
    """Return a bar with count and rate, which stays below what is printed on its console.

    It is disabled where there is no terminal, and where it would get into a table: when it is on
    standard error because something else is on a standard output that may end on the terminal.
    """
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    return Progress(
        TextColumn("{task.percentage:3.0f} %"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        transient=True,
        disable=not shown or not console.is_terminal or (stderr and not _output_is_a_file()),
    )


def counted(items: Iterable[T], *, shown: bool) -> Iterator[T]:
    """Yield files as they are found, and show on a terminal how many there are so far."""
    console = Console(stderr=True, highlight=False)
    if not (shown and console.is_terminal):
        yield from items
        return
    with console.status("Looking for music…") as status:
        for number, item in enumerate(items, 1):
            if number % _COUNTED_AT_ONCE == 0:
                status.update(f"Looking for music… {number} files")
            yield item


def _output_is_a_file() -> bool:
    """Tell whether standard output neither goes to a terminal nor, by a pipe, may end on one."""
    with suppress(OSError, ValueError):
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    return False


def printable(name: str | Path) -> str:
    """Return a path, or text from a tag, as what a terminal can show and cannot be steered by."""
    text = os.fspath(name)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "�" for c in text)


def cut(text: str, to: int) -> str:
    """Return a text with no more letters than that; an ellipsis stands for the others."""
    return text if len(text) <= to else f"{text[: to - 1]}…"


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a span of time as a person says it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def ask(question: str) -> bool:
    """Ask on the terminal; only a clear yes is one."""
    return Confirm.ask(Text(question), default=False, console=Console(stderr=True))


def show_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show rows in columns, but for those in which nothing stands.

    Where a terminal has too little room, the widest column gives way.
    """
    columns = [(name, cells) for name, *cells in zip(header, *rows, strict=True) if any(cells)]
    widest = max(columns, key=lambda column: max(map(len, column[1])), default=None)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column[0], overflow="fold", no_wrap=column is not widest)
    for row in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNLIMITED
    console.print(table)


def complain(text: str) -> None:
    """Show one sentence on standard error, and log it."""
    logger.warning("%s", text)
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(text))


def when(seconds: float) -> str:
    """Return a time, in seconds since 1970, to the minute and in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
