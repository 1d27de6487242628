"""The work of `genretag apply` and `genretag undo`: many writes, each reported."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.errors import GenretagError, TagError
from tagger.identity import Identity
from tagger.journal import Journal, RunRecord, State, Write
from tagger.planfile import PlannedWrite
from tagger.tags import Texts, open_tags
from tagger.writer import TagWriter

UNDO = "undo"


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: Path
    genres: Texts  # that it has now, or would have
    error: str = ""
    changed: bool = True


def apply_plan(
    rows: Iterable[PlannedWrite], journal: Journal, writer: TagWriter
) -> Iterator[Outcome]:
    """Write the rows of a plan.

    A file that is not what it was when the plan was made is refused: by what the journal remembers
    of it, or, for a plan from elsewhere, by its genre.
    """
    for row in rows:
        try:
            changed = _apply(row, journal, writer)
        except TagError as error:
            yield Outcome(row.path, row.genres, str(error))
        else:
            yield Outcome(row.path, row.genres, changed=changed)


def _apply(row: PlannedWrite, journal: Journal, writer: TagWriter) -> bool:
    if not row.genres:
        raise TagError("has no genre in the table")
    tags = open_tags(row.path)
    if tags.genres == row.genres:
        return False
    expected = journal.remembered(row.path)
    if expected is None and tags.genres != row.existing:
        raise TagError("has another genre than when it was listened to")
    if expected is not None and expected != Identity.of(row.path):
        raise TagError("was changed since it was listened to; scan it again")
    changed = writer.write(row.path, row.genres, expected)
    if not writer.dry_run:
        # So that an interrupted run can be repeated.
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


def undo(writes: Iterable[Write], writer: TagWriter, *, force: bool = False) -> Iterator[Outcome]:
    """Bring back the genres of before."""
    for write in writes:
        try:
            changed = writer.restore(write, force=force)
        except TagError as error:
            yield Outcome(write.path, write.old, str(error))
        else:
            yield Outcome(write.path, write.old, changed=changed)
