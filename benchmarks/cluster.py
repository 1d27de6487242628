"""Compare an ordinary scan with the same scan by one and by two workers of a Dask cluster.

A worker is one process of `dask worker --nthreads 1`, kept with its decoder on one core of its own:
so one worker is one core's share, and two are twice as much. The scheduler and the coordinator run
on the same cores, on whichever is free.

The scans take turns, so that whatever else the machine does meets all of them. A scan is measured
from its first result to one of its last, without start-up. Processor time tells what a track costs
in each part, even where wall time tells only that the machine is busy.

    python benchmarks/cluster.py FOLDER [--tracks 200] [--rounds 3]

Needs Linux, two cores, the `cluster` extra, and a folder of music. Writes
`benchmarks/results/cluster.json`.
"""

import argparse
import datetime
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "cluster.json"
MODES = {"ordinary scan": 0, "1 worker": 1, "2 workers": 2}
LAST = 4  # results, at which an ordinary scan has ended some of its processes
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a scan costs once it runs; processor time is that of a track."""

    tracks_a_second: float
    seconds_to_first_result: float
    coordinator_ms: float
    scheduler_ms: float
    workers_ms: float
    cores_of_a_worker: float  # that it kept busy; all of an ordinary scan


def processor_seconds(sessions: Sequence[int]) -> list[float]:
    """Return the processor time that the processes of each session have taken."""
    seconds = dict.fromkeys(sessions, 0.0)
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):  # it has ended, or is no process
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) in seconds:
                seconds[int(fields[3])] += (
                    sum(map(int, fields[11:15])) / TICK
                )  # with that of ended children
    return list(seconds.values())


def started(*words: str | Path, home: Path, core: int | None = None) -> "subprocess.Popen[str]":
    """Start a Python program in a session of its own, on one core or on all."""
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    return subprocess.Popen(
        [*pinned, sys.executable, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "GENRETAG_HOME": str(home)},
        stdout=subprocess.PIPE if "scan" in words else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


@contextmanager
def cluster(workers: int, home: Path) -> Iterator[tuple[str, list[int]]]:
    """Start a scheduler and workers; gives its address and the sessions, its own first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dask, address = ("-m", "dask"), f"tcp://127.0.0.1:{port}"
    here = ("--host", "127.0.0.1", "--no-dashboard")
    scheduler = started(*dask, "scheduler", *here, "--port", str(port), home=home)
    one = ("worker", address, *here, "--nworkers", "1", "--nthreads", "1")
    programs = [scheduler, *(started(*dask, *one, home=home, core=n) for n in range(workers))]
    try:
        yield address, [program.pid for program in programs]
    finally:
        for program in reversed(programs):
            program.send_signal(signal.SIGTERM)
            program.wait()


def measured(folder: Path, tracks: int, workers: int, home: Path) -> Cost:
    """Run a scan, and read its result lines as they come."""
    command = ("-c", "from tagger.cli import main; main()", "scan", folder, "--no-cache")
    if not workers:
        return _measured(started(*command, home=home), tracks, [])
    with cluster(workers, home) as (address, sessions):
        time.sleep(5)  # a scan waits for the first worker only
        return _measured(started(*command, "--cluster", address, home=home), tracks, sessions)


def _measured(scan: "subprocess.Popen[str]", tracks: int, others: Sequence[int]) -> Cost:
    begin = time.perf_counter()
    assert scan.stdout is not None
    scan.stdout.readline()  # the header
    ends: list[tuple[float, list[float]]] = []
    for number, _ in enumerate(scan.stdout, 1):
        if number in (1, tracks - LAST):
            ends.append((time.perf_counter(), processor_seconds([scan.pid, *others])))
    if scan.wait():
        raise SystemExit("The scan failed.")
    (first, before), (last, after) = ends
    tracks -= LAST + 1
    coordinator, *rest = (new - old for old, new in zip(before, after, strict=True))
    scheduler, *of_workers = rest or [0.0]
    busy = of_workers or [coordinator]
    return Cost(
        tracks_a_second=round(tracks / (last - first), 2),
        seconds_to_first_result=round(first - begin, 1),
        coordinator_ms=round(1000 * coordinator / tracks, 1),
        scheduler_ms=round(1000 * scheduler / tracks, 1),
        workers_ms=round(1000 * sum(of_workers) / tracks, 1),
        cores_of_a_worker=round(sum(busy) / len(busy) / (last - first), 2),
    )


def chosen(source: Path, folder: Path, most: int) -> int:
    """Link to files from all over a folder; return how many there are."""
    files = sorted(file for file in source.rglob("*") if file.is_file())
    for file in files[:: max(1, len(files) // most)][:most]:
        (folder / f"{len(list(folder.iterdir()))} {file.name}").hardlink_to(file)
    return len(list(folder.iterdir()))


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    costs: dict[str, list[Cost]] = {mode: [] for mode in MODES}
    loads: list[float] = []
    with tempfile.TemporaryDirectory(dir=options.folder.parent) as scratch:
        music, home = Path(scratch) / "music", Path(scratch) / "home"
        music.mkdir()
        tracks = chosen(options.folder, music, options.tracks)
        for _ in range(options.rounds):
            for mode, workers in MODES.items():
                costs[mode].append(measured(music, tracks, workers, home))
                loads.append(round(os.getloadavg()[0], 1))
                print(mode, costs[mode][-1], flush=True)
    rates = {mode: [cost.tracks_a_second for cost in found] for mode, found in costs.items()}
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "tracks": tracks,
        "load_average_of_the_machine": loads,
        "gain_of_the_second_worker": [
            round(two / one, 2)
            for one, two in zip(rates["1 worker"], rates["2 workers"], strict=True)
        ],
        "median": {
            mode: {
                name: round(statistics.median(asdict(cost)[name] for cost in found), 2)
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
