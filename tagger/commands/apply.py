"""The work of `genretag apply`."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.commands.outcomes import confirm, report, writing
from tagger.commands.rules import style_of
from tagger.errors import ExitCode
from tagger.options import Mtime
from tagger.output.changes import ChangeDisplay
from tagger.output.console import complain, count_of
from tagger.output.planfile import read_plan
from tagger.runtime.interrupt import told_to_stop
from tagger.settings.file import load
from tagger.writing.changes import apply_plan, outside_of_scans
from tagger.writing.writer import TagWriter

_MOST_SHOWN = 10  # files


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """The options of `genretag apply`."""

    table: Path
    dry_run: bool = False
    yes: bool = False  # do not ask about files that no scan has seen
    overwrite: bool = False  # write rows of files that keep their genre as well
    mtime: Mtime = "now"
    strict_owner: bool = False
    config: Path | None = None
    quiet: bool = False

    def command_line(self) -> str:
        """Return a command line that means the same from any folder, for the journal."""
        flags = ["--overwrite"] if self.overwrite else []
        return shlex.join(["apply", *flags, str(self.table.absolute())])


def run_apply(options: ApplyOptions) -> ExitCode:
    """Write the rows of a CSV whose action is `write` or `clear`.

    Raises:
        ConfigError: the configuration file cannot be used.
        PathError: the table cannot be read as a whole; nothing was written.
        GenretagError: it names files outside of what was scanned, and there is no terminal to
            confirm that on.
    """
    settings = load(options.config).write
    rows = read_plan(options.table, overwrite=options.overwrite)
    with writing(dry_run=options.dry_run) as (journal, wrote), told_to_stop() as stop:
        if not (options.dry_run or options.yes or _agreed(outside_of_scans(rows, journal))):
            return ExitCode.DONE
        writer = TagWriter(
            journal,
            options.command_line(),
            mtime=options.mtime,
            strict_owner=options.strict_owner,
            style=style_of(settings),
            dry_run=options.dry_run,
            wrote=wrote,
        )
        display = ChangeDisplay(
            len(rows), done="written", dry_run=options.dry_run, quiet=options.quiet
        )
        outcomes = apply_plan(rows, journal, writer, stop, notes_source=settings.provenance)
        return report(outcomes, display, writer, stop)


def _agreed(outside: Sequence[Path]) -> bool:
    """Show the files that are outside of what was scanned, and ask about them, if there are any."""
    if not outside:
        return True
    files = count_of(len(outside), "file")
    complain(f"The table names {files} in folders that no scan has put into a table:")
    for path in outside[:_MOST_SHOWN]:
        complain(f"  {path}")
    if len(outside) > _MOST_SHOWN:
        complain("  …")
    return confirm("Write them too?")
