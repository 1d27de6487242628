"""What the files of a scan are called on the workers of a cluster."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Self

from tagger.errors import UsageError


@dataclass(frozen=True)
class PathMap:
    """Folders of this machine, each with its path on the workers.

    The workers may run another operating system, so their paths are pure ones.

    Attributes:
        folders: pairs of absolute paths, here and on the workers.
    """

    folders: tuple[tuple[PurePath, PurePath], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read texts such as "/mnt/music=/srv/music".

        Raises:
            UsageError: a text is not two absolute paths with "=" between them, or a folder of this
                machine is named twice.
        """
        folders: dict[PurePath, PurePath] = {}
        for text in texts:
            here, there = _pair(text)
            if folders.setdefault(here, there) != there:
                raise UsageError(f"--path-map names two places for {here}.")
        return cls(tuple(folders.items()))

    def on_workers(self, path: PurePath) -> str:
        """Return the path of a file on the workers, by the innermost folder that holds it.

        Args:
            path: absolute, on this machine. It is the same on the workers if no folder holds it.
        """
        holding = [pair for pair in self.folders if path.is_relative_to(pair[0])]
        if not holding:
            return str(path)
        here, there = max(holding, key=lambda pair: len(pair[0].parts))
        return str(there.joinpath(*path.relative_to(here).parts))


def _pair(text: str) -> tuple[PurePath, PurePath]:
    """Divide a text at the first "=" that has an absolute path on each side."""
    words = text.split("=")
    for number in range(1, len(words)):
        here = PurePath("=".join(words[:number]))
        there = _pure("=".join(words[number:]))
        if here.is_absolute() and there.is_absolute():
            return here, there
    raise UsageError(
        f"--path-map {text!r} is not a folder here and its path on the workers, both in full,"
        " such as /mnt/music=/srv/music."
    )


def _pure(text: str) -> PurePath:
    """Return a path of whichever operating system it is written for."""
    windows = PureWindowsPath(text)
    return windows if windows.drive else PurePosixPath(text)
