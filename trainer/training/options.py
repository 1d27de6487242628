"""The options of a training and of a pretraining."""

from dataclasses import dataclass, field
from typing import Literal

from trainer.networks.registry import Optimizer
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Balance

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
Keep = Literal["best", "last", "average"]

RENAMED = {
    "train_splits": "train-split",
    "augmentation": "augment",
    "teachers": "teacher",
    "shares": "share",
}
"""What fields of options are called on the command line, where it is not by their name."""


def option_name(field: str) -> str:
    """Return what a field of options is called on the command line."""
    return f"--{RENAMED.get(field, field.replace('_', '-'))}"


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What every training chooses.

    Attributes:
        arch: The architecture, one of `trainer.networks.registry`.
        weights: First weights: "imagenet", "none", or a file.
        batch_norm: Whether there is batch normalisation; None: unless all layers are pretrained.
        epochs: Epochs.
        batches: Batches in an epoch.
        batch_size: Windows in a batch.
        optimizer: The optimizer; SGD is with Nesterov's momentum.
        learning_rate: Peak, before the cosine decay.
        warm_up: Batches until the peak is reached.
        weight_decay: Weight decay of AdamW and SGD.
        dropout: Share of dropout.
        average: Epochs that the moving average of the weights spans; 0: none.
        shrink: Bands and frames that are averaged into one cell, in each direction.
        precision: Arithmetic of the training.
        seed: Seed of everything random.
        augmentation: What is done to windows.
    """

    arch: str = "vgg16"
    weights: str = "none"
    batch_norm: bool | None = None
    epochs: int = 60
    batches: int = 60
    batch_size: int = 32
    optimizer: Optimizer = "adamw"
    learning_rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 1e-2
    dropout: float = 0.5
    average: float = 0.0
    shrink: int = 1
    precision: Precision = "float32"
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def final(self) -> Keep:
        """The weights that a training with these options comes to."""
        return "average" if self.average else "last"


@dataclass(frozen=True, kw_only=True)
class FitOptions(TrainingOptions):
    """Every choice that shapes a training.

    Attributes:
        data: Prepared data sets.
        train_splits: The splits to train on.
        fold: Of data sets in folds, the one to validate on.
        init: A run folder whose weights are the start.
        teachers: Run folders whose predictions are learnt as well.
        teacher_share: Share of their predictions in the targets.
        recordings: A prepared data set with a teacher's vectors, which are learnt as well.
        recordings_share: Share of the windows that are drawn from it.
        head: Units of the dense layers before the last one.
        label_smoothing: Share of the targets that is spread over all genres.
        head_epochs: First epochs in which pretrained layers stay as they are.
        unfreeze_from: Block from which on layers train after that.
        unfreeze_layers: How many of the last pretrained layers train after that; None: it goes by
            blocks.
        balance: How genres are balanced.
        shares: "NAME=SHARE", the share of the windows drawn from that data set.
        layer_decay: Learning rate of each block of VGG, as a factor of that of the next.
        patience: Epochs without a better validation until the training stops; None: it does not.
    """

    data: tuple[str, ...]
    train_splits: tuple[str, ...] = ("train",)
    fold: int | None = None
    init: str | None = None
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.5
    recordings: str | None = None
    recordings_share: float = 0.4
    head: tuple[int, ...] = ()
    label_smoothing: float = 0.0
    head_epochs: int = 0
    unfreeze_from: int = 1
    unfreeze_layers: int | None = None
    balance: Balance = "even"
    shares: tuple[str, ...] = ()
    layer_decay: float = 1.0
    patience: int | None = None


@dataclass(frozen=True, kw_only=True)
class PretrainOptions(TrainingOptions):
    """Every choice that shapes a pretraining.

    Attributes:
        data: A prepared data set with targets.
        teacher: What made the targets, if it was named: an ONNX file, or `module:function`.
        probe: Labelled prepared data sets for the linear probe.
        probe_every: Epochs from one linear probe to the next.
    """

    data: str
    teacher: str | None = None
    probe: tuple[str, ...] = ()
    probe_every: int = 4
    batch_size: int = 64
    warm_up: int = 200
    weight_decay: float = 0.05
    dropout: float = 0.1
    average: float = 2.0
    augmentation: Augmentation = field(default_factory=Augmentation.mild)
