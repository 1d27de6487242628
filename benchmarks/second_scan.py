"""Time the second scan of an unchanged library, and measure the memory of both scans.

The library consists of short MP3s that differ in their last bytes, and a tiny model analyses them,
so that the first scan, which fills the cache, is quick. The second scan is repeated in new
processes; start-up counts. Memory is the peak of the main process, for few files and for all.

    python benchmarks/second_scan.py [--files 10000] [--few 200] [--repeats 5] [--folder DIR]

Needs Linux and the `test` extra. Writes `benchmarks/results/second_scan.json` and prints a table.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import music, write_audio, write_toy_model  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "second_scan.json"
ALBUM = 12  # tracks

# The command itself; at its end the main process prints its processor time in seconds and its peak
# memory in MB.
PROGRAM = """
import resource, sys
from tagger.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    # Not ru_maxrss, which starts at the memory of the parent process.
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0])
    print(f"used {cpu:.2f} {peak / 1024:.1f}", file=sys.stderr)
"""
NOTHING_HEAVY = """
import sys
for name in ("av", "librosa", "onnxruntime", "joblib"):
    sys.modules[name] = None
"""


def make_library(folder: Path, count: int) -> Path:
    """Write albums of short tracks with old modification times."""
    song = write_audio(folder / "song.mp3", music(3.2)).read_bytes()
    library = folder / "library"
    for number in range(count):
        album = library / f"Artist {number // ALBUM // 5}" / f"Album {number // ALBUM}"
        album.mkdir(parents=True, exist_ok=True)
        track = album / f"{number:05} A title as long as they are.mp3"
        track.write_bytes(song[:-8] + number.to_bytes(8))
        os.utime(track, (1_600_000_000, 1_600_000_000))
    return library


@dataclass(frozen=True)
class Cost:
    """Time and memory of one scan."""

    seconds: float
    cpu: float  # processor seconds: about what `seconds` would be on an idle machine
    memory: float  # peak, MB


def scan(program: str, library: Path, model: Path, home: Path, *options: str) -> Cost:
    """Run a scan."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, "scan", library, "--model", model, *options],
        env={**os.environ, "GENRETAG_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    return Cost(seconds, *map(float, done.stderr.split("used ")[1].split()))


def summary(costs: Sequence[Cost]) -> dict[str, object]:
    """Summarise repeated scans for the report."""
    return {
        "seconds": [round(cost.seconds, 2) for cost in costs],
        "cpu_seconds": [cost.cpu for cost in costs],
        "median_seconds": round(statistics.median(cost.seconds for cost in costs), 2),
        "peak_mb": max(cost.memory for cost in costs),
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    report: dict[str, object] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "repeats": options.repeats,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        model = write_toy_model(Path(scratch) / "toy.onnx")
        os.utime(model, (1_600_000_000, 1_600_000_000))
        for count in (options.few, options.files):
            place = Path(scratch) / str(count)
            place.mkdir()
            library = make_library(place, count)
            report[f"first scan of {count}"] = summary(
                [scan(PROGRAM, library, model, place / "home")]
            )
            for name, words in {
                "": (),
                " with --csv": ("--csv", str(place / "genres.csv")),
                " with --new": ("--new",),
            }.items():
                # These imports fail, so the scan cannot decode, load a model or start a process.
                report[f"second scan of {count}{name}"] = summary(
                    [
                        scan(NOTHING_HEAVY + PROGRAM, library, model, place / "home", *words)
                        for _ in range(options.repeats)
                    ]
                )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
