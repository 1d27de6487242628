"""Writes genres with a journal, and takes them back."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from tagger.errors import TagError
from tagger.identity import Identity, is_gone
from tagger.options import Mtime
from tagger.runtime.threads import Together
from tagger.tags.change import Change
from tagger.tags.genre_names import WriteStyle
from tagger.writing.entries import State, Write
from tagger.writing.journal import Journal
from tagger.writing.planning import plan, rehearse
from tagger.writing.recovery import recover
from tagger.writing.safewrite import flush, make


class TagWriter:
    """One run of writes, from any number of threads; what a killed run left is tidied up first.

    A run is entered into the journal with its first write, so that one that writes nothing leaves
    no trace. A dry run only looks. Writes that links lead out of the folders `within` are counted.
    """

    def __init__(
        self,
        journal: Journal,
        command: str,
        *,
        mtime: Mtime = "now",
        strict_owner: bool = False,
        style: WriteStyle = WriteStyle(),  # noqa: B008 - it cannot be changed
        within: Sequence[Path] = (),
        dry_run: bool = False,
        wrote: Callable[[Change], None] | None = None,
    ) -> None:
        self.dry_run = dry_run
        self._journal = journal
        self._command = command
        self._mtime = mtime
        self._strict_owner = strict_owner
        self._style = style
        self._not_kept: Counter[str] = Counter()
        self._within = [folder.resolve() for folder in within]
        self._outside = 0  # writes
        self._wrote = wrote  # is told of every change that was made
        self._run: int | None = None
        self._lock = Lock()
        self._flush_folder = Together(_flush_folders)
        if not dry_run:
            recover(journal)

    @property
    def notice(self) -> str:
        """What the end of a run is to say: what could not be kept, and where links led; or ""."""
        sentences = []
        if self._not_kept:
            parts = [f"{what} ({count})" for what, count in sorted(self._not_kept.items())]
            sentences.append(
                f"Not kept, in so many files: {', '.join(parts)};"
                " --strict-owner refuses such files."
            )
        if self._outside:
            sentences.append(
                f"Written outside of the folders, where links lead: {self._outside}"
                f" file{'' if self._outside == 1 else 's'}; genretag history names them."
            )
        return " ".join(sentences)

    def write(
        self,
        path: Path,
        genres: Sequence[str],
        expected: Identity | None = None,
        source: str = "",
    ) -> bool:
        """Replace the genres of a file; returns whether there was anything to change.

        Where the source of the genres is given, it is noted beside them in every tag that can.

        A dry run finds out all that can be known without writing.

        Raises:
            TagError: the file is as it was, and why.
            StateError: the journal cannot be written, so nothing else may be.
        """
        change = plan(path, genres=genres, source=source, expected=expected, style=self._style)
        return self._make(change)

    def restore(self, write: Write, *, force: bool = False) -> bool:
        """Bring back the genre that a file had before a write.

        Raises:
            TagError: the file is as it was, and why: its genre is not what was written, say.
        """
        change = plan(write.path, back_to=write.before)
        if not force and not change.old.says(write.after) and not change.old.says(write.before):
            now = ", ".join(change.old.shown) or "none"
            raise TagError(f"has another genre by now ({now}); --force restores it all the same")
        if not force and change.content.fingerprint != write.fingerprint:
            raise TagError("is another recording by now; --force restores its genre all the same")
        planned = self._journal.remembered(change.path)
        changed = self._make(change)
        if not self.dry_run:
            self._journal.mark(write.id, State.UNDONE)
            if planned and planned.is_still(change.identity):  # the table can be applied once more
                with suppress(OSError):
                    restored = Identity.of(change.path)
                    self._journal.remember(change.path, restored, planned.source)
        return changed

    def _make(self, change: Change) -> bool:
        if not change.splices:
            return False
        if self.dry_run:
            rehearse(change, strict_owner=self._strict_owner)
            return True
        with self._lock:
            if self._run is None:
                self._run = self._journal.begin_run(self._command)
        number = self._journal.begin(self._run, change)
        try:
            not_kept = make(
                change,
                mtime=self._mtime,
                strict_owner=self._strict_owner,
                flush_folder=self._flush_folder,
            )
        except TagError:
            # An entry that stays open is looked into again by the next run. Where the file itself
            # cannot be seen any more, its disk or network has gone, with the copy or without.
            if is_gone(change.temporary) and not is_gone(change.path):
                self._journal.mark(number, State.FAILED)
            raise
        with self._lock:
            self._not_kept.update(not_kept)
            if self._within and not any(map(change.path.is_relative_to, self._within)):
                self._outside += 1
        self._journal.mark(number, State.DONE)
        if self._wrote is not None:
            self._wrote(change)
        return True


def refusal(
    path: Path,
    genres: Sequence[str],
    *,
    style: WriteStyle = WriteStyle(),  # noqa: B008 - it cannot be changed
    strict_owner: bool = False,
) -> str:
    """Return why a genre could not be written into a file; empty if nothing speaks against it.

    Nothing is written. Known before are: whether the container is understood and not cut short,
    whether its tags can hold the genre and keep everything else, whether file, owner and folder
    allow it, and whether there is space.
    """
    try:
        rehearse(plan(path, genres=genres, style=style), strict_owner=strict_owner)
    except TagError as error:
        return str(error)
    return ""


def _flush_folders(folders: Sequence[Path]) -> Sequence[None]:
    for folder in set(folders):
        flush(folder)
    return [None] * len(folders)
