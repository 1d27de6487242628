"""Runs a command line; imports little, so that `--help` is quick."""

import io
import os
import sys
from collections.abc import Callable

from tagger.errors import ExitCode, GenretagError


def run_app(name: str, app: Callable[[], None]) -> None:
    """Run a command line; turn our errors into their sentence and exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A redirected stream may have an encoding without "█", or without the names of the files.
        # Lines are flushed one by one: a reader of a pipe sees them, and errors come in time.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)
    # After Ctrl-C, joblib's clean-up process may warn about what is already cleaned up.
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
    except OSError as error:  # most are GenretagErrors by now; without a file it is the output
        from tagger.errors import reason
        from tagger.output.console import complain

        # Text that is still buffered would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        what = f"{error.filename} cannot be used" if error.filename else "output cannot be written"
        complain(f"{name}: stopped, {what} ({reason(error)}).")
        sys.exit(1)
