"""Compare safe writing of genres with copying the same files, in one run.

All work on the same 5 MB files, block by block; each block starts with another of them.

copy                copy the file as `cp -p` does; the system flushes it later
flushed copy        the same, but flush each file, and the folder once a block, as genretag does
copy and replace    a flushed copy that then replaces the original, whose blocks are freed
write               `genretag apply`: everything it does for the rows of a table

    python benchmarks/writing.py [--files 1000] [--folder DIR]

Needs the `test` extra. Writes `benchmarks/results/writing.json` and prints a table. The ratios are
medians over the blocks.
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import write_audio  # noqa: E402

from tagger.output.planfile import PlannedWrite  # noqa: E402
from tagger.runtime.threads import THREADS  # noqa: E402
from tagger.writing.changes import apply_plan  # noqa: E402
from tagger.writing.journal import Journal  # noqa: E402
from tagger.writing.safewrite import flush  # noqa: E402
from tagger.writing.writer import TagWriter  # noqa: E402

SIZE = 5_000_000
BLOCK = 50
RESULTS = Path(__file__).parent / "results" / "writing.json"


def make_song(folder: Path) -> Path:
    """Make an MP3 of about 5 MB; noise always needs the full bit rate."""
    seconds = SIZE * 8 / 96_000
    noise = np.random.default_rng(0).standard_normal(round(seconds * 44_100)) * 0.1
    song: Path = write_audio(folder / "song.mp3", noise.astype(np.float32), 44_100)
    return song


def copy(paths: list[Path]) -> list[Path]:
    """Copy files."""
    return [Path(shutil.copy2(path, path.with_suffix(".copy"))) for path in paths]


def flushed_copy(paths: list[Path]) -> list[Path]:
    """Copy files and flush them to the disk."""
    copies = []
    for path in paths:
        copies += copy([path])
        flush(copies[-1])
    flush(paths[0].parent)
    return copies


def copy_and_replace(paths: list[Path]) -> None:
    """Replace the originals with flushed copies."""
    for path, copied in zip(paths, flushed_copy(paths), strict=True):
        copied.replace(path)
    flush(paths[0].parent)


def measure(works: Mapping[str, Callable[[list[Path]], object]], song: Path, files: int) -> None:
    """Time each work on each block of files; save and print the report."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for first in range(0, files, BLOCK):
        names = list(works)
        turn = first // BLOCK % len(names)
        for name in names[turn:] + names[:turn]:
            place = song.parent / "block"
            place.mkdir()
            paths = [place / f"{number:04}.mp3" for number in range(first, first + BLOCK)]
            for path in paths:
                shutil.copyfile(song, path)
            os.sync()
            started = time.perf_counter()
            works[name](paths)
            seconds[name].append(time.perf_counter() - started)
            shutil.rmtree(place)
            os.sync()

    def ratio(peer: str) -> float:
        pairs = zip(seconds["write"], seconds[peer], strict=True)
        return round(statistics.median(ours / theirs for ours, theirs in pairs), 2)

    ratios = {peer: ratio(peer) for peer in works if peer != "write"}
    milliseconds = {
        name: round(statistics.median(values) / BLOCK * 1e3, 2) for name, values in seconds.items()
    }
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "files": files,
        "bytes": SIZE,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),  # at the end, other programs included
        "threads": THREADS,
        "milliseconds_a_file": milliseconds,
        "write_to": ratios,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    for name, value in milliseconds.items():
        times = "" if name == "write" else f"   write takes {ratios[name]} × as long"
        print(f"{name:<18}{value:8.2f} ms a file{times}")


def main() -> None:
    """Measure in a scratch folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as scratch,
        Journal(Path(scratch) / "state") as journal,
    ):
        writer = TagWriter(journal, "benchmark")

        def write(paths: list[Path]) -> None:
            rows = (PlannedWrite(path=path, genres=("Jazz",), existing=()) for path in paths)
            assert all(outcome.changed for outcome in apply_plan(rows, journal, writer, Event()))

        works = {
            "copy": copy,
            "flushed copy": flushed_copy,
            "copy and replace": copy_and_replace,
            "write": write,
        }
        measure(works, make_song(Path(scratch)), options.files)


if __name__ == "__main__":
    main()
