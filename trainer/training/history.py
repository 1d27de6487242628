"""What each epoch gave, kept as CSV and for TensorBoard."""

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.errors import DataError

if TYPE_CHECKING:
    from tensorboardX.event_file_writer import EventsWriter

COLUMNS = (
    "epoch",
    "seconds",
    "learning_rate",
    "loss",
    "window_accuracy",
    "track_accuracy",
    "track_loss",
)
TENSORBOARD = {
    "train/loss": "loss",
    "train/learning_rate": "learning_rate",
    "train/seconds": "seconds",
    "validation/window_accuracy": "window_accuracy",
    "validation/track_accuracy": "track_accuracy",
    "validation/track_loss": "track_loss",
}


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave; accuracies are of the validation tracks, NaN where there are none."""

    epoch: int
    seconds: float
    learning_rate: float
    loss: float
    window_accuracy: float
    track_accuracy: float
    track_loss: float

    def better_than(self, other: "Epoch | None") -> bool:
        """Compare by track accuracy, then by track loss."""
        if other is None:
            return True
        return (self.track_accuracy, -self.track_loss) > (other.track_accuracy, -other.track_loss)


class History:
    """The epochs of a run: `history.csv`, and beside it the same as TensorBoard events."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._events: EventsWriter | None = None

    def read(self) -> list[Epoch]:
        """Return the epochs so far.

        Raises:
            DataError: the file is damaged.
        """
        if not self._file.exists():
            return []
        try:
            with self._file.open(newline="", encoding="utf-8") as file:
                return [
                    Epoch(int(line["epoch"]), *(float(line[key]) for key in COLUMNS[1:]))
                    for line in csv.DictReader(file)
                ]
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{self._file} is damaged; remove its last line.") from None

    def append(self, epoch: Epoch) -> None:
        """Add an epoch; it is on the disk when this returns."""
        begin = not self._file.exists()
        with self._file.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if begin:
                writer.writerow(COLUMNS)
            writer.writerow([epoch.epoch, *(f"{getattr(epoch, key):.6g}" for key in COLUMNS[1:])])
        self._append_events(epoch)

    def _append_events(self, epoch: Epoch) -> None:
        # The usual SummaryWriter hands events to a thread, and a killed process would lose some.
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.summary import Summary

        if self._events is None:
            # A run that goes on has a file of its own: TensorBoard reads them as one, and from
            # this mark on drops what a killed process noted of the same epochs.
            prefix = self._file.with_name("events")
            self._events = EventsWriter(str(prefix), f".{epoch.epoch}")
            mark = SessionLog(status=SessionLog.START)
            self._events.write_event(Event(step=epoch.epoch, session_log=mark))
        values = {name: getattr(epoch, key) for name, key in TENSORBOARD.items()}
        summary = Summary(
            value=[
                Summary.Value(tag=name, simple_value=value)
                for name, value in values.items()
                if not math.isnan(value)
            ]
        )
        self._events.write_event(Event(wall_time=time.time(), step=epoch.epoch, summary=summary))
        self._events.flush()
