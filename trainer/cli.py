"""The command line of the trainer."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from tagger.errors import DataError
from tagger.frontends import KINDS
from tagger.running import run_app
from trainer.batches import Augment, Augmentation, Balance
from trainer.runs import FitOptions, Keep, Optimizer, Precision, load_run

app = typer.Typer(
    name="genretag-train",
    help="Train a model for genretag on clips sorted by genre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

# Written out, since the networks themselves need Keras, which takes seconds to import.
Architecture = Literal[
    "vgg16", "vgg19", "inceptionv3", "efficientnetb0", "mobilenetv2", "cnn14", "cnn-small", "ann"
]
Prepared = Literal["mel-strip", "spectrogram-picture", "summary-features"]

RunFolder = Annotated[Path, typer.Argument(help="A run folder that fit made.", metavar="RUN")]
KeepOption = Annotated[
    Keep,
    typer.Option(
        "--keep", help="Which weights: of the best epoch, the last, their moving average."
    ),
]


@app.command()
def prepare(
    source: Annotated[
        Path, typer.Argument(help="A folder per genre, or a folder with a tracks.csv.")
    ],
    output: Annotated[Path, typer.Argument(help="Where the prepared data set goes.")],
    seconds: Annotated[
        float, typer.Option(help="Seconds from the middle of each track; 0: all of it.")
    ] = 30.0,
    split: Annotated[
        tuple[float, float, float],
        typer.Option(help="Shares of train, valid and test where tracks.csv gives no split."),
    ] = (0.7, 0.15, 0.15),
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes; -1: all cores.")] = -1,
    front_end: Annotated[
        Prepared, typer.Option(help="What the network is to hear of a clip.")
    ] = "mel-strip",
    pictures_of: Annotated[
        Path | None,
        typer.Option(
            help="The source holds spectrogram pictures of the tracks of this prepared data set."
        ),
    ] = None,
) -> None:
    """Turn clips into log-mel strips, once, for any number of trainings."""
    from trainer import prepare as preparing
    from trainer.pictures import prepare_pictures

    if pictures_of:
        rows = prepare_pictures(source, output, pictures_of, seconds=seconds, report=_warn)
        _say(preparing.genres_and_splits(rows))
        return

    rows = preparing.prepare(
        source,
        output,
        front_end=KINDS[front_end.replace("-", " ")](),
        seconds=seconds or None,
        shares=split,
        seed=seed,
        jobs=jobs,
        report=_warn,
    )
    _say(preparing.genres_and_splits(rows))


@app.command()
def fit(
    data: Annotated[list[Path], typer.Argument(help="Prepared data sets, taken together.")],
    run: Annotated[Path, typer.Option("--run", help="The run folder to make.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run.")
    ] = False,
    train_split: Annotated[
        list[str] | None,
        typer.Option(help="Splits to train on (repeatable); train if not given."),
    ] = None,
    arch: Annotated[Architecture, typer.Option(help="The network.")] = "vgg16",
    weights: Annotated[
        str, typer.Option(help="First weights: imagenet, none, or a file.")
    ] = "none",
    init: Annotated[
        Path | None, typer.Option(help="Start from the last weights of another run.")
    ] = None,
    batch_norm: Annotated[
        bool | None,
        typer.Option(help="Batch normalisation; by default in VGG unless all of it is pretrained."),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Epochs.")] = 60,
    batches: Annotated[int, typer.Option(help="Batches in an epoch.")] = 60,
    batch_size: Annotated[
        int | None, typer.Option(help="Windows in a batch; as the network is used to.")
    ] = None,
    head_epochs: Annotated[
        int, typer.Option(help="First epochs in which pretrained layers stay as they are.")
    ] = 0,
    unfreeze_from: Annotated[
        int, typer.Option(min=1, max=6, help="Block of VGG from which on they train then; 6: none.")
    ] = 1,
    learning_rate: Annotated[float, typer.Option(help="Peak, before the cosine decay.")] = 1e-3,
    warm_up: Annotated[int, typer.Option(help="Batches until the peak is reached.")] = 100,
    weight_decay: Annotated[float, typer.Option(help="Weight decay of AdamW.")] = 1e-2,
    optimizer: Annotated[
        Optimizer | None, typer.Option(help="The optimizer; as the network is used to.")
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Share of dropout; as the network is used to.")
    ] = None,
    average: Annotated[
        float, typer.Option(help="Epochs that a moving average of the weights spans; 0: none.")
    ] = 0.0,
    balance: Annotated[
        Balance, typer.Option(help="Rare genres: drawn as often, weighed in the loss, or neither.")
    ] = "even",
    augment: Annotated[
        Augment | None, typer.Option(help="How much windows are varied; as the network is used to.")
    ] = None,
    mixup: Annotated[float, typer.Option(help="Parameter of mixup; 0: off.")] = 0.4,
    shrink: Annotated[
        int, typer.Option(min=1, max=4, help="Average over this many bands and frames.")
    ] = 1,
    patience: Annotated[
        int | None, typer.Option(help="Stop after this many epochs without a better validation.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Arithmetic of the training.")] = "float32",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
) -> None:
    """Train a network on windows of the strips."""
    from trainer.architectures import architecture
    from trainer.fit import fit as fit_run

    habits = architecture(arch).habits

    augmentations = {
        "off": Augmentation.off(),
        "normal": replace(Augmentation(), mixup=mixup),
        "strong": replace(Augmentation.strong(), mixup=mixup),
    }

    fit_run(
        run,
        FitOptions(
            data=tuple(map(str, data)),
            train_splits=tuple(train_split or ("train",)),
            arch=arch,
            weights=weights,
            init=str(init) if init else None,
            batch_norm=batch_norm,
            epochs=epochs,
            batches=batches,
            batch_size=batch_size or habits.batch_size,
            head_epochs=head_epochs,
            unfreeze_from=unfreeze_from,
            learning_rate=learning_rate,
            warm_up=warm_up,
            weight_decay=weight_decay,
            optimizer=optimizer or habits.optimizer,
            dropout=habits.dropout if dropout is None else dropout,
            average=average,
            balance=balance,
            shrink=shrink,
            patience=patience,
            precision=precision,
            seed=seed,
            augmentation=augmentations[augment or habits.augment],
        ),
        resume=resume,
        report=_say,
    )


@app.command()
def evaluate(
    run: RunFolder,
    split: Annotated[str, typer.Option(help="The split to score.")] = "valid",
    keep: KeepOption = "best",
    data: Annotated[
        list[Path] | None, typer.Option(help="Prepared data sets, if not those of the training.")
    ] = None,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Score MFCC + SVM on the same tracks as well.")
    ] = False,
) -> None:
    """Score a run on tracks that it was not trained on."""
    from trainer.evaluate import evaluate as evaluate_run

    evaluate_run(load_run(run), split, keep, folders=data or (), baseline=baseline, report=_say)


@app.command()
def export(
    run: RunFolder,
    output: Annotated[Path, typer.Argument(help="The ONNX file to write.")],
    keep: KeepOption = "best",
    judged_by: Annotated[
        Path | None,
        typer.Option(help="The evaluated run whose figures count, for one trained on all tracks."),
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="Store the weights as float16.")] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Compute in eight-bit integers, the quickest on a CPU.")
    ] = False,
) -> None:
    """Write the ONNX file that genretag scan --model takes."""
    from trainer.export import export as export_run

    if output.suffix != ".onnx":
        raise DataError(f"{output} should end in .onnx.")
    if half and int8:
        raise typer.BadParameter("--half and --int8 exclude each other.")
    judge = load_run(judged_by) if judged_by else None
    export_run(load_run(run), output, keep, judged_by=judge, half=half, int8=int8, report=_say)


def _say(text: str) -> None:
    typer.echo(text)


def _warn(text: str) -> None:
    typer.echo(text, err=True)


def main() -> None:
    """Run the command line; the console script."""
    # TensorFlow's own log of the processor's features would drown the progress lines.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    run_app("genretag-train", app)
