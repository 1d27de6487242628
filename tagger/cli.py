"""The command line of genretag. Heavy imports wait until a command runs."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tagger import SHIPPED_MODEL, __version__
from tagger.errors import ExitCode, UsageError
from tagger.options import Device, ScanOptions

app = typer.Typer(
    name="genretag",
    help="Listens to your music and fills in the genre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # frames and columns of types leave too little room for words
    context_settings={"help_option_names": ["-h", "--help"]},
)

models = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show or check a model file."
)
app.add_typer(models, name="model")

FULL = "full"

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
KeepMtime = Annotated[
    bool, typer.Option("--keep-mtime/--no-keep-mtime", help="Files keep their modification time.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what failed.")]


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


def _exit(work: Callable[[], int]) -> None:
    """Do the work of a command and end with its exit code."""
    try:
        code = work()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    raise typer.Exit(code)


def _paths(arguments: Sequence[str]) -> tuple[Path, ...]:
    if "" in arguments:  # it would be the current folder
        raise UsageError("A path is empty; is it a variable that is not set?")
    return tuple(map(Path, arguments))


@app.command()
def scan(
    paths: Annotated[
        list[str], typer.Argument(help="Music files, or folders of them.", metavar="PATH")
    ],
    write_tags: Annotated[
        bool, typer.Option("--write-tags", help="Write genres into files that have none.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace genres that are there already.")
    ] = False,
    append: Annotated[
        bool, typer.Option("--append", help="Add to genres that are there already.")
    ] = False,
    keep_mtime: KeepMtime = True,
    csv: Annotated[
        Path | None, typer.Option(help="Write a CSV; '-' is standard output.", metavar="FILE")
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(help="Write JSON lines; '-' is standard output.", metavar="FILE")
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Below this a file is left alone; by default the model's own value.",
            metavar="P",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Most genres for one track.", metavar="N")] = 1,
    album: Annotated[
        bool, typer.Option("--album", help="The tracks of one folder vote together.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Only files not seen before, or changed since.")
    ] = False,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache/--no-cache", help="Remember what was heard, and do not hear it again."
        ),
    ] = True,
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
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Decoding processes; one per core.", metavar="N"),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Tracks in one call of the model.", metavar="N")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the model runs.")] = "auto",
    model: Annotated[
        Path | None,
        typer.Option(help="A model file made by genretag-train export.", metavar="FILE"),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Another configuration file.", metavar="FILE")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Listen to music and show a genre for each track.

    Without --write-tags this is a dry run: no music file is opened for writing.
    """
    if csv is not None and csv == jsonl:
        raise UsageError("--csv and --jsonl cannot go to the same place.")
    if append and overwrite:
        raise UsageError("--append and --overwrite exclude each other.")
    if new and not cache:
        raise UsageError("--new goes by the cache, and --no-cache means to do without.")
    from tagger.commands.scan import run_scan

    _exit(
        lambda: run_scan(
            ScanOptions(
                paths=_paths(paths),
                write_tags=write_tags,
                overwrite=overwrite,
                append=append,
                keep_mtime=keep_mtime,
                album=album,
                new=new,
                cache=cache,
                csv=csv,
                jsonl=jsonl,
                min_confidence=min_confidence,
                top=top,
                seconds=None if seconds == float("inf") else seconds,
                exclude=tuple(exclude or ()),
                jobs=jobs,
                batch_size=batch_size,
                device=device,
                model=model,
                config=config,
                quiet=quiet,
            )
        )
    )


@app.command()
def apply(
    table: Annotated[
        Path, typer.Argument(help="The CSV of a scan, edited or not.", metavar="TABLE")
    ],
    dry_run: DryRun = False,
    keep_mtime: KeepMtime = True,
    quiet: Quiet = False,
) -> None:
    """Write the rows of a scan's CSV whose action is "write"."""
    from tagger.commands.apply import run_apply

    _exit(lambda: run_apply(table, dry_run=dry_run, keep_mtime=keep_mtime, quiet=quiet))


@app.command()
def undo(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            help="The run, the last one if none is named; files or folders.",
            metavar="RUN|PATH",
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Restore genres that were changed since as well.")
    ] = False,
) -> None:
    """Bring back the genres that a run replaced."""
    from tagger.commands.undo import run_undo

    run, paths = None, arguments or []
    if paths and paths[0].isdecimal():
        run, paths = int(paths[0]), paths[1:]
    _exit(lambda: run_undo(run, _paths(paths), dry_run=dry_run, yes=yes, force=force))


@app.command()
def history() -> None:
    """List the runs that wrote genres."""
    from tagger.commands.history import run_history

    _exit(run_history)


ModelFile = Annotated[
    Path,
    typer.Argument(
        help="The model of the package, if none is named.", metavar="FILE", show_default=False
    ),
]


@models.command()
def info(
    file: ModelFile = SHIPPED_MODEL,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")
    ] = False,
) -> None:
    """Show what a model file says of itself."""
    from tagger.commands.model import run_info

    _exit(lambda: run_info(file, as_json=json))


@models.command()
def verify(file: ModelFile = SHIPPED_MODEL) -> None:
    """Check that a model file works as its facts say."""
    from tagger.commands.model import run_verify

    _exit(lambda: run_verify(file))


cache_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show or tidy what was heard before."
)
app.add_typer(cache_app, name="cache")


@cache_app.command("info")
def cache_info(
    json: Annotated[bool, typer.Option("--json", help="For other programs.")] = False,
) -> None:
    """Show how much is remembered, of which models, and where."""
    from tagger.commands.cache import run_info

    _exit(lambda: run_info(as_json=json))


@cache_app.command("prune")
def cache_prune(
    other_models: Annotated[
        bool, typer.Option("--other-models", help="Forget the opinions of other models as well.")
    ] = False,
    model: Annotated[
        Path,
        typer.Option(help="The model that is not another one.", metavar="FILE", show_default=False),
    ] = SHIPPED_MODEL,
) -> None:
    """Forget files that are gone. Have removable and network drives in place."""
    from tagger.commands.cache import run_prune

    _exit(lambda: run_prune(model if other_models else None))


@cache_app.command("clear")
def cache_clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget everything but the journal of writes."""
    from tagger.commands.cache import run_clear

    _exit(lambda: run_clear(yes=yes))


def main() -> None:
    """Run the command line; the console script."""
    # Matrix products are small here: more threads would only take time from those of the model.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tagger.runtime.entry import run_app

    try:
        run_app("genretag", app)
    finally:
        # All is done; Ctrl-C would only bring out words of libraries that end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
