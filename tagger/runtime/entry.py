"""Runs a command line; light enough for `--help` to be quick."""

import io
import os
import sys
from collections.abc import Callable

from tagger.errors import ExitCode, GenretagError


def run_app(name: str, app: Callable[[], None]) -> None:
    """Run a command line; turn our errors into their sentence and exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A redirected stream may have an encoding without "█", or without the names of the files.
        # Line by line, whoever reads a pipe sees what is going on, and what fails does so in time.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)
    # After Ctrl-C, the process that tidies up for joblib may warn of what is tidied up already.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")
    try:
        app()
    except SystemExit as end:
        # Typer and Rich take it for a failure when a reader, such as `head`, has read enough.
        if isinstance(end.__context__, BrokenPipeError):
            sys.exit(ExitCode.NOT_READ)
        raise
    except GenretagError as error:
        from tagger.output.console import complain

        complain(f"{name}: {error}")
        sys.exit(error.exit_code)
    except OSError as error:  # most have become errors of ours; without a file, it is the output
        from tagger.errors import reason
        from tagger.output.console import complain

        # What is still to be shown would only fail again, when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        what = f"{error.filename} cannot be used" if error.filename else "output cannot be written"
        complain(f"{name}: stopped, {what} ({reason(error)}).")
        sys.exit(1)
