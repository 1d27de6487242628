"""What every strip of a prepared folder was made from, so that nothing is made twice.

`clips.jsonl` begins with how the strips were made; then there is one line a clip, written as soon
as its strip is: what was done is known even after a power cut.
"""

import json
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.files import content_digest, whole, writing

STAMPS_FILE = "clips.jsonl"


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A clip as it was when its strip was made."""

    file: str  # relative to the source
    strip: str  # relative to the prepared folder
    size: int  # bytes
    mtime_ns: int
    content: str  # digest of the file
    audio: str  # digest of the samples that were decoded
    seconds: float  # that were decoded

    def is_current(self, clip: Path) -> bool:
        """Tell whether size and time of the clip are what they were."""
        try:
            status = clip.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size, self.mtime_ns)

    def has_content_of(self, clip: Path) -> bool:
        """Tell whether the clip is the same byte for byte, whatever its date."""
        try:
            regular = stat.S_ISREG(clip.stat().st_mode)
            return regular and content_digest(clip) == self.content
        except OSError:
            return False


class Stamps:
    """The stamps of a prepared folder."""

    def __init__(self, folder: Path, made: Mapping[str, Any]) -> None:
        """Read the stamps of strips that are there and `made` in the same way."""
        self._file = folder / STAMPS_FILE
        self._folder = folder
        self._made = {"made": dict(made)}
        lines = _read(self._file)
        stamps = [Stamp(**line) for line in lines[1:]]
        self._strips = {stamp.strip for stamp in stamps}  # all that were ever made here
        same = lines[:1] == [self._made]
        self.known = {
            stamp.file: stamp for stamp in stamps if same and (folder / stamp.strip).exists()
        }

    def begin(self) -> None:
        """Write what is still known."""
        self._write(self.known.values())

    def add(self, stamp: Stamp) -> None:
        """Note a new strip.

        Raises:
            DataError: it cannot be noted.
        """
        self._strips.add(stamp.strip)
        with writing(self._file), self._file.open("a", encoding="utf-8") as file:
            file.write(_line(asdict(stamp)))

    def finish(self, stamps: Iterable[Stamp]) -> None:
        """Keep these stamps and their strips, and remove the strips of all others."""
        kept = list(stamps)
        for strip in self._strips - {stamp.strip for stamp in kept}:
            with suppress(OSError):
                (self._folder / strip).unlink()
        self._write(kept)

    def _write(self, stamps: Iterable[Stamp]) -> None:
        with whole(self._file) as file:
            for line in (self._made, *map(asdict, stamps)):
                file.write(_line(line).encode())


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content) + "\n"


def _read(file: Path) -> list[dict[str, Any]]:
    """Read all lines that are whole; a kill may have cut the last one."""
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError):
        return []
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines
