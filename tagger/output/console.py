"""What a scan looks like to a person."""

import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

from tagger.tracks import Action, Result, Status

GENRE_WIDTH = 17  # the longest ID3v1 names are longer, and rare
_UNLIMITED = 10_000  # letters in a line that another program reads


class ScanDisplay:
    """Shows results as they come, and the sum of them at the end.

    On a terminal a progress bar stays below the results; elsewhere there are plain lines. What
    failed is listed once, at the end, where nobody has to look for it. With `results` off, only the
    header, the bar and the summary are shown; with `quiet`, only what failed, as it comes, and that
    on standard error. With `stderr`, something else is on standard output: a bar would get into it,
    unless it goes to a file.
    """

    def __init__(self, total: int = 0, *, quiet: bool, results: bool, stderr: bool) -> None:
        self._quiet = quiet
        self._results = results
        self._console = Console(stderr=stderr or quiet, highlight=False, soft_wrap=True)
        self._on_terminal = self._console.is_terminal
        self._progress = Progress(
            TextColumn("{task.percentage:3.0f} %"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            transient=True,
            disable=quiet or not self._on_terminal or (stderr and not _output_is_a_file()),
        )
        self._task = self._progress.add_task("", total=total, rate="")
        self._genres: Counter[str] = Counter()
        self._statuses: Counter[Status] = Counter()
        self._actions: Counter[Action] = Counter()
        self._failures: list[str] = []
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    @property
    def any_failed(self) -> bool:
        """Tell whether a file could not be read or written."""
        return bool(self._failures)

    def expect(self, total: int) -> None:
        """Tell how many tracks there are, once that is known."""
        self._progress.update(self._task, total=total)

    def header(self, text: str) -> None:
        """Show a line about the scan as a whole."""
        if not self._quiet:
            self._say(Text(text, style="dim"))

    def add(self, result: Result) -> None:
        """Show and count a result."""
        self._statuses[result.status] += 1
        self._actions[result.action] += 1
        if result.status is Status.OK:
            self._genres[result.ranking[0][0]] += 1
        if result.failed:
            self._failures.append(f"{printable(result.path)} {result.error}")
            if self._quiet:
                self._show(Text(self._failures[-1]))
        elif self._results and not self._quiet:
            self._show(_line(result))
        if self._progress.disable:
            return
        done = self._statuses.total()
        rate = done / max(time.monotonic() - self._started, 1e-3)
        self._progress.update(self._task, completed=done, rate=f"{rate:.1f} tracks/s")

    def _show(self, line: Text) -> None:
        if self._on_terminal:
            self._console.print(line)
        else:  # Rich would take longer than a scan of what is known
            self._console.file.write(f"{line.plain}\n")
            self._console.file.flush()

    def complain(self, text: str) -> None:
        """Show one sentence on standard error, with the bar out of its way."""
        bar = self._progress if self._progress.live.is_started else None
        if bar:
            bar.stop()
        complain(text)
        if bar:
            bar.start()

    def _say(self, sentence: Text) -> None:
        """Show a sentence, broken between words; one with a path stays whole, to be copied."""
        self._console.print(sentence, soft_wrap=not self._on_terminal)

    def summary(self, *, write_tags: bool, cut_short: str = "") -> None:
        """Show the sum of it; a scan that did not reach its end was cut short by what."""
        done = self._statuses.total()
        if self._quiet or not (done or cut_short):
            return
        self._progress.stop()
        if self._genres:
            self._console.print()
            self._console.print(_genre_table(self._genres))
        self._console.print()
        if self._failures:
            self._console.print(Text("Could not be read or written:", style="red"))
            for sentence in self._failures:
                self._console.print(Text(f"  {sentence}"))
            self._console.print()
        seconds = time.monotonic() - self._started
        cut = f"{cut_short} after " if cut_short else ""
        speed = f"{_duration(seconds)} ({done / max(seconds, 1e-3):.1f} a second)"
        self._say(Text(f"{cut}{count_of(done, 'track')} in {speed}: {self._outcome()}"))
        if not write_tags and (files := self._actions[Action.WRITE]):
            would = f"With --write-tags, {count_of(files, 'file')} would get a genre."
            self._say(Text(f"Nothing was written. {would}"))

    def _outcome(self) -> str:
        parts = [f"{self._statuses[Status.OK]} with a genre"]
        parts += [
            f"{self._statuses[status]} {status.replace('_', ' ')}"
            for status in Status
            if status is not Status.OK and self._statuses[status]
        ]
        shown = {Action.WRITTEN: "written", Action.KEEP: "had one already", Action.FAILED: "failed"}
        parts += [
            f"{self._actions[action]} {words}"
            for action, words in shown.items()
            if self._actions[action]
        ]
        return ", ".join(parts)


def _output_is_a_file() -> bool:
    """Tell whether standard output neither goes to a terminal nor, by a pipe, may end on one."""
    with suppress(OSError, ValueError):
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    return False


def _line(result: Result) -> Text:
    """Lay out one result: genre, confidence, path, and what is special about it."""
    path = printable(result.path)
    if not result.ranking:
        name = result.status.replace("_", " ")
        return Text.assemble((f"{name:<{GENRE_WIDTH}}", "yellow"), f"   –    {path} ", result.error)
    best, confidence = result.ranking[0]
    style = "bold" if result.status is Status.OK else "dim"
    notes = {
        Action.KEEP: f"  keeps {printable(', '.join(result.existing))}",
        Action.SKIP: f"  {result.error or 'uncertain'}",
        Action.WRITTEN: "  written",
    }
    return Text.assemble(
        (f"{printable(', '.join(result.genres) or best):<{GENRE_WIDTH}}", style),
        f" {confidence:4.0%}   {path}",
        (notes.get(result.action, ""), "dim"),
    )


def _genre_table(genres: Counter[str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    most = max(genres.values())
    for genre, count in genres.most_common():
        table.add_row(Text(genre), str(count), Text("█" * max(1, 24 * count // most), style="cyan"))
    return table


def printable(name: str | Path) -> str:
    """Return a path, or text from a tag, as what a terminal can show and cannot be steered by."""
    text = os.fspath(name)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "�" for c in text)


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
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
    """Show one sentence on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(text))


def when(seconds: float) -> str:
    """Return a time, in seconds since 1970, to the minute and in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
