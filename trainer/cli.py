"""The command line of the trainer."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tagger.errors import DataError, UsageError
from tagger.runtime.entry import run_app
from tagger.runtime.interrupt import said_when_stopped
from trainer.commands.crossvalidate import crossvalidate
from trainer.commands.fit import fit
from trainer.commands.label import label
from trainer.commands.options import Command, KeepOption, RunFolder
from trainer.commands.prepare import prepare
from trainer.commands.pretrain import pretrain
from trainer.evaluation.calibration import PRECISION_GOAL
from trainer.training.display import show
from trainer.training.run_folder import load_run

app = typer.Typer(
    name="genretag-train",
    help="Train a model for genretag on music sorted by genre.",
    epilog="Example: genretag-train prepare clips prepared/mine",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(cls=Command, epilog="Example: genretag-train prepare clips prepared/mine")(prepare)
app.command(
    cls=Command,
    epilog="Example: genretag-train pretrain prepared/music --run runs/pre --teacher tagger.onnx",
)(pretrain)
app.command(cls=Command, epilog="Example: genretag-train label prepared/music --teacher runs/mine")(
    label
)
app.command(
    cls=Command, epilog="Example: genretag-train fit prepared/mine --run runs/mine --shrink 2"
)(fit)
app.command(
    cls=Command,
    epilog="Example: genretag-train crossvalidate prepared/folds --run runs/folds --shrink 2",
)(crossvalidate)

FiguresFrom = Annotated[
    Path | None,
    typer.Option(
        "--figures-from",
        metavar="RUN",
        help="The evaluated run whose settings and figures count, for a run that was trained on "
        "the validation tracks as well.",
    ),
]


@app.command(cls=Command, epilog="Example: genretag-train evaluate runs/mine --baseline")
def evaluate(
    run: RunFolder,
    split: Annotated[
        str,
        typer.Option(
            metavar="SPLIT",
            help="The split to score: valid chooses the settings, test (or any other) is scored "
            "with them.",
        ),
    ] = "valid",
    keep: KeepOption = "best",
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Prepared data sets, if not those of the training."),
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
            min=0.01,
            max=0.99,
            metavar="SHARE",
            help="Share of the genres written by default that is to be right.",
        ),
    ] = PRECISION_GOAL,
    unknown: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="A prepared data set of music of none of the genres (repeatable): learn not to "
            "be confident about it.",
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


@app.command(cls=Command, epilog="Example: genretag-train compare runs/mine runs/other")
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN", help="Evaluated run folders; the others are compared with the first."
        ),
    ],
    split: Annotated[
        str, typer.Option(metavar="SPLIT", help="The split whose figures are compared.")
    ] = "valid",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even if they were scored on different tracks.")
    ] = False,
    literature: Annotated[
        bool,
        typer.Option(
            "--literature",
            help="Add published figures on GTZAN, quoted with their protocol and source.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="A folder for the table (Markdown, JSON) and a chart.",
        ),
    ] = None,
) -> None:
    """Put runs side by side."""
    with said_when_stopped(lambda: "stopped; nothing was written."):
        from trainer.evaluation.compare import compare as compare_runs

        compare_runs(
            list(map(load_run, runs)),
            split=split,
            anyway=anyway,
            with_literature=literature,
            output=output,
            report=_say,
        )


@app.command(cls=Command, epilog="Example: genretag-train export runs/mine mine.onnx --int8")
def export(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folder that fit made; of several, the mean of their probabilities is "
            "written as one network.",
            metavar="RUN",
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The ONNX file to write.")],
    keep: KeepOption = "best",
    figures_from: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RUN",
            help="The evaluated run whose settings and figures count, for one that was trained on "
            "the validation tracks too; of several runs, one for each: the mean of these counts.",
        ),
    ] = None,
    judged_by: Annotated[list[Path] | None, typer.Option(hidden=True)] = None,
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

        named = figures_from or judged_by or []  # the latter is the old spelling
        export_run(
            list(map(load_run, runs)),
            output,
            keep,
            figures_from=list(map(load_run, named)),
            half=half,
            int8=int8,
            report=_say,
        )


def _say(text: str) -> None:
    show(text, Console(highlight=False))


def main() -> None:
    """Run the command line; the console script."""
    try:
        run_app("genretag-train", app)
    finally:
        # All is done; Ctrl-C would only bring out words of libraries that end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
