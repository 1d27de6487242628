"""What the commands that write have in common: journal and cache, and a report of every file."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from tagger.commands.state import open_cache, open_journal
from tagger.errors import ExitCode, GenretagError, StateError
from tagger.output.changes import ChangeDisplay
from tagger.output.console import ask, complain
from tagger.paths import state_folder
from tagger.runtime.interrupt import Stop
from tagger.state.lock import only_writer
from tagger.tags.change import Change
from tagger.writing.changes import Outcome
from tagger.writing.journal import Journal
from tagger.writing.writer import TagWriter


@contextmanager
def writing(*, dry_run: bool) -> Iterator[tuple[Journal, Callable[[Change], None] | None]]:
    """Open the journal, as the only writer unless this is a dry run.

    Gives the journal, and what tells the cache of a write. A cache that cannot be used is
    complained about and left alone: genres are written and taken back without it.
    """
    with ExitStack() as stack:
        if not dry_run:
            stack.enter_context(only_writer(state_folder()))
        journal = stack.enter_context(open_journal())
        wrote = None
        try:
            wrote = stack.enter_context(open_cache()).wrote
        except StateError as error:
            complain(str(error))
        yield journal, wrote


def confirm(question: str) -> bool:
    """Ask on the terminal whether to go on.

    Raises:
        GenretagError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise GenretagError("No terminal to confirm on; pass --yes.")
    return ask(question)


def report(
    outcomes: Iterable[Outcome], display: ChangeDisplay, writer: TagWriter, stop: Stop
) -> ExitCode:
    """Show each outcome and their sum; failures go to standard error.

    Raises:
        StateError: the journal failed on the way; the sum has been shown.
    """
    try:
        with display:
            for outcome in outcomes:
                display.add(outcome)
    except GenretagError:
        display.summary("Stopped: ")
        raise
    display.summary("Interrupted: " if stop.is_set() else "")
    if writer.notice:
        complain(writer.notice)
    if stop.is_set():
        return stop.exit_code
    return ExitCode.SOME_FILES_FAILED if display.failed else ExitCode.DONE
