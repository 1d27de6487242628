"""Time safe writing of genres against copying the same files, in one run.

Both work on the same files of 5 MB, in turns, block by block. Copies are made one after the other,
as `cp` does, once left to the system to flush and once flushed one by one; writes are made as
`genretag apply` does, in a few threads.

    python benchmarks/writing.py [--files 1000] [--folder DIR]

Needs the `test` extra. Writes `benchmarks/results/writing.json` and prints a table.
"""

import argparse
import datetime
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import write_audio  # noqa: E402

from tagger.changes import in_parallel  # noqa: E402
from tagger.journal import Journal  # noqa: E402
from tagger.writer import TagWriter  # noqa: E402

SIZE = 5_000_000
BLOCK = 50
RESULTS = Path(__file__).parent / "results" / "writing.json"


def make_song(folder: Path) -> Path:
    """Make an MP3 of about 5 MB: noise does not compress to less than its bit rate."""
    seconds = SIZE * 8 / 96_000
    noise = np.random.default_rng(0).standard_normal(round(seconds * 44_100)) * 0.1
    return write_audio(folder / "song.mp3", noise.astype(np.float32), 44_100)


def plain_copy(source: Path) -> Path:
    """Copy a file."""
    target = source.with_suffix(".copy")
    shutil.copyfile(source, target)
    return target


def flushed_copy(source: Path) -> None:
    """Copy a file and have it on the disk."""
    target = plain_copy(source)
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    seconds = dict.fromkeys(("copy", "flushed copy", "write"), 0.0)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        place = Path(scratch)
        song = make_song(place)
        with Journal(place / "state") as journal:
            writer = TagWriter(journal, "benchmark")

            works: dict[str, Callable[[list[Path]], object]] = {
                "copy": lambda paths: [plain_copy(path) for path in paths],
                "flushed copy": lambda paths: [flushed_copy(path) for path in paths],
                "write": lambda paths: list(
                    in_parallel(lambda path: writer.write(path, ["Jazz"]), paths)
                ),
            }
            for first in range(0, options.files, BLOCK):
                paths = [place / f"{number:04}.mp3" for number in range(first, first + BLOCK)]
                for path in paths:
                    shutil.copyfile(song, path)
                os.sync()
                copies = [path.with_suffix(".copy") for path in paths]
                for name, work in works.items():
                    started = time.perf_counter()
                    work(paths)
                    seconds[name] += time.perf_counter() - started
                    for copy in copies:
                        copy.unlink(missing_ok=True)
                    os.sync()
                for path in paths:
                    path.unlink()
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "files": options.files,
        "bytes": SIZE,
        "cores": os.cpu_count(),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "write_to_flushed_copy": round(seconds["write"] / seconds["flushed copy"], 2),
        "write_to_copy": round(seconds["write"] / seconds["copy"], 2),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    for name, value in seconds.items():
        print(f"{name:<14}{value / options.files * 1e3:8.2f} ms a file")
    print(f"writing takes {report['write_to_flushed_copy']} times as long as a flushed copy")


if __name__ == "__main__":
    main()
