"""The command `scan` with its options."""

from pathlib import Path
from typing import Annotated

import typer

from tagger.analysis_arguments import (
    Album,
    BatchSize,
    DeviceChoice,
    Exclude,
    Folders,
    Jobs,
    Timeout,
    UseCache,
)
from tagger.arguments import (
    WHOLE_TRACK,
    KeepMtime,
    ModelOption,
    MtimeChoice,
    PlainCommand,
    Quiet,
    Seconds,
    StrictOwner,
    as_paths,
    parse_duration,
    parse_probability,
    run,
)
from tagger.errors import UsageError
from tagger.options import ScanOptions
from tagger.precedence import SettingsFile, chosen_mtime, given_options, one_of


def add_to(app: typer.Typer) -> None:
    """Add the command to an application."""
    example = "genretag scan ~/Music --write-tags --min-confidence 0.6"
    app.command(cls=PlainCommand, epilog=f"Example: {example}")(scan)


def scan(
    ctx: typer.Context,
    paths: Folders,
    write_tags: Annotated[
        bool,
        typer.Option(
            "--write-tags/--no-write-tags", help="Write genres into files that have none."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write no tags, even with --write-tags."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite/--no-overwrite", help="Replace existing genres as well.")
    ] = False,
    append: Annotated[
        bool,
        typer.Option(
            "--append/--no-append", help="Add to existing genres instead of keeping them."
        ),
    ] = False,
    redo: Annotated[
        bool,
        typer.Option(
            "--redo/--no-redo",
            help="Replace genres that an earlier scan wrote with --provenance, unless they were"
            " edited.",
        ),
    ] = False,
    provenance: Annotated[
        bool,
        typer.Option(
            "--provenance/--no-provenance",
            help="Note beside each genre where it came from: program, model and confidence.",
        ),
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
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save a page for the browser; see genretag report."),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force/--no-force",
            help="Let --csv, --jsonl and --report replace a file that was edited, or that genretag"
            " did not write; it is kept as FILE.bak.",
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
    album: Album = False,
    new: Annotated[
        bool,
        typer.Option("--new/--no-new", help="Skip files that were analysed and have not changed."),
    ] = False,
    cache: UseCache = True,
    seconds: Seconds = "30",  # type: ignore[assignment]
    exclude: Exclude = None,
    jobs: Jobs = None,
    timeout: Timeout = 120,
    batch_size: BatchSize = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|local:N",
            help="Analyse files on the workers of a Dask scheduler (tcp://host:8786), or in N"
            " processes here.",
        ),
    ] = None,
    path_map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HERE=THERE",
            help="Folder whose path is another one on the workers, such as /mnt/music=/srv/music"
            " (repeatable).",
        ),
    ] = None,
    device: DeviceChoice = "auto",
    model: ModelOption = None,
    config: SettingsFile = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append what happens to a log file."),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Run this in the shell when something was written, with the files on its standard"
            " input.",
        ),
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for",
            parser=parse_duration,
            envvar="GENRETAG_SCAN_FOR",
            metavar="TIME",
            help="Stop after this time, such as 4h or 1h30m; the next scan goes on.",
        ),
    ] = None,
    nice: Annotated[
        bool,
        typer.Option(
            "--nice/--no-nice", help="Let other programs go first, on disk and processor."
        ),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch/--no-watch", help="Stay, and scan new files as they appear."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Show the genre of each track, and write it with --write-tags.

    Without --write-tags no music file is opened for writing. What config.toml turns on can be
    turned off with "no-" before its name, such as --no-album.
    """
    outputs = [file for file in (csv, jsonl, report) if file is not None]
    if len(set(outputs)) < len(outputs):
        raise UsageError("Of --csv, --jsonl and --report two name the same file.")
    append, overwrite = one_of(ctx, append=append, overwrite=overwrite)
    if (new or watch) and not cache:
        raise UsageError("--new and --watch need the cache, which --no-cache turns off.")
    if watch and outputs:
        raise UsageError("--watch saves no results: leave out their files, or pass --no-watch.")
    options = ScanOptions(
        paths=as_paths(paths),
        write_tags=write_tags and not dry_run,
        overwrite=overwrite,
        append=append,
        redo=redo,
        provenance=provenance,
        mtime=chosen_mtime(ctx, mtime, keep_mtime),
        strict_owner=strict_owner,
        album=album,
        new=new,
        cache=cache,
        csv=csv,
        jsonl=jsonl,
        report=report,
        force=force,
        min_confidence=min_confidence,
        top=top,
        seconds=None if seconds == WHOLE_TRACK else seconds,
        exclude=tuple(exclude or ()),
        jobs=jobs,
        timeout=timeout,
        batch_size=batch_size,
        cluster=cluster,
        path_map=tuple(path_map or ()),
        device=device,
        model=model,
        config=config,
        log=log,
        after=after,
        for_=for_,
        nice=nice,
        watch=watch,
        quiet=quiet,
        given=given_options(ctx),
    )
    from tagger.commands.unattended import run_unattended

    run(lambda: run_unattended(options))
