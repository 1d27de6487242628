"""The options that shape a training, which `fit` and `crossvalidate` share."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tagger.audio.frontend import FrontEnd
from tagger.audio.log_mel import MelStrip
from tagger.audio.pictures import SpectrogramPicture
from tagger.audio.summary import SummaryFeatures
from tagger.errors import UsageError
from trainer.commands import options as shared
from trainer.data.dataset import read_front_end
from trainer.networks.registry import Augment, Optimizer, defaults_for
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Balance
from trainer.training.options import FitOptions

AUGMENTATIONS: Mapping[type[FrontEnd], Mapping[Augment, Augmentation]] = {
    MelStrip: {"normal": Augmentation(), "strong": Augmentation.strong()},
    SpectrogramPicture: {
        "normal": Augmentation.of_pictures(),
        "strong": Augmentation.of_pictures_strong(),
    },
    SummaryFeatures: {"normal": Augmentation.blend(), "strong": Augmentation.blend()},
}
"""How windows of each front end are varied, unless that is off."""


def takes_choices(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take, in its `**choices`, the parameters of `choices_of_training`."""
    own = inspect.signature(command)
    *parameters, _choices = own.parameters.values()
    more = inspect.signature(choices_of_training).parameters.values()
    chosen = [parameter for parameter in more if parameter.kind is parameter.KEYWORD_ONLY]
    command.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*parameters, *chosen]
    )
    return command


def units(text: str) -> str:
    """Refuse what are no numbers of units.

    Raises:
        typer.BadParameter: one of them is no whole number above zero.
    """
    if text and not all(count.isdecimal() and int(count) for count in text.split(",")):
        raise typer.BadParameter(f"{text!r} is not a list of units such as 256,128.")
    return text


def choices_of_training(
    front_end: FrontEnd,
    /,
    *,
    arch: shared.Arch = "vgg16",
    weights: shared.Weights = "none",
    init: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Start from the weights of this run of fit or pretrain."),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RUN", help="Learn the predictions of this run beside the labels (repeatable)."
        ),
    ] = None,
    teacher_share: Annotated[
        float,
        typer.Option(
            min=0, max=1, metavar="SHARE", help="Share of the teachers' predictions in the targets."
        ),
    ] = 0.5,
    recordings: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="Learn a teacher's vectors for these recordings as well, as pretrain does.",
        ),
    ] = None,
    recordings_share: Annotated[
        float,
        typer.Option(
            min=0.01, max=0.99, metavar="SHARE", help="Share of the windows from --recordings."
        ),
    ] = 0.4,
    batch_norm: shared.BatchNorm = None,
    epochs: shared.Epochs = 60,
    batches: shared.Batches = 60,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Windows in a batch; default: 32, or 128 for ann."),
    ] = None,
    head_epochs: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Keep pretrained layers fixed for the first N epochs."
        ),
    ] = 0,
    unfreeze_from: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="After that, train from this block on; one more than there are: the head alone.",
        ),
    ] = 1,
    unfreeze_layers: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="After that, train this many of the last pretrained layers; any network.",
        ),
    ] = None,
    head: Annotated[
        str,
        typer.Option(
            metavar="UNITS,UNITS",
            help="Put dense layers before the last one, such as 256,128.",
            callback=units,
        ),
    ] = "",
    label_smoothing: Annotated[
        float,
        typer.Option(
            min=0, max=0.5, metavar="SHARE", help="Spread this share of a label over all genres."
        ),
    ] = 0.0,
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
            metavar="SHARE",
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
        typer.Option(help="How much to vary windows; default: normal, off for cnn-small and ann."),
    ] = None,
    mixup: Annotated[
        float | None,
        typer.Option(
            min=0,
            callback=shared.finite,
            metavar="X",
            help="Parameter of mixup; 0: off; default: 0.4, and off for pictures.",
        ),
    ] = None,
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
            min=0,
            max=1,
            metavar="FACTOR",
            help="Learning rate of each VGG block, as a factor of the next block's.",
        ),
    ] = 1.0,
    precision: shared.PrecisionOption = "float32",
) -> dict[str, Any]:
    """Return fields of `FitOptions`; what was not chosen is what suits the network."""
    defaults = defaults_for(arch, front_end)
    return {
        "arch": arch,
        "weights": weights,
        "init": str(init) if init else None,
        "teachers": tuple(map(str, teacher or ())),
        "teacher_share": teacher_share,
        "recordings": str(recordings) if recordings else None,
        "recordings_share": recordings_share,
        "batch_norm": batch_norm,
        "epochs": epochs,
        "batches": batches,
        "batch_size": batch_size or defaults.batch_size,
        "head_epochs": head_epochs,
        "unfreeze_from": unfreeze_from,
        "unfreeze_layers": unfreeze_layers,
        "head": tuple(int(count) for count in head.split(",") if count),
        "label_smoothing": label_smoothing,
        "learning_rate": learning_rate,
        "warm_up": warm_up,
        "optimizer": optimizer or defaults.optimizer,
        "weight_decay": weight_decay,
        "dropout": defaults.dropout if dropout is None else dropout,
        "average": average,
        "balance": balance,
        "shares": tuple(share or ()),
        "layer_decay": layer_decay,
        "shrink": shrink,
        "precision": precision,
        "augmentation": augmentation(front_end, augment or defaults.augment, mixup),
    }


def augmentation(front_end: FrontEnd, level: Augment, mixup: float | None) -> Augmentation:
    """Return how windows of a front end are varied, with its own mixup if None is chosen."""
    if level == "off":
        return Augmentation.off()
    found = AUGMENTATIONS[type(front_end)][level]
    return found if mixup is None else replace(found, mixup=mixup)


def options_of_training(
    data: Sequence[Path] | None,
    begun: FitOptions | None,
    given: set[str],
    choices: Mapping[str, Any],
    **own: Any,
) -> FitOptions:
    """Return the options of a new training, or of another one but for what was given here.

    Args:
        data: The prepared data sets that were named.
        begun: The other training.
        given: The parameters that were given.
        choices: Those of `choices_of_training`.
        own: Fields of `FitOptions` that are not among these.

    Raises:
        UsageError: no data sets were named.
        DataError: the first of them is not prepared.
    """
    folders = tuple(map(str, data or ())) or (begun.data if begun else ())
    if not folders:
        raise UsageError("Name prepared data sets, or a training to repeat with --from.")
    arch = begun.arch if begun and "arch" not in given else choices["arch"]
    chosen = choices_of_training(read_front_end(Path(folders[0])), **{**choices, "arch": arch})
    options = FitOptions(data=folders, **own, **chosen)
    return changed(begun, options, given, choices) if begun else options


def changed(
    begun: FitOptions, options: FitOptions, given: set[str], choices: Mapping[str, Any]
) -> FitOptions:
    """Return the options of another training, but those that were given here."""
    changes = shared.changes(given, options)
    if "mixup" in given and "augment" not in given:
        changes["augmentation"] = replace(begun.augmentation, mixup=choices["mixup"])
    return replace(begun, **changes)


def without_effect(given: set[str], options: FitOptions) -> Iterator[str]:
    """Yield a sentence for each option that was given and does nothing."""
    adamw = options.optimizer == "adamw"
    not_vgg = not options.arch.startswith("vgg")
    from_scratch = ("without --weights or --init", options.weights == "none" and not options.init)
    idle = {
        **dict.fromkeys(("head_epochs", "unfreeze_from", "unfreeze_layers"), from_scratch),
        "batch_norm": (f"with {options.arch}", not_vgg),
        "weight_decay": ("with --optimizer adam", options.optimizer == "adam"),
        "layer_decay": (
            f"with {options.arch}" if adamw else f"with --optimizer {options.optimizer}",
            not adamw or not_vgg,
        ),
        "mixup": ("with --augment off", options.augmentation == Augmentation.off()),
        "teacher_share": ("without --teacher", not options.teachers),
        "recordings_share": ("without --recordings", not options.recordings),
    }
    for name, (why, true) in idle.items():
        if name in given and true:
            yield f"--{name.replace('_', '-')} has no effect {why}."
