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
from trainer.networks.registry import Augment, Optimizer, network
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Balance
from trainer.training.options import FitOptions, Keep, Precision, PretrainOptions, TrainingOptions
from trainer.training.pretraining_folder import load_pretraining
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
        typer.Option(help="Shares of train, valid and test, for --split stratified."),
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
    with said_when_stopped(lambda: _after_ctrl_c("fit", run)):
        from trainer.training.display import TrainingDisplay
        from trainer.training.plan import plan

        planned = plan(run, options, resume=resume)
        with TrainingDisplay(options) as display:
            from trainer.training.fit import fit as fit_run

            fit_run(planned, report=display.say, progress=display.progress)


@app.command()
def pretrain(
    context: typer.Context,
    run: Annotated[Path, typer.Option("--run", help="Run folder to make.")],
    data: Annotated[
        Path | None, typer.Argument(help="Prepared data set; its genres are not used.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted run with its own options.")
    ] = False,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.onnx|MODULE:FUNCTION",
            help="Make the targets with this teacher, if the data set has none.",
        ),
    ] = None,
    probe: Annotated[
        list[Path] | None,
        typer.Option(
            help="Labelled data set to score the features on with a linear probe (repeatable)."
        ),
    ] = None,
    probe_every: Annotated[
        int, typer.Option(min=1, help="Epochs from one linear probe to the next.")
    ] = 4,
    arch: Annotated[Architecture, typer.Option(help="The network.")] = "vgg16",
    weights: Annotated[
        str, typer.Option(help="First weights: imagenet, none, or a file.")
    ] = "none",
    batch_norm: Annotated[
        bool | None,
        typer.Option(help="Batch normalisation; by default in VGG unless all of it is pretrained."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs.")] = 60,
    batches: Annotated[int, typer.Option(min=1, help="Batches in an epoch.")] = 60,
    batch_size: Annotated[int, typer.Option(min=1, help="Windows in a batch.")] = 64,
    learning_rate: Annotated[
        float, typer.Option(min=0, help="Peak, before the cosine decay.")
    ] = 1e-3,
    warm_up: Annotated[int, typer.Option(min=0, help="Batches until the peak is reached.")] = 200,
    weight_decay: Annotated[float, typer.Option(min=0, help="Weight decay of AdamW.")] = 0.05,
    dropout: Annotated[float, typer.Option(min=0, max=0.99, help="Share of dropout.")] = 0.1,
    average: Annotated[
        float,
        typer.Option(min=0, help="Epochs that a moving average of the weights spans; 0: none."),
    ] = 2.0,
    augment: Annotated[
        Literal["off", "mild"], typer.Option(help="How much windows are varied.")
    ] = "mild",
    shrink: Annotated[
        int, typer.Option(min=1, max=4, help="Average over this many bands and frames.")
    ] = 1,
    precision: Annotated[Precision, typer.Option(help="Arithmetic of the training.")] = "float32",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
) -> None:
    """Pretrain a network on a teacher's vectors instead of labels."""
    options = PretrainOptions(
        data=str(data or ""),
        teacher=teacher,
        probe=tuple(map(str, probe or ())),
        probe_every=probe_every,
        arch=arch,
        weights=weights,
        batch_norm=batch_norm,
        epochs=epochs,
        batches=batches,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warm_up=warm_up,
        weight_decay=weight_decay,
        dropout=dropout,
        average=average,
        shrink=shrink,
        precision=precision,
        seed=seed,
        augmentation=Augmentation.mild() if augment == "mild" else Augmentation.off(),
    )
    if resume and not data:
        begun = load_pretraining(run).options
        options = replace(begun, **_said(context, options, begun))
    if not options.data:
        raise UsageError("Name a prepared data set.")
    with said_when_stopped(lambda: _after_ctrl_c("pretrain", run)):
        from trainer.training.display import PrepareDisplay, TrainingDisplay
        from trainer.training.pretrain_plan import plan_pretraining

        if options.teacher:
            from trainer.data.teacher import write_targets

            with PrepareDisplay(unit="tracks") as shown:
                write_targets(Path(options.data), options.teacher, shown.progress)
        planned = plan_pretraining(run, options, resume=resume)
        with TrainingDisplay(options) as display:
            from trainer.training.pretrain import pretrain as pretrain_run

            pretrain_run(planned, report=display.say, progress=display.progress)


def _after_ctrl_c(command: str, run: Path) -> str:
    if not (run / RUN_FILE).exists():
        return "stopped before the training began."
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    again = join(["genretag-train", command, "--run", str(run), "--resume"])
    return f"stopped; to go on after the last whole epoch: {again}"


def _said(
    context: typer.Context, options: TrainingOptions, begun: TrainingOptions
) -> dict[str, Any]:
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
    with said_when_stopped(lambda: f"stopped; the figures in {run}, if any, are as they were."):
        from trainer.evaluation.evaluate import evaluate as evaluate_run

        evaluate_run(load_run(run), split, keep, folders=data or (), baseline=baseline, report=_say)


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Evaluated run folders; the others are measured against the first."),
    ],
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

        compare_runs(list(map(load_run, runs)), anyway=anyway, output=output, report=_say)


@app.command()
def export(
    run: RunFolder,
    output: Annotated[Path, typer.Argument(help="The ONNX file to write.")],
    keep: KeepOption = "best",
    judged_by: Annotated[
        Path | None,
        typer.Option(help="The evaluated run whose figures count, for one trained on all tracks."),
    ] = None,
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

        judge = load_run(judged_by) if judged_by else None
        export_run(load_run(run), output, keep, judged_by=judge, half=half, int8=int8, report=_say)


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
