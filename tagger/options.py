"""What the user asked for, as one object; light enough to be imported before anything heavy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]

Mtime = Literal["now", "bump", "keep"]
"""The modification time of a file whose genre was written: the present, the old one plus a second,
or the old one. Most servers and players rescan a file only when it differs."""


@dataclass(frozen=True)
class ScanOptions:
    """The options of `genretag scan`."""

    paths: tuple[Path, ...]
    write_tags: bool = False
    overwrite: bool = False
    append: bool = False
    keep_mtime: bool = True
    album: bool = False
    new: bool = False  # only files that are not known
    cache: bool = True
    csv: Path | None = None
    jsonl: Path | None = None
    min_confidence: float | None = None  # None: what the model file says
    top: int = 1
    seconds: float | None = 30.0  # None: all of it
    exclude: tuple[str, ...] = ()
    jobs: int | None = None  # None: one for each core
    batch_size: int | None = None  # None: what suits the device
    device: Device = "auto"
    model: Path | None = None  # None: that of the package for the device
    config: Path | None = None
    quiet: bool = False
