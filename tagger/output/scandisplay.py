"""What a scan looks like to a person."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from rich.table import Table
from rich.text import Text

from tagger.output.console import (
    complain,
    count_of,
    cut,
    duration,
    end_of,
    logger,
    printable,
    progress_bar,
)
from tagger.tracks import Action, Result, Status

GENRE_WIDTH = 17  # the longest ID3v1 names are longer, and rare
_LEAST_OF_PATH = 24  # letters on a terminal: a line that is too long then goes on in the next
MOST_LETTERS = 60  # of the genres of one file: a tag may hold any text


class ScanDisplay:
    """Shows results as they come, and the sum of them at the end.

    On a terminal a progress bar stays below the results; elsewhere there are plain lines. Failures
    are listed once, at the end, where nobody has to search for them.

    Args:
        quiet: show only failures, as they come, and on standard error.
        results: show a line for each track, and not only header, bar and summary.
        stderr: use standard error, since something else is on standard output.
    """

    def __init__(self, *, quiet: bool, results: bool, stderr: bool) -> None:
        self._quiet = quiet
        self._results = results
        self._progress = progress_bar(
            shown=not quiet, stderr=stderr or quiet, waiting_for=self._slow
        )
        self._waiting_for: Callable[[], Path | None] = lambda: None
        self._console = self._progress.console
        self._on_terminal = self._console.is_terminal
        self._task = self._progress.add_task("", total=None, rate="")
        self._genres: Counter[str] = Counter()
        self._statuses: Counter[Status] = Counter()
        self._actions: Counter[Action] = Counter()
        self._locked = 0  # files in folders that may not be written
        self._left_out: Counter[str] = Counter()
        self._failures: list[str] = []
        self._workers = ""
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
        """Take the number of tracks, once that is known."""
        self._progress.update(self._task, total=total)

    def leave_out(self, suffixes: Counter[str]) -> None:
        """Take the numbers of files that are not analysed, by their suffix."""
        self._left_out = suffixes

    def follow(self, waiting_for: Callable[[], Path | None]) -> None:
        """Name beside the bar what takes long.

        Args:
            waiting_for: tells the file, if there is one.
        """
        self._waiting_for = waiting_for

    def _slow(self) -> Path | None:
        return self._waiting_for()

    def header(self, text: str) -> None:
        """Show a line about the scan as a whole."""
        if not self._quiet:
            self._say(Text(text, style="dim"))

    def add(self, result: Result) -> None:
        """Show and count a result."""
        self._statuses[result.status] += 1
        self._actions[result.action] += 1
        self._locked += result.locked
        if result.status is Status.OK:
            self._genres[result.ranking[0][0]] += 1
        if result.failed:
            self._failures.append(printable(f"{result.path} {result.error}"))
            logger.warning("%s", self._failures[-1])
            if self._quiet:
                self._show(Text(self._failures[-1]))
        elif self._results and not self._quiet:
            self._show(_line(result, self._console.width if self._on_terminal else None))
        if self._progress.disable:
            return
        done = self._statuses.total()
        rate = done / max(time.monotonic() - self._started, 1e-3)
        self._progress.update(
            self._task, completed=done, rate=f"{rate:.1f} tracks/s{self._workers}"
        )

    def show_workers(self, number: int) -> None:
        """Show beside the rate how many workers a cluster has."""
        self._workers = f", {count_of(number, 'worker')}"

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
        """Show the sum of it.

        Args:
            write_tags: the scan was no dry run.
            cut_short: what the scan was, if it did not reach its end, such as "Interrupted".
        """
        done = self._statuses.total()
        if not (done or cut_short):
            return
        seconds = time.monotonic() - self._started
        cut = f"{cut_short} after " if cut_short else ""
        speed = f"{duration(seconds)} ({done / max(seconds, 1e-3):.1f} a second)"
        sentence = f"{cut}{count_of(done, 'track')} in {speed}: {self._outcome()}"
        logger.info("%s", sentence)
        if self._quiet:
            return
        self._progress.stop()
        if self._genres:
            self._console.print()
            self._console.print(_genre_table(self._genres))
        self._console.print()
        self._show_failures()
        self._say(Text(sentence))
        for kinds in other_kinds(self._left_out):
            self._say(Text(kinds))
        if not write_tags and (files := self._actions[Action.WRITE]):
            would = f"With --write-tags, {count_of(files, 'file')} would get a genre"
            if self._locked:
                would += f"; {self._locked} of them in folders that may not be written"
            self._say(Text(f"Nothing was written. {would}."))

    def _show_failures(self) -> None:
        if self._failures:
            self._console.print(Text("Could not be read or written:", style="red"))
            for sentence in self._failures:
                self._console.print(Text(f"  {sentence}"))
            self._console.print()

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


def other_kinds(suffixes: Counter[str]) -> list[str]:
    """Return a sentence on files that are not analysed, by their suffix; none without any."""
    if not suffixes:
        return []
    listed = ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common())
    return [f"Left out, as kinds of files that are not analysed: {listed}."]


def _line(result: Result, width: int | None) -> Text:
    """Lay out one result: genre, confidence, path, and what is special about it.

    Args:
        result: of a track.
        width: columns that there are, if the path is to be cut for them.
    """
    error = printable(result.error)
    if result.ranking:
        best, confidence = result.ranking[0]
        name = _genres(result.genres) or cut(best, MOST_LETTERS)
        style = "bold" if result.status is Status.OK else "dim"
        percent = f"{confidence:4.0%}"
        notes = {
            Action.KEEP: f"  keeps {_genres(result.existing)}",
            Action.SKIP: f"  {error or 'uncertain'}",
            Action.WRITTEN: "  written",
        }
        note = notes.get(result.action, "")
    else:
        name, style, percent, note = result.status.replace("_", " "), "yellow", "  – ", f" {error}"
    first, path = f"{name:<{GENRE_WIDTH}}", printable(result.path)
    if width is not None:
        path = end_of(path, max(width - len(f"{first} {percent}   {note}"), _LEAST_OF_PATH))
    return Text.assemble((first, style), f" {percent}   {path}", (note, "dim"))


def _genres(names: Sequence[str]) -> str:
    return cut(printable(", ".join(names)), MOST_LETTERS)


def _genre_table(genres: Counter[str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    most = max(genres.values())
    for genre, count in genres.most_common():
        table.add_row(
            Text(cut(printable(genre), MOST_LETTERS)),
            Text(str(count)),
            Text("█" * max(1, 24 * count // most), style="cyan"),
        )
    return table
