"""The commands that show what the analysis of a library found, and write no music file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tagger.analysis_arguments import (
    Album,
    AnalysisSettings,
    BatchSize,
    DeviceChoice,
    Exclude,
    Folders,
    Jobs,
    MinConfidence,
    Timeout,
    UseCache,
    analysis_options,
)
from tagger.arguments import (
    Json,
    ModelOption,
    PlainCommand,
    Quiet,
    Seconds,
    run,
)
from tagger.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command(cls=PlainCommand, epilog="Example: genretag audit ~/Music --csv doubtful.csv")(
        audit
    )
    app.command(cls=PlainCommand, epilog="Example: genretag report ~/Music --output music.html")(
        report
    )


def audit(
    ctx: typer.Context,
    paths: Folders,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save all findings as CSV; - is standard output."),
    ] = None,
    json: Json = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Let --csv replace a file that was edited, or that genretag did not write; it is"
            " kept as FILE.bak.",
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="List at most N contradictions.")
    ] = 50,
    min_confidence: MinConfidence = None,
    album: Album = False,
    cache: UseCache = True,
    seconds: Seconds = "30",  # type: ignore[assignment]
    exclude: Exclude = None,
    jobs: Jobs = None,
    timeout: Timeout = 120,
    batch_size: BatchSize = None,
    device: DeviceChoice = "auto",
    model: ModelOption = None,
    config: AnalysisSettings = None,
    quiet: Quiet = False,
) -> None:
    """Compare the genres that files have with what the model predicts.

    Shows which existing genres the predictions agree with, and the files whose genre they
    contradict, the surest first. No music file is opened for writing.
    """
    if json and csv == Path("-"):
        raise UsageError("--json and --csv - both print on standard output.")
    from tagger.commands.audit import AuditOptions, run_audit

    options = AuditOptions(scan=analysis_options(ctx), csv=csv, json=json, force=force, limit=limit)
    run(lambda: run_audit(options))


def report(
    ctx: typer.Context,
    paths: Folders,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Save the page here.")
    ] = Path("genretag-report.html"),
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Replace a page that genretag did not write; it is kept as FILE.bak.",
        ),
    ] = False,
    min_confidence: MinConfidence = None,
    album: Album = False,
    cache: UseCache = True,
    seconds: Seconds = "30",  # type: ignore[assignment]
    exclude: Exclude = None,
    jobs: Jobs = None,
    timeout: Timeout = 120,
    batch_size: BatchSize = None,
    device: DeviceChoice = "auto",
    model: ModelOption = None,
    config: AnalysisSettings = None,
    quiet: Quiet = False,
) -> None:
    """Save one page for the browser that shows the genres of a library.

    It shows predicted and existing genres, the doubtful ones first, and needs no network. What you
    change on it you can download as a table for genretag apply. No music file is opened for
    writing.
    """
    from tagger.commands.report import run_report

    options = replace(analysis_options(ctx), report=output, force=force)
    run(lambda: run_report(options))
