"""What the commands that write have in common: journal and cache, and a report of every file."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from tagger.errors import ExitCode, GenretagError
from tagger.output.changes import ChangeDisplay
from tagger.output.console import complain
from tagger.paths import state_folder
from tagger.runtime.interrupt import Stop
from tagger.state.cache import Cache
from tagger.state.lock import only_writer
from tagger.writing.changes import Outcome
from tagger.writing.journal import Journal
from tagger.writing.writer import TagWriter


@contextmanager
def writing(*, dry_run: bool) -> Iterator[tuple[Journal, Cache]]:
    """Open journal and cache, as the only writer unless this is a dry run."""
    folder = state_folder()
    with (
        nullcontext() if dry_run else only_writer(folder),
        Journal(folder) as journal,
        Cache(folder) as cache,
    ):
        yield journal, cache


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
