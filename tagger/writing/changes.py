"""The work of `genretag apply`, `undo` and `clear`: many writes, each reported."""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from tagger.errors import GenretagError, TagError, reason
from tagger.identity import Identity
from tagger.output.planfile import PlannedWrite
from tagger.runtime.packed import Packed
from tagger.runtime.threads import in_parallel
from tagger.tags.genre_fields.layouts import open_layout
from tagger.tags.genre_names import Texts, WriteStyle
from tagger.tags.mutagen_tags import read_genres
from tagger.tags.provenance import is_machine_made
from tagger.writing.entries import RunRecord, State, Write
from tagger.writing.journal import Journal
from tagger.writing.moved import last_run_of_moved
from tagger.writing.writer import TagWriter

UNDO = "undo"


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: Path
    genres: Texts  # that it has now, or would have
    error: str = ""
    changed: bool = True
    moved_from: Path | None = None  # where the file was when it was written


def apply_plan(
    rows: Iterable[PlannedWrite],
    journal: Journal,
    writer: TagWriter,
    stop: Event,
    *,
    notes_source: bool = False,
) -> Iterator[Outcome]:
    """Write the rows of a plan, until told to stop.

    A file that is not what it was when the plan was made is refused: by its size and time in the
    journal, or, for a plan that was made elsewhere, by its genre.

    Args:
        rows: of the plan.
        journal: has what the scan noted about the files.
        writer: of tags.
        stop: tells to stop.
        notes_source: note beside a genre that was not edited where it came from.
    """

    def one(row: PlannedWrite) -> Outcome:
        try:
            return Outcome(row.path, row.genres, changed=_apply(row, journal, writer, notes_source))
        except TagError as error:
            return Outcome(row.path, row.genres, str(error))

    return in_parallel(one, rows, stop)


def outside_of_scans(rows: Iterable[PlannedWrite], journal: Journal) -> list[Path]:
    """Return the files of a plan that are in no folder which was put into a table by a scan.

    A plan that was made elsewhere, or by somebody else, may name any file of the user.
    """
    return [
        row.path
        for row in rows
        if os.path.lexists(row.path)  # or its own sentence will say that it is not there
        and journal.remembered(row.path) is None
        and not journal.remembers_below(Path(os.path.realpath(row.path)).parent)
    ]


def _apply(row: PlannedWrite, journal: Journal, writer: TagWriter, notes_source: bool) -> bool:
    if not (row.genres or row.clears):
        raise TagError("has no genre in the table")
    try:
        now = Identity.of(row.path)
    except (OSError, ValueError) as error:  # such as a null character in the path
        start = "" if row.path.is_absolute() else f" from {Path.cwd()}"
        raise TagError(f"cannot be reached{start} ({reason(error)})") from None
    if not row.path.is_file():
        raise TagError("is not a regular file")
    planned = journal.remembered(row.path)
    existing = read_genres(row.path)
    if existing == row.genres:
        return False
    if planned is None and existing != row.existing:
        raise TagError("has another genre than in the table; scan it again")
    if planned and not planned.is_still(now):
        raise TagError("was changed since the scan; scan it again")
    source = planned.source if planned else ""
    # A genre that was edited since is not the model's.
    noted = source if notes_source and is_machine_made(row.genres, source) else ""
    changed = writer.write(row.path, row.genres, now, noted)
    if not writer.dry_run:
        with suppress(OSError):  # so that an interrupted run can be repeated
            journal.remember(row.path, Identity.of(row.path), source)
    return changed


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """What is to be undone.

    Attributes:
        runs: each with its writes, the newest first.
        moved: where files that were moved are now, as far as that is known.
    """

    runs: list[tuple[RunRecord, Sequence[Write]]]
    moved: dict[Path, Path]


def to_undo(
    journal: Journal,
    number: int | None,
    paths: Sequence[Path],
    find_music: Callable[[Path], Iterable[Path]],
) -> Undoing:
    """Return the writes that are to be undone.

    Without a number they are those of the last run that wrote and was not undone; with paths, for
    each of them, those of the last one that wrote at or below it, or else that wrote files there
    before they were moved there.

    Args:
        journal: of the writes.
        number: of the run.
        paths: files and folders.
        find_music: returns the music files at or below a path.

    Raises:
        GenretagError: there is nothing of the kind.
    """
    moved: dict[Path, Path] = {}
    runs = {run.id: run for run in journal.runs()}
    places = [path.resolve() for path in paths]
    wanted: dict[int, list[Path]] = {}  # run: the places where it is to be undone
    if number is not None:
        if number not in runs:
            raise GenretagError(f"There is no run {number}; genretag history lists them.")
        wanted[number] = places
    elif places:
        for place in places:
            last, below = journal.last_run_below(place, but_not=UNDO), [place]
            if last is None:
                last, here = last_run_of_moved(journal, find_music(place), but_not=UNDO)
                moved |= here
                below = [*here]
            if last is not None:
                wanted.setdefault(last, []).extend(below)
    elif open_runs := [run.id for run in runs.values() if _can_be_undone(run)]:
        wanted[max(open_runs)] = []
    chosen = [
        (runs[run], writes_below(journal.writes(run), wanted[run]))
        for run in sorted(wanted, reverse=True)
    ]
    if not any(writes for _, writes in chosen):
        raise GenretagError(_nothing_to_undo(number, paths, runs))
    return Undoing(runs=chosen, moved=moved)


def _can_be_undone(run: RunRecord) -> bool:
    return State.DONE in run.counts and run.command.partition(" ")[0] != UNDO


def _nothing_to_undo(number: int | None, paths: Sequence[Path], runs: Container[int]) -> str:
    run = "" if number is None else f" in run {number}"
    where = f" below {', '.join(map(str, paths))}" if paths else ""
    hint = ""
    for path in map(str, paths):
        if path.isdecimal() and int(path) in runs:
            hint = f" To undo run {path}, pass --run {path}."
    return f"There is nothing to undo{run}{where}.{hint}"


def writes_below(writes: Sequence[Write], paths: Sequence[Path]) -> Sequence[Write]:
    """Return the writes of files at or below these resolved paths; all of them without any."""
    if not paths:
        return writes
    return Packed(w for w in writes if any(w.path.is_relative_to(path) for path in paths))


def undo(
    writes: Iterable[Write],
    writer: TagWriter,
    stop: Event,
    *,
    moved: Mapping[Path, Path],
    force: bool = False,
) -> Iterator[Outcome]:
    """Bring back the genres of before, until told to stop.

    Args:
        writes: that are undone.
        writer: restores the genres.
        stop: tells to stop.
        moved: where files that were moved are now.
        force: restore genres that were edited since, too.
    """

    def one(write: Write) -> Outcome:
        path = moved.get(write.path, write.path)
        moved_from = write.path if write.path in moved else None
        try:
            changed = writer.restore(replace(write, path=path), force=force)
            return Outcome(path, write.old, changed=changed, moved_from=moved_from)
        except TagError as error:
            return Outcome(path, write.old, str(error), moved_from=moved_from)

    return in_parallel(one, writes, stop)


def machine_made(files: Iterable[Path], style: WriteStyle, stop: Event) -> Iterator[Path]:
    """Yield the files whose genre is noted as written by genretag, and was not edited since.

    Args:
        files: to look into; those whose tags cannot be read are left out.
        style: how several genres are spelled.
        stop: tells to stop.
    """

    def one(path: Path) -> tuple[Path, bool]:
        try:
            layout = open_layout(path)
        except TagError:
            return path, False
        return path, is_machine_made(style.parts(layout.genres), layout.source)

    return (path for path, ours in in_parallel(one, files, stop) if ours)


def clear(paths: Iterable[Path], writer: TagWriter, stop: Event) -> Iterator[Outcome]:
    """Remove the genres of files, with what is noted about them, until told to stop."""

    def one(path: Path) -> Outcome:
        try:
            return Outcome(path, (), changed=writer.write(path, ()))
        except TagError as error:
            return Outcome(path, (), str(error))

    return in_parallel(one, paths, stop)
