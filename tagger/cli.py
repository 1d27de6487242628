"""The command line of genretag. Heavy imports wait until a command runs."""

from pathlib import Path
from typing import Annotated

import typer

from tagger import SHIPPED_MODEL, __version__
from tagger.options import Device, ScanOptions

app = typer.Typer(
    name="genretag",
    help="Listens to your music and fills in the genre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

FULL = "full"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genretag {__version__}")
        raise typer.Exit


@app.callback()
def genretag(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Listens to your music, on your own machine, and fills in the genre."""


def _seconds(text: str) -> float:
    """Read `--seconds`; all of the track is infinity."""
    if text == FULL:
        return float("inf")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise typer.BadParameter(f"{text!r} is neither a number of seconds nor {FULL!r}.")
    return seconds


@app.command()
def scan(
    paths: Annotated[
        list[Path], typer.Argument(help="Music files, or folders of them.", metavar="PATH...")
    ],
    write_tags: Annotated[
        bool, typer.Option("--write-tags", help="Write genres into files that have none.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace genres that are there already.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write a CSV; '-' is standard output.", metavar="FILE")
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(help="Write JSON lines; '-' is standard output.", metavar="FILE")
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Below this a file is left alone; by default the model's own value."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Most genres for one track.")] = 1,
    seconds: Annotated[
        float,
        typer.Option(
            parser=_seconds, metavar="S|full", help="How much of each track is heard, mid-track."
        ),
    ] = "30",  # type: ignore[assignment]
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out what matches (repeatable).", metavar="GLOB")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Decoding processes; one per core.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Tracks in one call of the model.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the model runs.")] = "auto",
    model: Annotated[
        Path, typer.Option(help="A model file made by genretag-train export.", show_default=False)
    ] = SHIPPED_MODEL,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but what failed.")
    ] = False,
) -> None:
    """Listen to music and show a genre for each track.

    Without --write-tags this is a dry run: no music file is opened for writing.
    """
    if csv is not None and csv == jsonl:
        raise typer.BadParameter("--csv and --jsonl cannot go to the same place.")
    from tagger.scanning import run_scan

    raise typer.Exit(
        run_scan(
            ScanOptions(
                tuple(paths),
                write_tags,
                overwrite,
                csv,
                jsonl,
                min_confidence,
                top,
                None if seconds == float("inf") else seconds,
                tuple(exclude or ()),
                jobs,
                batch_size,
                device,
                model,
                quiet,
            )
        )
    )


def main() -> None:
    """Run the command line; the console script."""
    from tagger.console import run_app

    run_app("genretag", app)
