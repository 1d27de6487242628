"""The options of a training."""

from dataclasses import dataclass, field
from typing import Literal

from trainer.networks.registry import Optimizer
from trainer.training.batches import Augmentation, Balance

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
Keep = Literal["best", "last", "average"]


@dataclass(frozen=True)
class FitOptions:
    """Every choice that shapes a training."""

    data: tuple[str, ...]
    train_splits: tuple[str, ...] = ("train",)
    fold: int | None = None  # of a data set in folds: validate on this one, train on the others
    arch: str = "vgg16"
    weights: str = "none"  # "imagenet", "none", or a file
    init: str | None = None  # a run folder whose weights are the start
    teachers: tuple[str, ...] = ()  # run folders whose answers are learnt as well
    teacher_share: float = 0.5  # of their answers in the targets
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
    shares: tuple[str, ...] = ()  # "NAME=SHARE": share of the windows drawn from that data set
    layer_decay: float = 1.0  # learning rate of each block of VGG, as a factor of that of the next
    shrink: int = 1
    patience: int | None = None  # epochs without a better validation; None: no early stopping
    precision: Precision = "float32"
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)
