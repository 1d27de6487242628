"""The file that results go to: an older one is replaced by a finished scan, and only by that."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TextIO

from tagger.errors import PathError, reason
from tagger.options import STANDARD_OUTPUT
from tagger.output.written import digest, is_as_written, remember
from tagger.tags.formats import is_music


class ResultFile:
    """Results on their way into a file.

    Attributes:
        stream: takes the results.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def finish(self) -> None:
        """Let the results take their place; call it when they are complete."""


class _Replacement(ResultFile):
    """Results in a file beside their target, which a finished scan replaces."""

    def __init__(self, target: Path, *, force: bool, tell: Callable[[str], None]) -> None:
        self._target = target
        self._force = force
        self._tell = tell
        self._before = digest(target)
        self._finished = False
        self._may_be_replaced = self._before is None or is_as_written(target)
        if not (self._may_be_replaced or force):
            raise PathError(
                f"{target} was edited since genretag wrote it, or genretag did not write it."
                " Choose another name, or pass --force to replace it and keep the old one as"
                f" {target.name}.bak."
            )
        self._part, stream = _new_part(target)
        super().__init__(stream)

    def finish(self) -> None:
        """Replace the target; one that somebody has changed is kept as a copy.

        Raises:
            PathError: it was changed while the scan ran, and there is no `--force`; or it cannot
                be replaced.
        """
        try:
            self._replace()
        except OSError as error:
            raise PathError(f"{self._target} cannot be written: {reason(error)}.") from None

    def _replace(self) -> None:
        self.stream.close()
        changed = digest(self._target) != self._before
        if changed and not self._force:
            raise PathError(
                f"{self._target} was changed while the scan ran."
                f" Its results are complete and in {self._part}."
            )
        if self._before is not None:
            shutil.copymode(self._target, self._part)
            if changed or not self._may_be_replaced:
                backup = _free_name(self._target, "bak")
                self._target.rename(backup)
                self._tell(f"The old {self._target} is kept as {backup}.")
        self._part.replace(self._target)
        self._finished = True
        remember(self._target)

    def close(self, header_lines: int) -> None:
        """Leave results that are not complete where they are and say so; remove an empty file."""
        with suppress(OSError):  # each line was handed over, or its failure told, by itself
            self.stream.close()
        if self._finished:
            return
        with suppress(OSError):
            with self._part.open("rb") as file:
                empty = sum(1 for _ in file) <= header_lines
            if empty:
                self._part.unlink()
                return
            remember(self._part)
            old = f"; {self._target} is as it was" if self._before is not None else ""
            self._tell(f"The results so far are in {self._part}{old}.")


@contextmanager
def opened(
    target: Path,
    *,
    force: bool = False,
    header_lines: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[ResultFile]:
    """Open a file for results, or standard output for "-".

    Until `finish` is called the results stand beside the file, in one with `.part` behind its name,
    and there they stay if it is never called. A symbolic link stays one: what it leads to is
    replaced.

    Args:
        target: the file.
        force: replace a file that was edited or that genretag did not write; it is kept as `.bak`.
        header_lines: lines that are no results.
        tell: shows a sentence about what was kept.

    Raises:
        PathError: the file cannot be written, is music, or may not be replaced.
    """
    if target == STANDARD_OUTPUT:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        yield ResultFile(sys.stdout)
        return
    real = Path(os.path.realpath(target)) if target.is_symlink() else target
    for name in {target, real}:
        if is_music(name):
            raise PathError(f"{name} is a music file by its name; results are not written there.")
    special = target.exists() and not target.is_file()  # such as /dev/null
    try:
        if special:
            stream = target.open("w", encoding="utf-8", newline="")
        else:
            replacement = _Replacement(real, force=force, tell=tell)
    except OSError as error:
        raise PathError(f"{target} cannot be written: {reason(error)}.") from None
    try:
        yield ResultFile(stream) if special else replacement
    finally:
        if special:
            with suppress(OSError):
                stream.close()
        else:
            replacement.close(header_lines)


def _new_part(target: Path) -> tuple[Path, TextIO]:
    """Open a file beside the target; one that an interrupted scan left is used again."""
    part = target.with_name(f"{target.name}.part")
    if part.exists() and is_as_written(part):
        part.unlink()
    part = _free_name(target, "part")
    return part, part.open("x", encoding="utf-8", newline="")


def _free_name(target: Path, ending: str) -> Path:
    """Return the first of `name.bak`, `name.bak2`, `name.bak3` … that is not taken."""
    numbers = ("" if number == 1 else str(number) for number in count(1))
    paths = (target.with_name(f"{target.name}.{ending}{number}") for number in numbers)
    return next(path for path in paths if not os.path.lexists(path))
