"""Progress of the trainer on a terminal."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from threading import Event
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from tagger.runtime.interrupt import told_to_stop
from trainer.training.options import TrainingOptions

LONG = 3600.0  # seconds over which the speed is taken: a batch may last many of them


def show(text: str, console: Console) -> None:
    """Print a line: broken between words on a terminal, and as it is elsewhere."""
    console.print(Text(text), soft_wrap=not console.is_terminal)


class _Display:
    """Shows lines and, on a terminal, a bar below them; it is gone when the next line comes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._clear()

    def say(self, text: str) -> None:
        """Show a line in place of the bar."""
        self._clear()
        show(text, self._console)

    def _show(self, done: int, total: int, columns: Sequence[ProgressColumn], **words: Any) -> None:
        """Move the bar; `columns` stand around it when it begins."""
        if not self._console.is_terminal:
            return
        if not self._bar:
            self._bar = Progress(
                *columns,
                console=self._console,
                refresh_per_second=4,
                speed_estimate_period=LONG,
                transient=True,
            )
            self._bar.add_task("", total=total, **words)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, **words)

    def _clear(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None


class PrepareDisplay(_Display):
    """Shows what is to be said of clips, on standard error, and how far the work on them is."""

    def __init__(self, console: Console | None = None, unit: str = "clips") -> None:
        super().__init__(console or Console(stderr=True, highlight=False))
        self._unit = unit

    def progress(self, done: int, total: int, unit: str = "") -> None:
        """Show how many are done; what else is counted than before gets a bar of its own."""
        if unit and unit != self._unit:
            self._clear()
            self._unit = unit
        columns = BarColumn(20), MofNCompleteColumn(), TextColumn(self._unit), TimeRemainingColumn()
        self._show(done, total, (*columns, TextColumn("left")))


class TrainingDisplay(_Display):
    """Shows the lines of a training and how far the epoch below them is.

    From the first epoch on, Ctrl-C is a KeyboardInterrupt at the next batch or line: an epoch that
    is being validated and saved is finished before.
    """

    def __init__(self, options: TrainingOptions, console: Console | None = None) -> None:
        super().__init__(console or Console(highlight=False))
        self._options = options
        self._signals = ExitStack()
        self._stop: Event | None = None

    def __exit__(self, *error: object) -> None:
        self._signals.close()
        super().__exit__(*error)

    def say(self, text: str) -> None:
        """Show a line in place of the bar."""
        super().say(text)
        self._stop_if_told()

    def progress(self, epoch: int, losses: Sequence[float]) -> None:
        """Show how far an epoch is, from the losses of its batches so far."""
        if self._stop is None:
            self._stop = self._signals.enter_context(told_to_stop())
        self._stop_if_told()
        columns = (
            TextColumn(f"epoch {epoch:3d}/{self._options.epochs}"),
            BarColumn(20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}"),
            _Speed(self._options.batch_size),
        )
        mean = f"loss {sum(losses) / len(losses):.3f}" if losses else ""
        self._show(len(losses), self._options.batches, columns, loss=mean)

    def _stop_if_told(self) -> None:
        if self._stop is not None and self._stop.is_set():
            raise KeyboardInterrupt


class _Speed(ProgressColumn):
    """Windows a second, and the time that is left of the epoch, once two batches have told it."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        super().__init__(Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        if not task.completed:
            return Text("starting")
        if task.finished:
            return Text("validating and saving")
        if not task.speed:
            return Text()
        left = timedelta(seconds=round(task.remaining / task.speed)) if task.remaining else ""
        return Text(f"{task.speed * self._batch_size:.1f} windows/s  {left} left")
