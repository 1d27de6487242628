"""The options of an analysis, which `scan`, `audit` and `report` share."""

from pathlib import Path
from typing import Annotated

import typer

from tagger.arguments import WHOLE_TRACK, as_paths, parse_probability
from tagger.options import ANALYSIS, Device, ScanOptions
from tagger.precedence import given_options, read_settings


def read_analysis_settings(ctx: typer.Context, file: Path | None) -> Path | None:
    """Let the configuration file set the defaults of those options that scan has, too.

    Raises:
        ConfigError: the file cannot be read, or has a wrong key or value.
    """
    read_settings(ctx, file)
    settings = ctx.default_map or {}
    ctx.default_map = {name: settings[name] for name in ANALYSIS if name in settings}
    return file


def analysis_options(ctx: typer.Context) -> ScanOptions:
    """Return what a command with the options `ANALYSIS` was told, as options of a dry run.

    Raises:
        UsageError: a path is empty.
    """
    values = {name: ctx.params[name] for name in (*ANALYSIS, "config", "quiet")}
    whole = values["seconds"] == WHOLE_TRACK
    values |= {
        "paths": as_paths(ctx.params["paths"]),
        "exclude": tuple(values["exclude"] or ()),
        "seconds": None if whole else values["seconds"],
        "given": given_options(ctx),
    }
    return ScanOptions(**values)


Folders = Annotated[
    list[str], typer.Argument(metavar="PATH", help="Music files, or folders of them.")
]
MinConfidence = Annotated[
    float | None,
    typer.Option(
        "--min-confidence",
        parser=parse_probability,
        metavar="P",
        help="Count a genre below this probability (0 to 1) as uncertain; by default the value in"
        " the model file.",
    ),
]
Album = Annotated[
    bool, typer.Option("--album/--no-album", help="Give all tracks of a folder the same genre.")
]
UseCache = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Reuse cached results for unchanged files.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Skip matching files and folders (repeatable)."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=1, metavar="N", help="Decode in N processes; by default one per core."
    ),
]
Timeout = Annotated[
    int,
    typer.Option(
        "--timeout",
        min=1,
        metavar="SECONDS",
        help="Give up on a file that takes longer, and skip it from then on.",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", min=1, metavar="N", help="Run the model on N tracks at a time."),
]
DeviceChoice = Annotated[Device, typer.Option("--device", help="Run the model on this device.")]
AnalysisSettings = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=read_analysis_settings,
        is_eager=True,
        help="Read this configuration file; see genretag config.",
    ),
]
