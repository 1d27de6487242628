"""`genretag-train fit`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tagger.errors import UsageError
from tagger.runtime.interrupt import said_when_stopped
from trainer.commands import options as shared
from trainer.networks.registry import Augment, Optimizer, network
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Balance
from trainer.training.options import FitOptions
from trainer.training.run_folder import load_run, read_options

RENAMED = {
    "train_split": "train_splits",
    "augment": "augmentation",
    "teacher": "teachers",
    "share": "shares",
}


def fit(
    context: typer.Context,
    run: shared.NewRun,
    data: Annotated[
        list[Path] | None, typer.Argument(help="Prepared data sets, taken together.")
    ] = None,
    repeat: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Take options from this run.toml or run folder; those given here as well win.",
        ),
    ] = None,
    resume: shared.Resume = False,
    train_split: Annotated[
        list[str] | None,
        typer.Option(help="Train on this split (repeatable): train, valid, test; default: train."),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(help="For data in folds: validate on this fold, train on the others."),
    ] = None,
    arch: shared.Arch = "vgg16",
    weights: shared.Weights = "none",
    init: Annotated[
        Path | None,
        typer.Option(help="Start from the weights of this run of fit or pretrain."),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(help="Learn the predictions of this run beside the labels (repeatable)."),
    ] = None,
    teacher_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the teachers' predictions in the targets.")
    ] = 0.5,
    batch_norm: shared.BatchNorm = None,
    epochs: shared.Epochs = 60,
    batches: shared.Batches = 60,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Windows in a batch; default: 32, or 128 for ann.")
    ] = None,
    head_epochs: Annotated[
        int, typer.Option(min=0, help="Keep pretrained layers fixed for the first N epochs.")
    ] = 0,
    unfreeze_from: Annotated[
        int,
        typer.Option(
            min=1, max=6, help="After that, train VGG from this block on; 6: only the last layer."
        ),
    ] = 1,
    learning_rate: shared.LearningRate = 1e-3,
    warm_up: shared.WarmUp = 100,
    weight_decay: shared.WeightDecay = 1e-2,
    optimizer: Annotated[
        Optimizer | None,
        typer.Option(help="Optimizer; default: adamw, or adam for cnn-small and ann."),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.99,
            help="Share of dropout; default: 0.5, and less for cnn14, cnn-small and ann.",
        ),
    ] = None,
    average: shared.Average = 0.0,
    balance: Annotated[
        Balance,
        typer.Option(
            help="Balance genres: draw all alike, by the root of their tracks, weigh rare ones "
            "more in the loss, or none of these."
        ),
    ] = "even",
    augment: Annotated[
        Augment | None,
        typer.Option(help="How much to vary windows; default: normal, off for pictures and ann."),
    ] = None,
    mixup: Annotated[
        float, typer.Option(min=0, callback=shared.finite, help="Parameter of mixup; 0: off.")
    ] = 0.4,
    shrink: shared.Shrink = 1,
    share: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SHARE",
            help="Draw this share of the windows from the data set of that folder name "
            "(repeatable).",
        ),
    ] = None,
    layer_decay: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Learning rate of each VGG block, as a factor of the next block's."
        ),
    ] = 1.0,
    patience: Annotated[
        int | None, typer.Option(help="Stop after N epochs without a better validation.")
    ] = None,
    precision: shared.PrecisionOption = "float32",
    seed: shared.Seed = 1,
) -> None:
    """Train a network to tell genres."""
    defaults = network(arch).defaults
    augmentations = {
        "off": Augmentation.off(),
        "normal": replace(Augmentation(), mixup=mixup),
        "strong": replace(Augmentation.strong(), mixup=mixup),
    }
    options = FitOptions(
        data=tuple(map(str, data or ())),
        train_splits=tuple(train_split or ("train",)),
        fold=fold,
        arch=arch,
        weights=weights,
        init=str(init) if init else None,
        teachers=tuple(map(str, teacher or ())),
        teacher_share=teacher_share,
        batch_norm=batch_norm,
        epochs=epochs,
        batches=batches,
        batch_size=batch_size or defaults.batch_size,
        head_epochs=head_epochs,
        unfreeze_from=unfreeze_from,
        learning_rate=learning_rate,
        warm_up=warm_up,
        optimizer=optimizer or defaults.optimizer,
        weight_decay=weight_decay,
        dropout=defaults.dropout if dropout is None else dropout,
        average=average,
        balance=balance,
        shares=tuple(share or ()),
        layer_decay=layer_decay,
        shrink=shrink,
        patience=patience,
        precision=precision,
        seed=seed,
        augmentation=augmentations[augment or defaults.augment],
    )
    given = shared.given_options(context)
    if repeat or (resume and not data):
        begun = read_options(repeat) if repeat else load_run(run).options
        changed = shared.changes(given, options, RENAMED)
        if "mixup" in given and "augment" not in given:
            changed["augmentation"] = replace(begun.augmentation, mixup=mixup)
        options = replace(begun, **changed)
    if not options.data:
        raise UsageError("Name prepared data sets, or a training to repeat with --from.")
    with said_when_stopped(lambda: shared.how_to_go_on("fit", run)):
        from trainer.training.display import TrainingDisplay
        from trainer.training.plan import plan

        planned = plan(run, options, resume=resume)
        with TrainingDisplay(options) as display:
            for sentence in _without_effect(given, options):
                display.say(sentence)
            from trainer.training.fit import fit as fit_run

            fit_run(planned, report=display.say, progress=display.progress)


def _without_effect(given: set[str], options: FitOptions) -> Iterator[str]:
    """Yield a sentence for each option that was given and does nothing."""
    not_vgg = not options.arch.startswith("vgg")
    idle = {
        "weight_decay": ("with --optimizer adam", options.optimizer == "adam"),
        "layer_decay": (
            "with --optimizer adam" if options.optimizer == "adam" else f"with {options.arch}",
            options.optimizer == "adam" or not_vgg,
        ),
        "mixup": ("with --augment off", options.augmentation == Augmentation.off()),
        "teacher_share": ("without --teacher", not options.teachers),
    }
    for name, (why, true) in idle.items():
        if name in given and true:
            yield f"--{name.replace('_', '-')} has no effect {why}."
