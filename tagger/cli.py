"""The command line of genretag. Heavy imports wait until a command runs."""

import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from tagger import __version__, cli_inspect, cli_reports, cli_scan, cli_tools
from tagger.arguments import (
    CommandGroup,
    ConfigFile,
    DryRun,
    Json,
    KeepMtime,
    MtimeChoice,
    Paths,
    PlainCommand,
    Quiet,
    StrictOwner,
    Yes,
    as_paths,
    new_group,
    run,
)
from tagger.precedence import chosen_mtime

app = new_group(
    "Find the genre of music files from their audio, and write it into their tags.",
    environment="GENRETAG",  # GENRETAG_SCAN_TOP=2 is --top 2
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genretag {__version__}")
        raise typer.Exit


@app.callback(
    cls=CommandGroup, epilog="Example: genretag scan ~/Music (changes nothing; see scan --help)"
)
def genretag(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Find the genre of music files from their audio, and write it into their tags."""


cli_scan.add_to(app)


@app.command(cls=PlainCommand, epilog="Example: genretag apply genres.csv --dry-run")
def apply(
    ctx: typer.Context,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A CSV that scan saved, edited or not.")
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Write rows whose action is keep as well."),
    ] = False,
    mtime: MtimeChoice = "now",
    keep_mtime: KeepMtime = False,
    strict_owner: StrictOwner = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Write the genres of a table that scan saved.

    Rows whose action is write get their genre written, and those whose action is clear have it
    removed.
    """
    from tagger.commands.apply import ApplyOptions, run_apply

    options = ApplyOptions(
        table=table,
        dry_run=dry_run,
        yes=yes,
        overwrite=overwrite,
        mtime=chosen_mtime(ctx, mtime, keep_mtime),
        strict_owner=strict_owner,
        config=config,
        quiet=quiet,
    )
    run(lambda: run_apply(options))


@app.command(cls=PlainCommand, epilog="Example: genretag undo --run 3 ~/Music/Jazz")
def undo(
    ctx: typer.Context,
    paths: Paths = None,
    number: Annotated[
        int | None,
        typer.Option(
            "--run",
            min=1,
            metavar="N",
            help="Undo run N of genretag history; by default the last one that wrote below PATH.",
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Annotated[
        bool, typer.Option("--force", help="Restore genres that were edited since, too.")
    ] = False,
    mtime: MtimeChoice = "now",
    keep_mtime: KeepMtime = False,
    strict_owner: StrictOwner = False,
) -> None:
    """Restore the genres that a run replaced.

    With PATH, only in these files, or below these folders.
    """
    from tagger.commands.undo import UndoOptions, run_undo

    options = UndoOptions(
        paths=as_paths(paths),
        run=number,
        dry_run=dry_run,
        yes=yes,
        force=force,
        mtime=chosen_mtime(ctx, mtime, keep_mtime),
        strict_owner=strict_owner,
    )
    run(lambda: run_undo(options))


@app.command(cls=PlainCommand, epilog="Example: genretag clear ~/Music --dry-run")
def clear(
    ctx: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Music files, or folders of them.")
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
    mtime: MtimeChoice = "now",
    keep_mtime: KeepMtime = False,
    strict_owner: StrictOwner = False,
) -> None:
    """Remove the genres that scan wrote with --provenance.

    Genres that were edited since are kept. The journal is not needed, and undo brings them back.
    """
    from tagger.commands.clear import ClearOptions, run_clear

    options = ClearOptions(
        paths=as_paths(paths),
        dry_run=dry_run,
        yes=yes,
        mtime=chosen_mtime(ctx, mtime, keep_mtime),
        strict_owner=strict_owner,
    )
    run(lambda: run_clear(options))


@app.command(cls=PlainCommand, epilog="Example: genretag history 3 --json")
def history(
    number: Annotated[
        int | None,
        typer.Argument(metavar="RUN", help="List the files of this run.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """List the runs that wrote genres, or the files of one run."""
    from tagger.commands.history import run_history

    run(lambda: run_history(number, as_json=json))


cli_inspect.add_to(app)
cli_reports.add_to(app)
cli_tools.add_to(app)


def main() -> None:
    """Run the command line; the console script."""
    # Matrix products are small here: more threads would only take time from those of the model.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tagger.runtime.entry import run_app
    from tagger.runtime.interrupt import exit_on_signals

    exit_on_signals()
    try:
        run_app("genretag", app)
    finally:
        # All is done; Ctrl-C would only bring out words of libraries that end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
