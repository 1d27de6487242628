"""A run folder: everything that a training left behind, enough to go on with it or repeat it.

`run.json` holds the options and facts, `history.csv` a line an epoch, `last.weights.h5` the
newest weights with the optimizer's state, `average.weights.h5` their moving average if one was
asked for, `best.weights.h5` those of the best epoch on the validation tracks, and
`metrics.json` what `evaluate` found.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tagger.errors import DataError
from tagger.frontend import FrontEnd
from tagger.frontends import front_end_of
from trainer.batches import Augment, Augmentation, Balance

if TYPE_CHECKING:
    import keras

RUN_FILE = "run.json"
METRICS_FILE = "metrics.json"
FORMAT = 1

Optimizer = Literal["adamw", "adam"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
Keep = Literal["best", "last", "average"]


@dataclass(frozen=True)
class Habits:
    """How a network is trained if nothing else is said."""

    batch_size: int = 32
    dropout: float = 0.5
    optimizer: Optimizer = "adamw"
    augment: Augment = "normal"


@dataclass(frozen=True)
class FitOptions:
    """Every choice that shapes a training."""

    data: tuple[str, ...]
    train_splits: tuple[str, ...] = ("train",)
    arch: str = "vgg16"
    weights: str = "none"  # "imagenet", "none", or a file
    init: str | None = None  # a run folder whose weights are the start
    batch_norm: bool | None = None  # None: unless all convolutions are pretrained
    epochs: int = 60
    batches: int = 60  # in an epoch
    batch_size: int = 32
    head_epochs: int = 0  # at the start, pretrained convolutions stay as they are
    unfreeze_from: int = 1  # block of VGG from which on they train after that
    optimizer: Optimizer = "adamw"
    learning_rate: float = 1e-3
    warm_up: int = 100  # batches
    weight_decay: float = 1e-2
    dropout: float = 0.5
    average: float = 0.0  # epochs that the moving average of the weights spans; 0: none
    balance: Balance = "even"
    shrink: int = 1
    patience: int | None = None  # epochs without a better validation; None: no early stopping
    precision: Precision = "float32"
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)


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
        from trainer.architectures import architecture, window_shape

        model = architecture(self.options.arch).build(
            window_shape(self.front_end, self.options.shrink),
            len(self.labels),
            batch_norm=self.batch_norm,
            dropout=self.options.dropout,
        )
        file = self.weights(keep)
        if not file.exists():
            raise DataError(f"{self.folder} has no {file.name}; did the training finish an epoch?")
        try:
            model.load_weights(file)
        except (OSError, ValueError) as error:
            raise DataError(f"{file} does not fit this network: {error}.") from None
        return model

    def deployed(self, keep: Keep) -> "keras.Model":
        """Build the model as a model file holds it: over strips, or window by window.

        Raises:
            DataError: these weights are not there.
        """
        from trainer.architectures import architecture

        network = architecture(self.options.arch)
        return network.deploy(self.model(keep), self.front_end, self.options.shrink)


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
    options.pop("grid", None)  # of older runs; it is the front end's
    return Run(
        folder,
        FitOptions(**options),
        front_end_of(stored["front_end"]),
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
