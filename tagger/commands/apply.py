"""The work of `genretag apply`."""

from pathlib import Path

from tagger.commands.outcomes import report, writing
from tagger.errors import ExitCode
from tagger.output.planfile import read_plan
from tagger.runtime.interrupt import told_to_stop
from tagger.writing.changes import apply_plan
from tagger.writing.writer import TagWriter


def run_apply(table: Path, *, dry_run: bool, keep_mtime: bool, quiet: bool) -> ExitCode:
    """Write the rows of a CSV whose action is `write`."""
    with writing(dry_run=dry_run) as (journal, wrote), told_to_stop() as stop:
        writer = TagWriter(
            journal,
            f"apply {table.name}",
            mtime="keep" if keep_mtime else "now",
            dry_run=dry_run,
            wrote=wrote,
        )
        outcomes = apply_plan(read_plan(table), journal, writer, stop)
        return report(outcomes, "written", stop, dry_run=dry_run, quiet=quiet)
