"""The work of `genretag undo`."""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tagger.commands.outcomes import confirm, report, writing
from tagger.errors import ExitCode
from tagger.options import Mtime
from tagger.output.changes import ChangeDisplay
from tagger.output.console import count_of, counted, printable, when
from tagger.pipeline.walk import find_music
from tagger.runtime.interrupt import Stop, told_to_stop
from tagger.runtime.iteration import until
from tagger.writing.changes import UNDO, Undoing, to_undo, undo
from tagger.writing.entries import RunRecord, Write
from tagger.writing.moved import find_moved, folders_of, missing
from tagger.writing.writer import TagWriter


@dataclass(frozen=True, kw_only=True)
class UndoOptions:
    """The options of `genretag undo`."""

    paths: tuple[Path, ...] = ()
    run: int | None = None  # None: the last one that wrote
    dry_run: bool = False
    yes: bool = False
    force: bool = False  # restore genres that were edited since, too
    mtime: Mtime = "now"
    strict_owner: bool = False

    def command_line(self) -> str:
        """Return a command line that means the same from any folder, for the journal."""
        run = [] if self.run is None else ["--run", str(self.run)]
        flags = ["--force"] if self.force else []
        return shlex.join([UNDO, *run, *flags, *(str(path.absolute()) for path in self.paths)])


def run_undo(options: UndoOptions) -> ExitCode:
    """Restore what runs changed, after asking.

    Raises:
        GenretagError: there is no such run, or nothing to undo, or no terminal to confirm on.
    """
    with writing(dry_run=options.dry_run) as (journal, wrote):
        writer = TagWriter(  # finds out first what killed runs did
            journal,
            options.command_line(),
            mtime=options.mtime,
            strict_owner=options.strict_owner,
            dry_run=options.dry_run,
            wrote=wrote,
        )
        found = to_undo(journal, options.run, options.paths, _music)
        if not (options.dry_run or options.yes or _confirmed(found.runs)):
            return ExitCode.DONE
        total = sum(len(writes) for _, writes in found.runs)
        writes = chain.from_iterable(writes for _, writes in found.runs)
        display = ChangeDisplay(total, done="restored", dry_run=options.dry_run, quiet=False)
        with told_to_stop() as stop:
            moved = _moved(found, stop)
            outcomes = undo(writes, writer, stop, moved=moved, force=options.force)
            return report(outcomes, display, writer, stop)


def _music(path: Path) -> Iterator[Path]:
    """Yield the music files at or below a path; none where there is nothing."""
    return (file.path for file in find_music([path])) if os.path.lexists(path) else iter(())


def _moved(found: Undoing, stop: Stop) -> dict[Path, Path]:
    """Look for files that are not where they were, in the folders of their runs."""
    moved = found.moved
    for run, writes in found.runs:
        if not (gone := [write for write in missing(writes) if write.path not in moved]):
            continue
        walked = counted(until(stop, find_music(folders_of(run, writes))), shown=True)
        present = {write.path for write in writes}
        moved |= find_moved(gone, (file.path for file in walked if file.path not in present))
    return moved


def _confirmed(runs: Sequence[tuple[RunRecord, Sequence[Write]]]) -> bool:
    parts = [
        f"run {run.id} ({printable(run.command)}, {when(run.started)}),"
        f" {count_of(len(writes), 'file')}"
        for run, writes in runs
    ]
    return confirm(f"Undo {' and '.join(parts)}?")
