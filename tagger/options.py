"""What the user asked for, as one object; light enough to be imported before anything heavy."""

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]

Mtime = Literal["now", "bump", "keep"]
"""The modification time of a file whose genre was written: the present, the old one plus a second,
or the old one. Most servers and players rescan a file only when it differs."""

STANDARD_OUTPUT = Path("-")
"""As the file that results go to."""

ANALYSIS = (
    "min_confidence",
    "album",
    "cache",
    "seconds",
    "exclude",
    "jobs",
    "timeout",
    "batch_size",
    "device",
    "model",
)
"""The options of a scan that the commands share which show its results and write none."""


@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """The options of `genretag scan`."""

    paths: tuple[Path, ...]
    write_tags: bool = False
    overwrite: bool = False
    append: bool = False
    redo: bool = False  # genres that genretag wrote
    provenance: bool = False  # note beside a genre where it came from
    mtime: Mtime = "now"
    strict_owner: bool = False  # refuse files whose owner, group or permissions cannot be kept
    album: bool = False
    new: bool = False  # only files that are not known
    cache: bool = True
    csv: Path | None = None
    jsonl: Path | None = None
    report: Path | None = None
    force: bool = False  # replace a table that genretag did not write, or that was edited
    min_confidence: float | None = None  # None: what the model file says
    top: int = 1
    seconds: float | None = 30.0  # None: the whole track
    exclude: tuple[str, ...] = ()
    jobs: int | None = None  # None: one for each core
    timeout: int = 120  # seconds that one file may take
    batch_size: int | None = None  # None: what suits the device
    cluster: str | None = None  # address of a scheduler, or "local:N"; None: this process
    path_map: tuple[str, ...] = ()  # "/mnt/a=/srv/b": a folder here, and on the workers
    device: Device = "auto"
    model: Path | None = None  # None: that of the package for the device
    config: Path | None = None
    log: Path | None = None
    after: str | None = None  # a command for the shell, when something was written
    for_: str | None = None  # the time after which the run stops, such as "4h"
    nice: bool = False  # low priority
    watch: bool = False  # stay, and scan what is new
    quiet: bool = False
    given: frozenset[str] = frozenset()  # options from no file; they beat its rules for folders

    def command_line(self) -> str:
        """Return a command line that means the same from any folder, for the journal."""
        words = ["scan"]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("paths", "given") or value == field.default:
                continue
            name = f"--{field.name.rstrip('_').replace('_', '-')}"
            if value is True:
                words.append(name)
            elif value is False:
                words.append(name.replace("--", "--no-", 1))
            else:
                for one in value if isinstance(value, tuple) else (value,):
                    words += [name, _word(one)]
        return shlex.join([*words, *map(_word, self.paths)])


def _word(value: object) -> str:
    if value is None:  # the only option whose default is not None is the length
        return "full"
    if isinstance(value, Path) and value != STANDARD_OUTPUT:
        value = value.absolute()
    return f"{value:g}" if isinstance(value, float) else str(value)
