"""The work of `genretag cache`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tagger.errors import ExitCode, GenretagError, ModelError
from tagger.output.console import ask, count_of, printable, show_table, when
from tagger.paths import state_folder
from tagger.state.cache import Cache
from tagger.state.lock import only_writer
from tagger.state.maintenance import CacheCare


@contextmanager
def _changing() -> Iterator[CacheCare]:
    with only_writer(state_folder()), CacheCare(state_folder()) as care:
        yield care


def run_info(*, as_json: bool) -> ExitCode:
    """Show what is in the cache."""
    with CacheCare(state_folder()) as care:
        summary = care.summary()
    if as_json:
        print(json.dumps(asdict(summary)))
        return ExitCode.DONE
    print(f"{count_of(summary.files, 'file')}, {count_of(summary.opinions, 'opinion')}")
    if summary.oldest is not None and summary.newest is not None:
        print(f"noted between {when(summary.oldest)} and {when(summary.newest)}")
    print(f"{summary.bytes / 1e6:.1f} MB, with the journal, in {printable(summary.file)}")
    if summary.models:
        print()
        show_table(
            ("model", "digest", "seconds", "opinions"),
            (
                (printable(m.name), m.digest[:12], m.seconds, str(m.opinions))
                for m in summary.models
            ),
        )
    return ExitCode.DONE


def run_prune(only_model: Path | None) -> ExitCode:
    """Forget what is gone, and other models than this one, if one is given.

    Raises:
        ModelError: there is no such model file.
    """
    if only_model is not None and not only_model.is_file():
        raise ModelError(f"There is no model file {only_model}.")
    with _changing() as care:
        keep = None
        if only_model is not None:
            with Cache(state_folder()) as cache:
                keep = cache.digest(only_model)
        files, opinions = care.prune(keep)
    _say_forgotten(files, opinions)
    return ExitCode.DONE


def run_clear(*, yes: bool) -> ExitCode:
    """Forget everything, after asking.

    Raises:
        GenretagError: there is no terminal to ask on and no `--yes`.
    """
    with _changing() as care:
        known = care.summary()
        if not yes:
            if not sys.stdin.isatty():
                raise GenretagError("There is nobody to ask; say --yes to clear without asking.")
            files = count_of(known.files, "file")
            if not ask(f"Forget what was heard of {files}? The journal stays."):
                return ExitCode.DONE
        care.clear()
    _say_forgotten(known.files, known.opinions)
    return ExitCode.DONE


def _say_forgotten(files: int, opinions: int) -> None:
    print(f"{count_of(files, 'file')} and {count_of(opinions, 'opinion')} forgotten")
