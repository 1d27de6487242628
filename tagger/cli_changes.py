"""The commands `apply`, `undo`, `clear` and `history`, with their options."""

from pathlib import Path
from typing import Annotated

import typer

from tagger.arguments import (
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
    run,
)
from tagger.precedence import WritingSettingsFile, chosen_mtime


def add_to(app: typer.Typer) -> None:
    """Add these commands to an application."""
    app.command(cls=PlainCommand, epilog="Example: genretag apply genres.csv --dry-run")(apply)
    app.command(cls=PlainCommand, epilog="Example: genretag undo --run 3 ~/Music/Jazz")(undo)
    app.command(cls=PlainCommand, epilog="Example: genretag clear ~/Music --dry-run")(clear)
    app.command(cls=PlainCommand, epilog="Example: genretag history 3 --json")(history)


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
    config: WritingSettingsFile = None,
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
    config: WritingSettingsFile = None,
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
    config: WritingSettingsFile = None,
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
        config=config,
    )
    run(lambda: run_clear(options))


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
