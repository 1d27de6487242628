"""The work of `genretag clear`."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.commands.outcomes import report, writing
from tagger.commands.rules import style_of
from tagger.errors import ExitCode, GenretagError
from tagger.options import Mtime
from tagger.output.changes import ChangeDisplay
from tagger.output.console import ask, complain, count_of, counted
from tagger.pipeline.walk import find_music
from tagger.runtime.interrupt import Stop, told_to_stop
from tagger.settings.file import load
from tagger.tags.genre_names import WriteStyle
from tagger.writing.changes import clear, machine_made
from tagger.writing.writer import TagWriter


@dataclass(frozen=True, kw_only=True)
class ClearOptions:
    """The options of `genretag clear`."""

    paths: tuple[Path, ...]
    dry_run: bool = False
    yes: bool = False
    mtime: Mtime = "now"
    strict_owner: bool = False
    config: Path | None = None

    def command_line(self) -> str:
        """Return a command line that means the same from any folder, for the journal."""
        return shlex.join(["clear", *(str(path.absolute()) for path in self.paths)])


def run_clear(options: ClearOptions) -> ExitCode:
    """Remove the genres that are noted as genretag's own, after asking.

    Raises:
        GenretagError: a path does not exist, or there is no terminal to confirm on.
    """
    style = style_of(load(options.config).write)
    with writing(dry_run=options.dry_run) as (journal, wrote), told_to_stop() as stop:
        found = _found(options.paths, style, stop)
        if stop.is_set():
            return stop.exit_code
        if not found:
            complain("No genre was found that is noted as written by genretag.")
            return ExitCode.DONE
        if not (options.dry_run or options.yes or _confirmed(found)):
            return ExitCode.DONE
        writer = TagWriter(
            journal,
            options.command_line(),
            mtime=options.mtime,
            strict_owner=options.strict_owner,
            dry_run=options.dry_run,
            wrote=wrote,
        )
        display = ChangeDisplay(len(found), done="cleared", dry_run=options.dry_run, quiet=False)
        return report(clear(found, writer, stop), display, writer, stop)


def _found(paths: Sequence[Path], style: WriteStyle, stop: Stop) -> list[Path]:
    files = (file.path for file in counted(find_music(paths), shown=True))
    return list(machine_made(files, style, stop))


def _confirmed(found: Sequence[Path]) -> bool:
    if not sys.stdin.isatty():
        raise GenretagError("No terminal to confirm on; pass --yes.")
    return ask(f"Remove the genre of {count_of(len(found), 'file')}?")
