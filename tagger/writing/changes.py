"""The work of `genretag apply` and `genretag undo`: many writes, each reported."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from tagger.errors import GenretagError, TagError, reason
from tagger.identity import Identity
from tagger.output.planfile import PlannedWrite
from tagger.runtime.threads import in_parallel
from tagger.tags.families import read_genres
from tagger.tags.places.base import Texts
from tagger.writing.journal import Journal, RunRecord, State, Write
from tagger.writing.writer import TagWriter

UNDO = "undo"


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: Path
    genres: Texts  # that it has now, or would have
    error: str = ""
    changed: bool = True


def apply_plan(
    rows: Iterable[PlannedWrite], journal: Journal, writer: TagWriter, stop: Event
) -> Iterator[Outcome]:
    """Write the rows of a plan, until told to stop.

    A file that is not what it was when the plan was made is refused: by what the journal remembers
    of it, or, for a plan from elsewhere, by its genre.
    """

    def one(row: PlannedWrite) -> Outcome:
        try:
            return Outcome(row.path, row.genres, changed=_apply(row, journal, writer))
        except TagError as error:
            return Outcome(row.path, row.genres, str(error))

    return in_parallel(one, rows, stop)


def _apply(row: PlannedWrite, journal: Journal, writer: TagWriter) -> bool:
    if not row.genres:
        raise TagError("has no genre in the table")
    try:
        now = Identity.of(row.path)
    except OSError as error:
        start = "" if row.path.is_absolute() else f" from {Path.cwd()}"
        raise TagError(f"cannot be reached{start} ({reason(error)})") from None
    # By size and time alone: where a file system is mounted tells nothing of its files.
    expected = journal.remembered(row.path)
    existing = read_genres(row.path)
    if existing == row.genres:
        return False
    if expected is None and existing != row.existing:
        raise TagError("has another genre than when it was analysed")
    if expected not in (None, (now.size, now.mtime_ns)):
        raise TagError("was changed since it was analysed; scan it again")
    changed = writer.write(row.path, row.genres, now)
    if not writer.dry_run:
        with suppress(OSError):  # so that an interrupted run can be repeated
            journal.remember(row.path, Identity.of(row.path))
    return changed


def run_to_undo(journal: Journal, wanted: int | None) -> RunRecord:
    """Return a run by its number, or the last one that wrote and was not taken back.

    Raises:
        GenretagError: there is none.
    """
    for run in journal.runs():
        if run.id == wanted or (
            wanted is None and run.counts.get(State.DONE) and not run.command.startswith(UNDO)
        ):
            return run
    if wanted is None:
        raise GenretagError("There is nothing to undo.")
    raise GenretagError(f"There is no run {wanted}; 'genretag history' lists them.")


def writes_below(writes: Iterable[Write], paths: Sequence[Path]) -> list[Write]:
    """Return the writes of files at or below these paths; all of them if none is given."""
    roots = [path.resolve() for path in paths]
    return [w for w in writes if not roots or any(w.path.is_relative_to(root) for root in roots)]


def undo(
    writes: Iterable[Write], writer: TagWriter, stop: Event, *, force: bool = False
) -> Iterator[Outcome]:
    """Bring back the genres of before, until told to stop."""

    def one(write: Write) -> Outcome:
        try:
            return Outcome(write.path, write.old, changed=writer.restore(write, force=force))
        except TagError as error:
            return Outcome(write.path, write.old, str(error))

    return in_parallel(one, writes, stop)
