"""The work of `genretag cache`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tagger.commands.state import open_cache, open_cache_maintenance
from tagger.errors import ExitCode, GenretagError, ModelError
from tagger.output.console import ask, count_of, printable, show_table, when
from tagger.paths import state_folder
from tagger.state.lock import only_writer
from tagger.state.maintenance import CacheMaintenance


@contextmanager
def _changing() -> Iterator[CacheMaintenance]:
    with only_writer(state_folder()), open_cache_maintenance() as cache:
        yield cache


def run_cache_info(*, as_json: bool) -> ExitCode:
    """Show what is in the cache."""
    with open_cache_maintenance() as cache:
        summary = cache.summary()
    if as_json:
        print(json.dumps(asdict(summary)))
        return ExitCode.DONE
    print(f"{count_of(summary.files, 'file')}, {count_of(summary.predictions, 'prediction')}")
    if summary.oldest is not None and summary.newest is not None:
        print(f"stored between {when(summary.oldest)} and {when(summary.newest)}")
    print(f"{summary.bytes / 1e6:.1f} MB in {printable(summary.file)}")
    if summary.models:
        print()
        show_table(
            ("model", "digest", "seconds", "predictions"),
            (
                (printable(m.name), m.digest[:12], m.seconds, str(m.predictions))
                for m in summary.models
            ),
        )
    return ExitCode.DONE


def run_prune(only_model: Path | None) -> ExitCode:
    """Forget what is gone and, if a model is given, the predictions of all others.

    Raises:
        ModelError: there is no such model file.
    """
    if only_model is not None and not only_model.is_file():
        raise ModelError(f"There is no model file {only_model}.")
    with _changing() as maintenance:
        keep = None
        if only_model is not None:
            with open_cache() as cache:
                keep = cache.digest(only_model)
        files, predictions = maintenance.prune(keep)
    _show_forgotten(files, predictions)
    return ExitCode.DONE


def run_clear(*, yes: bool) -> ExitCode:
    """Forget everything, after asking.

    Raises:
        GenretagError: there is no terminal to confirm on and no `--yes`.
    """
    with _changing() as cache:
        summary = cache.summary()
        if not yes:
            if not sys.stdin.isatty():
                raise GenretagError("No terminal to confirm on; pass --yes.")
            files = count_of(summary.files, "file")
            if not ask(f"Forget the cached results of {files}? The journal is kept."):
                return ExitCode.DONE
        cache.clear()
    _show_forgotten(summary.files, summary.predictions)
    return ExitCode.DONE


def run_clear_failures() -> ExitCode:
    """Forget the files that could not be read; the next scan tries them again."""
    with _changing() as cache:
        count = cache.clear_failures()
    print(f"Forgot {count_of(count, 'file')} that could not be read.")
    return ExitCode.DONE


def _show_forgotten(files: int, predictions: int) -> None:
    print(f"Forgot {count_of(files, 'file')} and {count_of(predictions, 'prediction')}.")
