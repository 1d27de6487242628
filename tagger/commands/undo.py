"""The work of `genretag undo`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tagger.commands.outcomes import report, writing
from tagger.errors import ExitCode, GenretagError
from tagger.output.console import ask, count_of, when
from tagger.runtime.interrupt import told_to_stop
from tagger.writing.changes import UNDO, run_to_undo, undo, writes_below
from tagger.writing.writer import TagWriter


def run_undo(
    number: int | None, paths: Sequence[Path], *, dry_run: bool, yes: bool, force: bool
) -> ExitCode:
    """Bring back what a run changed, after asking.

    Raises:
        GenretagError: no such run; or no terminal to ask on and no `--yes`.
    """
    with writing(dry_run=dry_run) as (journal, wrote):
        # Finds out first what killed runs did.
        writer = TagWriter(journal, UNDO, dry_run=dry_run, wrote=wrote)
        run = run_to_undo(journal, number)
        writes = writes_below(journal.writes(run.id), paths)
        if not writes:
            where = f" below {', '.join(map(str, paths))}" if paths else ""
            raise GenretagError(f"There is nothing to undo in run {run.id}{where}.")
        if not (dry_run or yes):
            if not sys.stdin.isatty():
                raise GenretagError("There is nobody to ask; say --yes to undo without asking.")
            files = count_of(len(writes), "file")
            if not ask(f"Undo run {run.id} ({run.command}, {when(run.started)}), {files}?"):
                return ExitCode.DONE
        with told_to_stop() as stop:
            outcomes = undo(writes, writer, stop, force=force)
            return report(outcomes, "restored", stop, dry_run=dry_run, quiet=False)
