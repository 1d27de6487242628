"""Compare a scan in one process with the same scan by local workers of a Dask cluster.

The scans take turns, so that whatever else the machine does meets all of them. A scan is measured
from its first result to its last, without start-up. Processor time tells what a track costs in the
coordinator (with the scheduler, which a local cluster has in the same process) and in the workers,
even where wall time tells only that the machine is busy.

    python benchmarks/cluster.py FOLDER [--copies 2] [--rounds 3]

Needs Linux, the `cluster` extra, and a folder of music, which is copied. Writes
`benchmarks/results/cluster.json`.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "cluster.json"
MODES = {
    "without cluster": (),
    "local:1": ("--cluster", "local:1"),
    "local:2": ("--cluster", "local:2"),
}
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What a scan costs once it runs."""

    tracks_a_second: float
    coordinator_ms: float  # processor time a track
    workers_ms: float  # the same in all other processes


def processor_seconds(session: int) -> dict[bool, float]:
    """Return the processor time of a session: of its leader (True), and of all other processes."""
    seconds = {True: 0.0, False: 0.0}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[3]) == session:
                seconds[int(entry.name) == session] += sum(map(int, fields[11:13])) / TICK
    return seconds


def measured(folder: Path, tracks: int, options: tuple[str, ...]) -> Cost:
    """Run a scan, and read its result lines as they come."""
    program = [sys.executable, "-c", "from tagger.cli import main; main()"]
    scan = subprocess.Popen(
        [*program, "scan", folder, "--no-cache", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert scan.stdout is not None
    scan.stdout.readline()  # the header
    ends: list[tuple[float, dict[bool, float]]] = []
    for number, _ in enumerate(scan.stdout, 1):
        if number in (1, tracks):
            ends.append((time.perf_counter(), processor_seconds(scan.pid)))
    scan.wait()
    (begun, before), (ended, after) = ends
    a_track = {leader: 1000 * (after[leader] - before[leader]) / tracks for leader in (True, False)}
    return Cost(
        tracks_a_second=round(tracks / (ended - begun), 2),
        coordinator_ms=round(a_track[True], 1),
        workers_ms=round(a_track[False], 1),
    )


def copied(source: Path, folder: Path, copies: int) -> int:
    """Copy all files of a folder several times; return how many there are then."""
    files = [file for file in source.iterdir() if file.is_file()]
    for number in range(copies):
        for file in files:
            shutil.copy(file, folder / f"{number} {file.name}")
    return copies * len(files)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    costs: dict[str, list[Cost]] = {mode: [] for mode in MODES}
    loads: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        tracks = copied(options.folder, Path(scratch), options.copies)
        for _ in range(options.rounds):
            for mode, words in MODES.items():
                costs[mode].append(measured(Path(scratch), tracks, words))
                loads.append(round(os.getloadavg()[0], 1))
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "tracks": tracks,
        "load_average_of_the_machine": loads,
        "median": {
            mode: {
                name: statistics.median(asdict(cost)[name] for cost in found)
                for name in asdict(found[0])
            }
            for mode, found in costs.items()
        },
        "rounds": {mode: [asdict(cost) for cost in found] for mode, found in costs.items()},
    }
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
