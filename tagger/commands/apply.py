"""The work of `genretag apply`, `undo` and `history`."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Event

from tagger.errors import ExitCode, GenretagError
from tagger.output.console import ask, complain, count_of, printable, show_table
from tagger.output.planfile import read_plan
from tagger.runtime.interrupt import told_to_stop
from tagger.state.cache import Cache
from tagger.state.database import state_folder
from tagger.state.lock import only_writer
from tagger.writing.changes import (
    UNDO,
    Outcome,
    apply_plan,
    run_to_undo,
    undo,
    writes_below,
)
from tagger.writing.journal import Journal, State
from tagger.writing.writer import TagWriter


def run_apply(table: Path, *, dry_run: bool, keep_mtime: bool, quiet: bool) -> ExitCode:
    """Write the rows of a CSV whose action is `write`."""
    with _writing(dry_run=dry_run) as (journal, cache), told_to_stop() as stop:
        writer = TagWriter(
            journal,
            f"apply {table.name}",
            keep_mtime=keep_mtime,
            dry_run=dry_run,
            wrote=cache.wrote,
        )
        outcomes = apply_plan(read_plan(table), journal, writer, stop)
        return _report(outcomes, "written", stop, dry_run=dry_run, quiet=quiet)


def run_undo(
    number: int | None, paths: Sequence[Path], *, dry_run: bool, yes: bool, force: bool
) -> ExitCode:
    """Bring back what a run changed, after asking.

    Raises:
        GenretagError: no such run; or no terminal to ask on and no `--yes`.
    """
    with _writing(dry_run=dry_run) as (journal, cache):
        # Finds out first what killed runs did.
        writer = TagWriter(journal, UNDO, dry_run=dry_run, wrote=cache.wrote)
        run = run_to_undo(journal, number)
        writes = writes_below(journal.writes(run.id), paths)
        if not writes:
            where = f" below {', '.join(map(str, paths))}" if paths else ""
            raise GenretagError(f"There is nothing to undo in run {run.id}{where}.")
        if not (dry_run or yes):
            if not sys.stdin.isatty():
                raise GenretagError("There is nobody to ask; say --yes to undo without asking.")
            files = count_of(len(writes), "file")
            if not ask(f"Undo run {run.id} ({run.command}, {_when(run.started)}), {files}?"):
                return ExitCode.DONE
        with told_to_stop() as stop:
            outcomes = undo(writes, writer, stop, force=force)
            return _report(outcomes, "restored", stop, dry_run=dry_run, quiet=False)


@contextmanager
def _writing(*, dry_run: bool) -> Iterator[tuple[Journal, Cache]]:
    folder = state_folder()
    with (
        nullcontext() if dry_run else only_writer(folder),
        Journal(folder) as journal,
        Cache(folder) as cache,
    ):
        yield journal, cache


def run_history() -> ExitCode:
    """List the runs that wrote."""
    with Journal(state_folder()) as journal:
        rows = [
            (
                str(run.id),
                _when(run.started),
                run.command,
                *(str(run.counts.get(state, 0) or "") for state in _SHOWN),
            )
            for run in journal.runs()
        ]
    if not rows:
        complain("Nothing was written yet.")
        return ExitCode.DONE
    show_table(("run", "when", "command", "written", "failed", "undone", "unfinished"), rows)
    return ExitCode.DONE


_SHOWN = (State.DONE, State.FAILED, State.UNDONE, State.BEGUN)


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _report(
    outcomes: Iterable[Outcome], done: str, stop: Event, *, dry_run: bool, quiet: bool
) -> ExitCode:
    """Show each outcome and their sum; failures go to standard error.

    Raises:
        StateError: the journal failed on the way; the sum has been shown.
    """
    changed = unchanged = failed = 0

    def show_sum(cut_short: str) -> None:
        words = f"would be {done}" if dry_run else done
        parts = [f"{count_of(changed, 'file')} {words}"]
        parts += [f"{unchanged} had it already"] if unchanged else []
        parts += [f"{failed} left alone"] if failed else []
        if not quiet:
            print(f"{cut_short}{', '.join(parts)}")

    try:
        for outcome in outcomes:
            if outcome.error:
                failed += 1
                complain(f"{printable(outcome.path)} {outcome.error}")
                continue
            changed += outcome.changed
            unchanged += not outcome.changed
            if outcome.changed and not quiet:
                genres = printable(", ".join(outcome.genres)) or "no genre"
                print(f"{genres}  {printable(outcome.path)}")
    except GenretagError:
        show_sum("Stopped: ")
        raise
    show_sum("Interrupted: " if stop.is_set() else "")
    if stop.is_set():
        return ExitCode.INTERRUPTED
    return ExitCode.SOME_FILES_FAILED if failed else ExitCode.DONE
