"""What each epoch gave, kept as CSV and for TensorBoard."""

import csv
import io
import math
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tagger.errors import DataError
from trainer.files import RESUME, write_text, writing

if TYPE_CHECKING:
    from tensorboardX.event_file_writer import EventsWriter


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What the training part of an epoch gave.

    Attributes:
        epoch: Its number, from 1.
        seconds: How long it took, without validation.
        learning_rate: Of its last batch.
        loss: Mean over its batches.
    """

    epoch: int
    seconds: float
    learning_rate: float
    loss: float

    @classmethod
    def tags(cls) -> dict[str, str]:
        """Return the TensorBoard tag of each number but that of the epoch."""
        own = {field.name for field in fields(Trained)}
        names = [field.name for field in fields(cls) if field.name != "epoch"]
        return {name: f"{'train' if name in own else 'validation'}/{name}" for name in names}


@dataclass(frozen=True, kw_only=True)
class Epoch(Trained):
    """An epoch of `fit`; the figures of the validation tracks are NaN where there are none."""

    window_accuracy: float
    track_accuracy: float
    track_loss: float

    def better_than(self, other: "Epoch | None") -> bool:
        """Compare by track accuracy, then by track loss."""
        if other is None:
            return True
        return (self.track_accuracy, -self.track_loss) > (other.track_accuracy, -other.track_loss)


@dataclass(frozen=True, kw_only=True)
class PretrainEpoch(Trained):
    """An epoch of `pretrain`; what was not measured is NaN.

    Attributes:
        validation_loss: Loss on windows of the validation recordings.
        correlation: Mean over outputs of the correlation with the targets, on the same windows.
        probe_window_accuracy: Accuracy of the linear probe on labelled windows.
        probe_track_accuracy: Accuracy of the linear probe on labelled tracks.
    """

    validation_loss: float
    correlation: float
    probe_window_accuracy: float
    probe_track_accuracy: float


AnyEpoch = TypeVar("AnyEpoch", bound=Trained)


class History(Generic[AnyEpoch]):
    """The epochs of a run: `history.csv`, and beside it the same as TensorBoard events."""

    def __init__(self, file: Path, kind: type[AnyEpoch]) -> None:
        self._file = file
        self._kind = kind
        self._columns = [field.name for field in fields(kind)]
        self._events: EventsWriter | None = None

    def read(self) -> list[AnyEpoch]:
        """Return the epochs so far.

        Raises:
            DataError: the file is damaged.
        """
        if not self._file.exists():
            return []
        try:
            with self._file.open(newline="", encoding="utf-8") as file:
                return [self._read(line) for line in csv.DictReader(file)]
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{self._file} is damaged; remove its last line.") from None

    def _read(self, line: dict[str, str]) -> AnyEpoch:
        numbers: dict[str, Any] = {name: float(line[name]) for name in self._columns}
        return self._kind(**{**numbers, "epoch": int(line["epoch"])})

    def append(self, epoch: AnyEpoch) -> None:
        """Add an epoch; it is on the disk when this returns.

        Raises:
            DataError: it cannot be written; the epochs before it stay.
        """
        before = self._file.read_text("utf-8") if self._file.exists() else ""
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        if not before:
            writer.writerow(self._columns)
        writer.writerow([f"{getattr(epoch, name):.6g}" for name in self._columns])
        write_text(self._file, before + lines.getvalue(), RESUME)
        with writing(self._file.with_name("events"), RESUME):
            self._append_events(epoch)

    def _append_events(self, epoch: AnyEpoch) -> None:
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
        values = {tag: getattr(epoch, name) for name, tag in epoch.tags().items()}
        summary = Summary(
            value=[
                Summary.Value(tag=name, simple_value=value)
                for name, value in values.items()
                if not math.isnan(value)
            ]
        )
        self._events.write_event(Event(wall_time=time.time(), step=epoch.epoch, summary=summary))
        self._events.flush()
