"""The command line of the trainer."""

import os
import shlex
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tagger.audio.kinds import KINDS
from tagger.errors import DataError, UsageError
from tagger.runtime.entry import run_app
from tagger.runtime.interrupt import said_when_stopped
from trainer.data.library import MIN_TRACKS
from trainer.data.prepare import FOLDS, SHARES
from trainer.data.splits import Split
from trainer.evaluation.calibration import PRECISION_GOAL
from trainer.networks.registry import Augment, Optimizer, network
from trainer.training.batches import Augmentation, Balance
from trainer.training.options import FitOptions, Keep, Precision
from trainer.training.run_folder import RUN_FILE, load_run, read_options

app = typer.Typer(
    name="genretag-train",
    help="Train a model for genretag on clips sorted by genre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# The names in `trainer.networks.registry`: a Literal has to be written out.
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

FiguresFrom = Annotated[
    Path | None,
    typer.Option(
        "--figures-from",
        help="The evaluated run whose settings and figures count, for a run that was trained on "
        "the validation tracks as well.",
    ),
]


@app.command()
def prepare(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder per genre, a folder with a tracks.csv, or music (--from-tags)."
        ),
    ],
    output: Annotated[Path, typer.Argument(help="Where the prepared data set goes.")],
    from_tags: Annotated[
        bool, typer.Option("--from-tags", help="Genres are those in the tags of the files.")
    ] = False,
    min_tracks: Annotated[
        int, typer.Option(min=2, help="With --from-tags, fewer tracks make no genre.")
    ] = MIN_TRACKS,
    seconds: Annotated[
        float, typer.Option(min=0, help="Seconds from the middle of each track; 0: all of it.")
    ] = 30.0,
    split: Annotated[
        Split | None,
        typer.Option(
            help="By default that of tracks.csv, or GTZAN's published one, or else stratified."
        ),
    ] = None,
    shares: Annotated[
        tuple[float, float, float],
        typer.Option(help="Shares of train, valid and test when they are dealt out here."),
    ] = SHARES,
    folds: Annotated[int, typer.Option(min=2, help="How many folds, with --split kfold.")] = FOLDS,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 1,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=-1, help="Processes; -1: all cores.")
    ] = -1,
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
    if min(shares) < 0 or shares[0] == 0:
        raise UsageError("--shares takes three numbers, the first of them above zero.")
    if pictures_of and not seconds:
        raise UsageError("With --pictures-of, --seconds is how much of a clip a picture shows.")
    with said_when_stopped(lambda: "stopped; what is not done yet is done by the same command."):
        from trainer.data import prepare as preparing
        from trainer.data.pictures import prepare_pictures
        from trainer.training.display import PrepareDisplay

        if pictures_of:
            rows = prepare_pictures(source, output, pictures_of, seconds=seconds, report=_warn)
        else:
            how = preparing.Preparation(
                KINDS[front_end.replace("-", " ")](),
                seconds or None,
                from_tags,
                min_tracks,
                split,
                shares,
                folds,
                seed,
                jobs or -1,
            )
            with PrepareDisplay() as display:
                rows = preparing.prepare(
                    source, output, how, report=display.say, progress=display.progress
                )
    _say(preparing.genres_and_splits(rows))


@app.command()
def fit(
    context: typer.Context,
    run: Annotated[Path, typer.Option("--run", help="The run folder to make.")],
    data: Annotated[
        list[Path] | None, typer.Argument(help="Prepared data sets, taken together.")
    ] = None,
    repeat: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Train as a run.toml (or the run folder it is in) says; "
            "what is said here as well comes first.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run; it knows its options.")
    ] = False,
    train_split: Annotated[
        list[str] | None,
        typer.Option(help="Splits to train on (repeatable); train if not given."),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(help="Of data in folds: validate on this one, and train on the others."),
    ] = None,
    arch: Annotated[Architecture, typer.Option(help="The network.")] = "vgg16",
    weights: Annotated[
        str, typer.Option(help="First weights: imagenet, none, or a file.")
    ] = "none",
    init: Annotated[
        Path | None,
        typer.Option(help="Start from the weights of another run: the last, or their average."),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            help="A run whose answers are to be learnt as well as the labels (repeatable)."
        ),
    ] = None,
    teacher_share: Annotated[
        float, typer.Option(min=0, max=1, help="How much the answers of the teachers count.")
    ] = 0.5,
    batch_norm: Annotated[
        bool | None,
        typer.Option(help="Batch normalisation; by default in VGG unless all of it is pretrained."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs.")] = 60,
    batches: Annotated[int, typer.Option(min=1, help="Batches in an epoch.")] = 60,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Windows in a batch; as the network is used to.")
    ] = None,
    head_epochs: Annotated[
        int, typer.Option(help="First epochs in which pretrained layers stay as they are.")
    ] = 0,
    unfreeze_from: Annotated[
        int, typer.Option(min=1, max=6, help="Block of VGG from which on they train then; 6: none.")
    ] = 1,
    learning_rate: Annotated[
        float, typer.Option(min=0, help="Peak, before the cosine decay.")
    ] = 1e-3,
    warm_up: Annotated[int, typer.Option(help="Batches until the peak is reached.")] = 100,
    weight_decay: Annotated[float, typer.Option(help="Weight decay of AdamW.")] = 1e-2,
    optimizer: Annotated[
        Optimizer | None, typer.Option(help="The optimizer; as the network is used to.")
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(min=0, max=0.99, help="Share of dropout; as the network is used to."),
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
    mixup: Annotated[float, typer.Option(min=0, help="Parameter of mixup; 0: off.")] = 0.4,
    shrink: Annotated[
        int, typer.Option(min=1, max=4, help="Average over this many bands and frames.")
    ] = 1,
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
            help="Learning rate of each VGG block, as a factor of the rate of the next block.",
        ),
    ] = 1.0,
    patience: Annotated[
        int | None, typer.Option(help="Stop after this many epochs without a better validation.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Arithmetic of the training.")] = "float32",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
) -> None:
    """Train a network on windows of the strips."""
    habits = network(arch).habits
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
        batch_size=batch_size or habits.batch_size,
        head_epochs=head_epochs,
        unfreeze_from=unfreeze_from,
        learning_rate=learning_rate,
        warm_up=warm_up,
        optimizer=optimizer or habits.optimizer,
        weight_decay=weight_decay,
        dropout=habits.dropout if dropout is None else dropout,
        average=average,
        balance=balance,
        shares=tuple(share or ()),
        layer_decay=layer_decay,
        shrink=shrink,
        patience=patience,
        precision=precision,
        seed=seed,
        augmentation=augmentations[augment or habits.augment],
    )
    if repeat or (resume and not data):
        begun = read_options(repeat) if repeat else load_run(run).options
        options = replace(begun, **_said(context, options, begun))
    if not options.data:
        raise UsageError("Name prepared data sets, or a training to repeat with --from.")
    with said_when_stopped(lambda: _after_ctrl_c(run)):
        from trainer.training.display import FitDisplay
        from trainer.training.plan import plan

        planned = plan(run, options, resume=resume)
        with FitDisplay(options) as display:
            from trainer.training.fit import fit as fit_run

            fit_run(planned, report=display.say, progress=display.progress)


def _after_ctrl_c(run: Path) -> str:
    if not (run / RUN_FILE).exists():
        return "stopped before the training began."
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    again = join(["genretag-train", "fit", "--run", str(run), "--resume"])
    return f"stopped; to go on after the last whole epoch: {again}"


def _said(context: typer.Context, options: FitOptions, begun: FitOptions) -> dict[str, Any]:
    """Return those of the options that were given on the command line, not by default."""
    said = {
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    }
    names = {
        "train_split": "train_splits",
        "augment": "augmentation",
        "teacher": "teachers",
        "share": "shares",
    }
    changes = {
        field: getattr(options, field)
        for field in (names.get(name, name) for name in said)
        if hasattr(options, field)
    }
    if "mixup" in said and "augment" not in said:
        changes["augmentation"] = replace(begun.augmentation, mixup=options.augmentation.mixup)
    return changes


@app.command()
def evaluate(
    run: RunFolder,
    split: Annotated[
        str,
        typer.Option(
            help="The split to score: valid chooses the settings, test (or any other) is scored "
            "with them."
        ),
    ] = "valid",
    keep: KeepOption = "best",
    data: Annotated[
        list[Path] | None, typer.Option(help="Prepared data sets, if not those of the training.")
    ] = None,
    confidence_from: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Fit the confidence to the validation tracks of the data set of that folder name.",
        ),
    ] = "",
    precision_goal: Annotated[
        float,
        typer.Option(
            min=0.01, max=0.99, help="Share of the genres written by default that is to be right."
        ),
    ] = PRECISION_GOAL,
    unknown: Annotated[
        list[Path] | None,
        typer.Option(
            help="A prepared data set of music of none of the genres (repeatable): learn not to "
            "be confident about it."
        ),
    ] = None,
    figures_from: FiguresFrom = None,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Score MFCC + SVM on the same tracks as well.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write figures and charts as one HTML page."),
    ] = None,
) -> None:
    """Score a run on tracks that it was not trained on."""
    with said_when_stopped(lambda: f"stopped; the figures in {run}, if any, are as they were."):
        from trainer.evaluation.evaluate import EvaluateOptions
        from trainer.evaluation.evaluate import evaluate as evaluate_run

        options = EvaluateOptions(
            split=split,
            keep=keep,
            data=tuple(data or ()),
            confidence_from=confidence_from,
            precision_goal=precision_goal,
            unknown=tuple(unknown or ()),
            baseline=baseline,
            report=report,
        )
        figures = load_run(figures_from) if figures_from else None
        evaluate_run(load_run(run), options, figures_from=figures, report=_say)


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Evaluated run folders; the others are compared with the first."),
    ],
    split: Annotated[str, typer.Option(help="The split whose figures are compared.")] = "valid",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even if they were scored on different tracks.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A folder for the table (Markdown, JSON) and a chart."),
    ] = None,
) -> None:
    """Put runs side by side."""
    with said_when_stopped(lambda: "stopped; nothing was written."):
        from trainer.evaluation.compare import compare as compare_runs

        compare_runs(
            list(map(load_run, runs)), split=split, anyway=anyway, output=output, report=_say
        )


@app.command()
def export(
    run: RunFolder,
    output: Annotated[Path, typer.Argument(help="The ONNX file to write.")],
    keep: KeepOption = "best",
    figures_from: FiguresFrom = None,
    judged_by: Annotated[Path | None, typer.Option(hidden=True)] = None,
    half: Annotated[bool, typer.Option("--half", help="Compute in float16, for a GPU.")] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Compute in eight-bit integers, the quickest on a CPU.")
    ] = False,
) -> None:
    """Write the ONNX file that genretag scan --model takes."""
    if output.suffix != ".onnx":
        raise DataError(f"{output} should end in .onnx.")
    if half and int8:
        raise UsageError("--half and --int8 exclude each other.")
    with said_when_stopped(lambda: "stopped; nothing was written."):
        from trainer.export.export import export as export_run

        named = figures_from or judged_by  # the latter is the old spelling
        export_run(
            load_run(run),
            output,
            keep,
            figures_from=load_run(named) if named else None,
            half=half,
            int8=int8,
            report=_say,
        )


def _say(text: str) -> None:
    typer.echo(text)


def _warn(text: str) -> None:
    typer.echo(text, err=True)


def main() -> None:
    """Run the command line; the console script."""
    try:
        run_app("genretag-train", app)
    finally:
        # All is done; Ctrl-C would only bring out words of libraries that end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
