"""The command line of the trainer."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from tagger.errors import DataError, UsageError
from tagger.runtime.entry import run_app
from tagger.runtime.interrupt import said_when_stopped
from trainer.commands.fit import fit
from trainer.commands.options import Command, KeepOption, RunFolder
from trainer.commands.prepare import prepare
from trainer.commands.pretrain import pretrain
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
app.command(
    cls=Command, epilog="Example: genretag-train fit prepared/mine --run runs/mine --shrink 2"
)(fit)


@app.command(cls=Command, epilog="Example: genretag-train evaluate runs/mine --baseline")
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


@app.command(cls=Command, epilog="Example: genretag-train compare runs/mine runs/other")
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


@app.command(cls=Command, epilog="Example: genretag-train export runs/mine mine.onnx --int8")
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


def main() -> None:
    """Run the command line; the console script."""
    try:
        run_app("genretag-train", app)
    finally:
        # All is done; Ctrl-C would only bring out words of libraries that end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
