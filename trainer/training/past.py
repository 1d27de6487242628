"""The epochs that a run has behind it, and what it may go on with."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from tagger.errors import DataError
from trainer.training.augmentation import Augmentation
from trainer.training.history import AnyEpoch, History
from trainer.training.options import Keep, TrainingOptions, option_name
from trainer.training.run_folder import RUN_FILE

CHANGEABLE = frozenset({"epochs", "patience"})
"""What a resumed run may have changed: how long it is trained."""


class Begun(Protocol[AnyEpoch]):
    """A run folder, of a training or a pretraining."""

    @property
    def options(self) -> TrainingOptions:
        """Its options."""

    @property
    def history(self) -> History[AnyEpoch]:
        """Its epochs."""

    def weights(self, keep: Keep) -> Path:
        """Return the file of its best or last weights."""


def past_epochs(
    folder: Path,
    options: TrainingOptions,
    *,
    resume: bool,
    load: Callable[[Path], Begun[AnyEpoch]],
) -> tuple[AnyEpoch, ...]:
    """Return the epochs of a run that are done already.

    Raises:
        DataError: there is a run but it is not to be resumed, or cannot be, or has more epochs.
    """
    if not (folder / RUN_FILE).exists():
        return ()
    if not resume:
        raise DataError(f"{folder} holds a run already; go on with --resume, or name another.")
    begun = load(folder)
    if others := "; ".join(differences(begun.options, options)):
        raise DataError(
            f"{folder} was begun with other options: {others}. Repeat those of the run, or name "
            "another folder."
        )
    past = tuple(begun.history.read())
    if len(past) > options.epochs:
        raise DataError(
            f"{folder} was trained for {len(past)} epochs already, more than --epochs "
            f"{options.epochs}."
        )
    if past and not (last := begun.weights("last")).exists():
        raise DataError(
            f"{folder} cannot be resumed: {len(past)} epochs are done, but {last.name} is missing."
        )
    return past


def differences(begun: TrainingOptions, options: TrainingOptions) -> Iterator[str]:
    """Yield each option that a run may not change but that is another now, with both values."""
    for field in fields(options):
        was, now = getattr(begun, field.name), getattr(options, field.name)
        if was == now or field.name in CHANGEABLE:
            continue
        name = "DATA" if field.name == "data" else option_name(field.name)
        if isinstance(was, Augmentation) and was.level == now.level:
            name, was, now = "--mixup", was.mixup, now.mixup
        yield f"{name} is {_text(now)} and was {_text(was)}"


def _text(value: Any) -> str:
    """Return the value of an option as it is given on the command line."""
    if isinstance(value, Augmentation):
        return value.level
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "not given"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not given" if value in (None, "") else str(value)
