"""The command line of genretag. Heavy imports wait until a command runs."""

import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from tagger import __version__, cli_inspect, cli_tools
from tagger.arguments import (
    WHOLE_TRACK,
    CommandGroup,
    DryRun,
    Json,
    KeepMtime,
    ModelOption,
    MtimeChoice,
    Paths,
    PlainCommand,
    Quiet,
    Seconds,
    StrictOwner,
    Yes,
    as_paths,
    new_group,
    parse_probability,
    read_settings,
    run,
)
from tagger.errors import UsageError
from tagger.options import Device, ScanOptions

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


@app.command(
    cls=PlainCommand, epilog="Example: genretag scan ~/Music --write-tags --min-confidence 0.6"
)
def scan(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Music files, or folders of them.")
    ],
    write_tags: Annotated[
        bool, typer.Option("--write-tags", help="Write genres into files that have none.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write no tags, even with --write-tags."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace existing genres as well.")
    ] = False,
    append: Annotated[
        bool, typer.Option("--append", help="Add to existing genres instead of keeping them.")
    ] = False,
    mtime: MtimeChoice = "now",
    keep_mtime: KeepMtime = False,
    strict_owner: StrictOwner = False,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save the results as CSV; - is standard output."),
    ] = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save the results as JSON lines; - as for --csv."),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Let --csv and --jsonl replace a file that was edited, or that genretag did not"
            " write; it is kept as FILE.bak.",
        ),
    ] = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            parser=parse_probability,
            metavar="P",
            help="Leave files below this probability (0 to 1) alone; by default the value in the"
            " model file.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, metavar="N", help="Write up to N genres per track.")
    ] = 1,
    album: Annotated[
        bool, typer.Option("--album", help="Give all tracks of a folder the same genre.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Skip files that were analysed and have not changed.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Reuse cached results for unchanged files.")
    ] = True,
    seconds: Seconds = "30",  # type: ignore[assignment]
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Skip matching files and folders (repeatable)."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            metavar="N",
            help="Decode in N processes; by default one per core.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Run the model on N tracks at a time."),
    ] = None,
    device: Annotated[Device, typer.Option(help="Run the model on this device.")] = "auto",
    model: ModelOption = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=read_settings,
            is_eager=True,
            help="Read this configuration file; see genretag config.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show the genre of each track, and write it with --write-tags.

    Without --write-tags no music file is opened for writing.
    """
    if csv is not None and csv == jsonl:
        raise UsageError("--csv and --jsonl name the same file.")
    if append and overwrite:
        raise UsageError("--append and --overwrite exclude each other.")
    if new and not cache:
        raise UsageError("--new needs the cache, which --no-cache turns off.")
    options = ScanOptions(
        paths=as_paths(paths),
        write_tags=write_tags and not dry_run,
        overwrite=overwrite,
        append=append,
        mtime="keep" if keep_mtime else mtime,
        strict_owner=strict_owner,
        album=album,
        new=new,
        cache=cache,
        csv=csv,
        jsonl=jsonl,
        force=force,
        min_confidence=min_confidence,
        top=top,
        seconds=None if seconds == WHOLE_TRACK else seconds,
        exclude=tuple(exclude or ()),
        jobs=jobs,
        batch_size=batch_size,
        device=device,
        model=model,
        config=config,
        quiet=quiet,
    )
    from tagger.commands.scan import run_scan

    run(lambda: run_scan(options))


@app.command(cls=PlainCommand, epilog="Example: genretag apply genres.csv --dry-run")
def apply(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A CSV that scan saved, edited or not.")
    ],
    dry_run: DryRun = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Write rows whose action is keep as well."),
    ] = False,
    mtime: MtimeChoice = "now",
    keep_mtime: KeepMtime = False,
    strict_owner: StrictOwner = False,
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
        overwrite=overwrite,
        mtime="keep" if keep_mtime else mtime,
        strict_owner=strict_owner,
        quiet=quiet,
    )
    run(lambda: run_apply(options))


@app.command(cls=PlainCommand, epilog="Example: genretag undo --run 3 ~/Music/Jazz")
def undo(
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
        mtime="keep" if keep_mtime else mtime,
        strict_owner=strict_owner,
    )
    run(lambda: run_undo(options))


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
