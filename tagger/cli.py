"""The command line of genretag. Heavy imports wait until a command runs."""

import os
import signal
from typing import Annotated

import typer

from tagger import __version__
from tagger.arguments import new_group
from tagger.command_group import CommandGroup

app = new_group(
    "Find the genre of music files from their audio, and write it into their tags.",
    environment="GENRETAG",  # GENRETAG_SCAN_TOP=2 is --top 2
)


_COMMANDS = {
    "tagger.cli_scan": {
        "scan": "Show the genre of each track, and write it with --write-tags.",
    },
    "tagger.cli_changes": {
        "apply": "Write the genres of a table that scan saved.",
        "undo": "Restore the genres that a run replaced.",
        "clear": "Remove the genres that scan wrote with --provenance.",
        "history": "List the runs that wrote genres, or the files of one run.",
    },
    "tagger.cli_inspect": {
        "explain": "Show how one track comes to its genre, window by window.",
        "review": "Go through a table track by track, and decide about each.",
    },
    "tagger.cli_reports": {
        "audit": "Compare the genres that files have with what the model predicts.",
        "report": "Save one page for the browser that shows the genres of a library.",
    },
    "tagger.cli_tools": {
        "doctor": "Check what a scan needs, from the decoders to the GPU.",
        "model": "Show or check a model file.",
        "cache": "Show or clean the cache of results.",
        "config": "Show, create or check the configuration file.",
    },
}
"""What `--help` says of each command, by the module that has its options."""


class _Commands(CommandGroup):
    modules = _COMMANDS


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genretag {__version__}")
        raise typer.Exit


@app.callback(
    cls=_Commands, epilog="Example: genretag scan ~/Music (changes nothing; see scan --help)"
)
def genretag(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Find the genre of music files from their audio, and write it into their tags."""


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
