"""What `apply` and `undo` look like to a person: a line a file, a bar below them, and the sum."""

from pathlib import Path
from typing import Protocol, Self

from rich.text import Text

from tagger.output.console import complain, count_of, cut, printable, progress_bar


class Change(Protocol):
    """What became of one file."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres that it has now, or would have."""

    @property
    def error(self) -> str:
        """Why it was left alone; empty if it was not."""

    @property
    def changed(self) -> bool:
        """Whether its genres were different."""

    @property
    def moved_from(self) -> Path | None:
        """Where the file was when it was written; None if it is still there."""


class ChangeDisplay:
    """Shows changes as they are made, and the sum of them at the end.

    Args:
        total: how many files there are.
        done: what is done with them, such as "written".
        dry_run: say that it would be done.
        quiet: show only failures.
    """

    def __init__(self, total: int, *, done: str, dry_run: bool, quiet: bool) -> None:
        self.failed = 0
        self._words = f"would be {done}" if dry_run else done
        self._quiet = quiet
        self._changed = self._unchanged = 0
        self._bar = progress_bar(shown=not quiet)
        self._task = self._bar.add_task("", total=total, rate="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, change: Change) -> None:
        """Show and count a change."""
        self._bar.advance(self._task)
        if change.error:
            self.failed += 1
            self._bar.stop()
            complain(f"{printable(change.path)}{_moved(change)} {change.error}")
            self._bar.start()
            return
        self._changed += change.changed
        self._unchanged += not change.changed
        if change.changed and not self._quiet:
            genres = cut(printable(", ".join(change.genres)) or "no genre", to=60)
            self._print(f"{genres}  {printable(change.path)}{_moved(change)}")

    def summary(self, cut_short: str = "") -> None:
        """Show the sum."""
        parts = [f"{count_of(self._changed, 'file')} {self._words}"]
        parts += [f"{self._unchanged} had it already"] if self._unchanged else []
        parts += [f"{self.failed} left alone"] if self.failed else []
        if not self._quiet:
            print(f"{cut_short}{', '.join(parts)}")

    def _print(self, line: str) -> None:
        if self._bar.disable:
            print(line)
        else:
            self._bar.console.print(Text(line))


def _moved(change: Change) -> str:
    return f" (moved from {printable(change.moved_from)})" if change.moved_from else ""
