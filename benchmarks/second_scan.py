"""Time the second scan of an unchanged library, and measure the memory of both scans.

The library is made of short MP3s that differ in their last bytes, and heard by a tiny model, so
that the first scan, which only fills the cache, is quick. The second one is started afresh some
times; start-up counts. Memory is the peak of the main process, for few files and for all of them.

    python benchmarks/second_scan.py [--files 10000] [--few 200] [--repeats 5] [--folder DIR]

Needs the `test` extra. Writes `benchmarks/results/second_scan.json` and prints a table.
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
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import music, write_audio, write_toy_model  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "second_scan.json"
ALBUM = 12  # tracks

# What a scan is run as: the command itself, which says at its end what memory it took at most.
PROGRAM = """
import resource, sys
from tagger.cli import main
try:
    main()
finally:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak {peak / 1024:.1f} MB", file=sys.stderr)
"""
NOTHING_HEAVY = """
import sys
for name in ("av", "librosa", "onnxruntime", "joblib"):
    sys.modules[name] = None
"""


def make_library(folder: Path, count: int) -> Path:
    """Write albums of short tracks, as old as a library is."""
    song = write_audio(folder / "song.mp3", music(3.2)).read_bytes()
    library = folder / "library"
    for number in range(count):
        album = library / f"Artist {number // ALBUM // 5}" / f"Album {number // ALBUM}"
        album.mkdir(parents=True, exist_ok=True)
        track = album / f"{number:05} A title as long as they are.mp3"
        track.write_bytes(song[:-8] + number.to_bytes(8))
        os.utime(track, (1_600_000_000, 1_600_000_000))
    return library


def scan(
    program: str, library: Path, model: Path, home: Path, *options: str
) -> tuple[float, float]:
    """Run a scan; returns its seconds and its peak memory in MB."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, "scan", library, "--model", model, *options],
        env={**os.environ, "GENRETAG_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    return seconds, float(done.stderr.split("peak ")[1].split()[0])


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
            first = scan(PROGRAM, library, model, place / "home")
            outputs = {
                "to a terminal's place": (),
                "--csv": ("--csv", str(place / "genres.csv")),
                "--new": ("--new",),
            }
            runs = {
                name: [
                    # It would fail where it had to decode, to load a model or to start a process.
                    scan(NOTHING_HEAVY + PROGRAM, library, model, place / "home", *words)
                    for _ in range(options.repeats)
                ]
                for name, words in outputs.items()
            }
            report[f"{count} files"] = {
                "first scan": {"seconds": round(first[0], 2), "peak_mb": first[1]},
                **{
                    name: {
                        "seconds": [round(seconds, 2) for seconds, _ in measured],
                        "median_seconds": round(statistics.median(s for s, _ in measured), 2),
                        "peak_mb": max(peak for _, peak in measured),
                    }
                    for name, measured in runs.items()
                },
            }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
