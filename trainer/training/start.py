"""What a training starts from: another run, or a pretraining, without its last layer if need be."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.audio.frontend import FrontEnd
from tagger.audio.frontend_registry import front_end_of
from tagger.errors import DataError
from trainer.training.run_folder import (
    PRETRAINING,
    RUN_FILE,
    load_run,
    load_weights,
    read_run_file,
)

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Start:
    """Trained weights that a new training begins with.

    Attributes:
        folder: The run folder.
        arch: The architecture.
        front_end: Of its data.
        batch_norm: Whether it has batch normalisation.
        labels: What its last layer tells apart; empty for a pretraining.
        weights: The file of the weights.
        train_splits: The splits it was trained on; empty for a pretraining.
        fold: The fold that it was not trained on, if there are folds.
    """

    folder: Path
    arch: str
    front_end: FrontEnd
    batch_norm: bool
    labels: tuple[str, ...]
    weights: Path
    train_splits: tuple[str, ...] = ()
    fold: int | None = None

    def load_into(self, model: "keras.Model", labels: tuple[str, ...]) -> None:
        """Set the weights of a network with these labels; its last layer only if they are the same.

        Raises:
            DataError: the weights do not fit the network.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the last layer, which has other labels
            load_weights(model, self.weights, skip_mismatch=labels != self.labels)


def load_start(folder: Path) -> Start:
    """Read the run folder of a training or a pretraining.

    Raises:
        DataError: it is neither, or has no weights.
    """
    stored = read_run_file(folder)
    if stored.get("kind") == PRETRAINING:
        return _start_from_pretraining(folder, stored)
    run = load_run(folder)
    return Start(
        folder=folder,
        arch=run.options.arch,
        front_end=run.front_end,
        batch_norm=run.batch_norm,
        labels=run.labels,
        weights=run.there(run.final),
        train_splits=run.options.train_splits,
        fold=run.options.fold,
    )


def _start_from_pretraining(folder: Path, stored: Mapping[str, Any]) -> Start:
    try:
        weights = folder / f"{stored['final']}.weights.h5"
        start = Start(
            folder=folder,
            arch=stored["arch"],
            front_end=front_end_of(stored["front_end"]),
            batch_norm=stored["batch_norm"],
            labels=(),
            weights=weights,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{folder} is not a run folder: its {RUN_FILE} is damaged.") from None
    if not weights.exists():
        raise DataError(f"{folder} has no {weights.name}; it has not finished an epoch.")
    return start
