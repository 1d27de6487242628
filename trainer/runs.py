"""A run folder: everything that a training left behind, enough to go on with it or repeat it.

`run.json` holds the options and facts, `history.csv` a line an epoch, `last.weights.h5` the
newest weights with the optimizer's state, `best.weights.h5` those of the best epoch on the
validation tracks, and `metrics.json` what `evaluate` found.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tagger.errors import DataError
from tagger.frontend import FrontEnd, WindowGrid
from trainer.batches import Augmentation, Balance

if TYPE_CHECKING:
    import keras

RUN_FILE = "run.json"
METRICS_FILE = "metrics.json"
FORMAT = 1

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
Keep = Literal["best", "last"]


@dataclass(frozen=True)
class FitOptions:
    """Every choice that shapes a training."""

    data: tuple[str, ...]
    train_splits: tuple[str, ...] = ("train",)
    fold: int | None = None  # of a data set in folds: validate on this one, train on the others
    weights: str = "none"  # "imagenet", "none", or a file with layers of VGG16
    init: str | None = None  # a run folder whose weights are the start
    batch_norm: bool | None = None  # None: unless all convolutions are pretrained
    epochs: int = 60
    batches: int = 60  # in an epoch
    batch_size: int = 32
    head_epochs: int = 0  # at the start, pretrained convolutions stay as they are
    unfreeze_from: int = 1  # block of VGG16 from which on they train after that
    learning_rate: float = 1e-3
    warm_up: int = 100  # batches
    weight_decay: float = 1e-2
    dropout: float = 0.5
    balance: Balance = "even"
    shrink: int = 1
    patience: int | None = None  # epochs without a better validation; None: no early stopping
    precision: Precision = "float32"
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)
    grid: WindowGrid = field(default_factory=WindowGrid)


@dataclass(frozen=True)
class Run:
    """What is known about a run without loading its weights."""

    folder: Path
    options: FitOptions
    front_end: FrontEnd
    labels: tuple[str, ...]
    batch_norm: bool
    facts: Mapping[str, Any]

    @property
    def history(self) -> Path:
        """One line an epoch."""
        return self.folder / "history.csv"

    def weights(self, keep: Keep) -> Path:
        """Return the file of the best or the last weights."""
        return self.folder / f"{keep}.weights.h5"

    def save(self) -> None:
        """Write `run.json`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(
            self.folder / RUN_FILE,
            {
                "format": FORMAT,
                "options": asdict(self.options),
                "front_end": self.front_end.to_dict(),
                "labels": self.labels,
                "batch_norm": self.batch_norm,
                "facts": dict(self.facts),
            },
        )

    def model(self, keep: Keep) -> "keras.Model":
        """Build the windows model with the best or the last weights.

        Raises:
            DataError: these weights are not there.
        """
        from trainer import networks

        model = networks.build_windows(
            None, len(self.labels), batch_norm=self.batch_norm, dropout=self.options.dropout
        )
        file = self.weights(keep)
        if not file.exists():
            raise DataError(f"{self.folder} has no {file.name}; did the training finish an epoch?")
        try:
            model.load_weights(file)
        except (OSError, ValueError) as error:
            raise DataError(f"{file} does not fit this network: {error}.") from None
        return model


def load_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        DataError: not a run folder, or one of another version.
    """
    try:
        stored = json.loads((folder / RUN_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        raise DataError(f"{folder} is not a run folder (no readable {RUN_FILE}).") from None
    if stored.get("format") != FORMAT:
        raise DataError(f"{folder} was made by another version of genretag-train.")
    options = dict(stored["options"])
    options["data"] = tuple(options["data"])
    options["train_splits"] = tuple(options["train_splits"])
    options["augmentation"] = Augmentation(**options["augmentation"])
    options["grid"] = WindowGrid(**options["grid"])
    return Run(
        folder,
        FitOptions(**options),
        FrontEnd.from_dict(stored["front_end"]),
        tuple(stored["labels"]),
        stored["batch_norm"],
        stored["facts"],
    )


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in one step: the old one stays until the new one is whole."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    part.replace(file)


def save_weights(model: "keras.Model", file: Path) -> None:
    """Write weights in one step, so that a kill leaves the old file or the new one."""
    part = file.with_name(f"part.{file.name}")
    model.save_weights(part, overwrite=True)
    part.replace(file)
