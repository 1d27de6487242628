"""Measure what the README says about speed, in one command.

    python benchmarks/speed.py [--tracks 200] [--sample 12] [--rounds 5] [--growth 100,1000,10000]

Needs the `test` extra. Generates its own corpus: synthetic stereo music of three to five minutes,
most of it MP3. Every run starts a new process, so start-up counts. The programs alternate, so that
other load on the machine slows all of them alike. Writes speed.json, speed.md and speed.png into
benchmarks/results/.
"""

import argparse
import csv
import datetime
import importlib.metadata
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from corpus import ENCODERS, make_library  # noqa: E402
from report import write_report  # noqa: E402

MINUTES = (180.0, 300.0)
DISTINCT = 20  # generated tracks; the others are copies, which take as long to analyse
PACKAGES = ("av", "keras", "librosa", "numpy", "onnxruntime-gpu", "onnxruntime", "tensorflow")
STARTS = {
    "import typer": "import typer",
    "genretag --help": "from tagger.cli import main; main()",
    "genretag --version": "from tagger.cli import main; main()",
}


def run(command: Sequence[str], home: Path) -> tuple[float, str, str]:
    """Run a program to its end; return seconds, standard output and standard error."""
    # A new state folder each time, so that no run finds the cache of another.
    with tempfile.TemporaryDirectory(dir=home) as state:
        began = time.perf_counter()
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"GENRETAG_HOME": state},
        )
        seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return seconds, done.stdout, done.stderr


def check_analysed(table: str) -> None:
    """Stop where tracks were not analysed, which takes no time to speak of."""
    left_out = [row["error"] for row in csv.DictReader(table.splitlines()) if row["error"]]
    if left_out:
        sys.exit(f"{len(left_out)} tracks were not analysed; the first of them {left_out[0]}.")


def scan(folder: Path, scratch: Path, model: Path | None) -> dict[str, float]:
    """Scan a folder; return wall, ONNX Runtime and processor time in seconds."""
    command = [sys.executable, str(HERE / "clocked.py"), "scan", str(folder), "--csv", "-"]
    # The cache would answer for every copy of a track after the first.
    command += ["--no-cache", "--quiet", *(["--model", str(model)] if model else [])]
    before = os.times()
    seconds, table, said = run(command, scratch)
    after = os.times()
    check_analysed(table)
    # Counts processes that have ended; the workers end before the program. Zero on Windows.
    system = after.children_system - before.children_system
    processors = after.children_user - before.children_user + system
    return {"seconds": seconds, "processors": processors, **json.loads(said.splitlines()[-1])}


def compare(
    folder: Path, paths: Sequence[Path], options: argparse.Namespace, scratch: Path
) -> dict[str, Any]:
    """Time scans and the usual way in alternating rounds.

    The usual way analyses a random sample of the tracks in each round. Its time for all tracks is
    extrapolated: start-up plus its mean time a track times the number of tracks.
    """
    ours, theirs = [], []
    rng = random.Random(0)
    for _ in range(options.rounds):
        ours.append(scan(folder, scratch, options.model))
        sample = [str(path) for path in rng.sample(paths, min(options.sample, len(paths)))]
        seconds, said, _ = run([sys.executable, str(HERE / "usual.py"), *sample], scratch)
        start = float(said.splitlines()[-1])
        theirs.append(start + (seconds - start) * len(paths) / len(sample))
    ratios = [usual / own["seconds"] for usual, own in zip(theirs, ours, strict=True)]
    shares = [own["computing"] / own["wall"] for own in ours]
    running = [own["computing"] / (own["last"] - own["first"]) for own in ours]
    busy = [own["processors"] / own["seconds"] / (os.cpu_count() or 1) for own in ours]
    return {
        "tracks": len(paths),
        "sample_of_the_usual_way": min(options.sample, len(paths)),
        "seconds": [round(own["seconds"], 2) for own in ours],
        "seconds_of_the_usual_way": [round(seconds, 1) for seconds in theirs],
        "times_as_fast": [round(ratio, 1) for ratio in ratios],
        "median_times_as_fast": round(statistics.median(ratios), 1),
        "share_of_onnx_runtime": round(statistics.median(shares), 3),
        "share_of_onnx_runtime_once_running": round(statistics.median(running), 3),
        "share_of_the_cores": round(statistics.median(busy), 3),
        "seconds_to_the_first_tracks": round(statistics.median(own["first"] for own in ours), 2),
    }


def time_starts(scratch: Path, rounds: int) -> dict[str, float]:
    """Return the median seconds of starting each program."""
    seconds: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(rounds):
        for name, code in STARTS.items():
            command = [sys.executable, "-c", code, *name.split()[1:]]
            seconds[name].append(run(command, scratch)[0])
    return {name: round(statistics.median(values), 3) for name, values in seconds.items()}


def time_growth(sizes: Sequence[int], scratch: Path, model: Path | None) -> dict[int, float]:
    """Return milliseconds a file for growing libraries of short files, copies of twenty."""
    grown = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=scratch) as place:
            folder = Path(place) / "short"
            make_library(folder, size, ".mp3", distinct=DISTINCT, seconds=(4, 6))
            grown[size] = round(scan(folder, scratch, model)["seconds"] / size * 1e3, 1)
    return grown


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=200)
    parser.add_argument("--sample", type=int, default=12, help="tracks of the usual way")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--growth", default="100,1000,10000", help="library sizes; empty: none")
    parser.add_argument("--model", type=Path, help="model file; the packaged one by default")
    parser.add_argument("--folder", type=Path, help="folder for the temporary corpus")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        scratch = Path(place)
        music = scratch / "music"
        paths = make_library(music, options.tracks, ".mp3", distinct=DISTINCT, seconds=MINUTES)
        found: dict[str, Any] = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "machine": {
                "processor": _processor(),
                "cores": os.cpu_count(),
                "system": platform.system(),
                "python": platform.python_version(),
            },
            "versions": _versions(),
            "model": options.model.name if options.model else "packaged",
            "comparison": compare(music, paths, options, scratch),
            "starts": time_starts(scratch, 3 * options.rounds),
            "stages": {},
        }
        for suffix in ENCODERS:
            folder = music
            if suffix != ".mp3":
                folder = scratch / suffix[1:]
                make_library(folder, 10, suffix, distinct=10, seconds=MINUTES)
            command = [sys.executable, str(HERE / "stages.py"), str(folder), str(DISTINCT)]
            command += [str(options.model)] if options.model else []
            found["stages"][suffix[1:]] = json.loads(run(command, scratch)[1])
        sizes = [int(size) for size in options.growth.split(",") if size]
        found["growth"] = time_growth(sizes, scratch, options.model)
    print(write_report(found, options.output))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _versions() -> dict[str, str]:
    installed = {found.metadata["Name"].lower() for found in importlib.metadata.distributions()}
    return {name: importlib.metadata.version(name) for name in PACKAGES if name in installed}


if __name__ == "__main__":
    main()
