"""What the commands that write have in common: journal and cache, and a report of every file."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

from tagger.commands.state import open_cache, open_journal
from tagger.errors import ExitCode, GenretagError, StateError
from tagger.output.console import complain, count_of, printable
from tagger.paths import state_folder
from tagger.state.lock import only_writer
from tagger.tags.change import Change
from tagger.writing.changes import Outcome
from tagger.writing.journal import Journal


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


def report(
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
