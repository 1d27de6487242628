"""What all commands use to talk to a person: sentences, tables, questions, bars."""

import logging
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

logger = logging.getLogger("genretag")
"""What is said on standard error is logged as well; without a log file that leads nowhere."""
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(logging.NullHandler())

_UNLIMITED = 10_000  # letters in a line that another program reads
_COUNTED_AT_ONCE = 100  # files
_ROOM = 3  # columns
_LONGEST_NAME = 40  # letters of a file that is waited for

T = TypeVar("T")


class _Waiting(ProgressColumn):
    """Names what is being waited for, whenever the bar is drawn."""

    def __init__(self, waiting_for: Callable[[], Path | None]) -> None:
        self._waiting_for = waiting_for
        super().__init__()

    def render(self, task: Task) -> Text:
        """Return a name, or nothing."""
        path = self._waiting_for()
        return Text(f"waiting for {cut(printable(path.name), _LONGEST_NAME)}" if path else "")


@dataclass(frozen=True)
class _Narrower:
    """Leaves room at the end of a line."""

    content: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(
            self.content, options.update_width(max(options.max_width - _ROOM, 1))
        )


class _Bar(Progress):
    """A bar behind which a terminal can show ^C, without a line that is left behind by that."""

    def get_renderable(self) -> RenderableType:
        """Return the bar."""
        return _Narrower(super().get_renderable())


def progress_bar(
    *,
    shown: bool,
    stderr: bool = False,
    waiting_for: Callable[[], Path | None] = lambda: None,
) -> Progress:
    """Return a bar with count and rate, which stays below what is printed on its console.

    It is disabled where there is no terminal, and where it would get into a table: when it is on
    standard error because something else is on a standard output that may end on the terminal.

    Args:
        shown: whether it is wanted.
        stderr: it is on standard error.
        waiting_for: tells the file that takes long, if there is one.
    """
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    return _Bar(
        TextColumn("{task.percentage:3.0f} %"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        _Waiting(waiting_for),
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


def end_of(path: str, to: int) -> str:
    """Return the last letters of a path, no more than that: they tell more than the first ones."""
    return path if len(path) <= to else f"…{path[len(path) - to + 1 :]}"


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
    from rich.prompt import Confirm

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
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNLIMITED
    console.print(table)


def complain(text: str) -> None:
    """Show one sentence, or several lines, on standard error, and log it.

    Files have a say in it, by their names or what a library says about them.
    """
    shown = "\n".join(map(printable, text.split("\n")))
    logger.warning("%s", shown)
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(shown))


def when(seconds: float) -> str:
    """Return a time, in seconds since 1970, to the minute and in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
