"""What a training looks like to a person."""

from collections.abc import Sequence
from datetime import timedelta
from threading import Event
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from trainer.runs import FitOptions

LONG = 3600.0  # seconds over which the speed is taken: a batch may last many of them


class FitDisplay:
    """Shows the lines of a training and, on a terminal, how far the epoch below them is.

    Told to stop, it raises KeyboardInterrupt at the next batch or line: an epoch that is being
    validated and saved is finished before.
    """

    def __init__(
        self, options: FitOptions, stop: Event | None = None, console: Console | None = None
    ) -> None:
        self._options = options
        self._stop = stop or Event()
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._clear()

    def say(self, text: str) -> None:
        """Show a line in place of the bar."""
        self._clear()
        self._console.print(Text(text))
        self._stop_if_told()

    def progress(self, epoch: int, losses: Sequence[float]) -> None:
        """Show how far an epoch is, from the losses of its batches so far."""
        self._stop_if_told()
        if not self._console.is_terminal:
            return
        if not self._bar:
            self._bar = self._begin(epoch)
        mean = f"loss {sum(losses) / len(losses):.3f}" if losses else ""
        self._bar.update(self._bar.task_ids[0], completed=len(losses), loss=mean)

    def _begin(self, epoch: int) -> Progress:
        bar = Progress(
            TextColumn(f"epoch {epoch:3d}/{self._options.epochs}"),
            BarColumn(20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}"),
            _Speed(self._options.batch_size),
            console=self._console,
            refresh_per_second=4,
            speed_estimate_period=LONG,
            transient=True,
        )
        bar.add_task("", total=self._options.batches, loss="")
        bar.start()
        return bar

    def _clear(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _stop_if_told(self) -> None:
        if self._stop.is_set():
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
