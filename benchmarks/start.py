"""Compare the start of two versions: `--help`, and the second scan of an unchanged library.

    python benchmarks/start.py OLD FOLDER [--repeats 30]

OLD is a checkout of the other version, as `git worktree add` makes it, and FOLDER holds music,
which both scan once beforehand. The versions take turns, since other programs slow both down; the
least processor time says most. Where Valgrind is installed, instructions are counted as well, which
nothing else on the machine changes. Needs Linux or macOS. Writes `benchmarks/results/start.json`.
"""

import argparse
import datetime
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "start.json"
PROGRAM = (sys.executable, "-c", "from tagger.cli import main; main()")
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


def run(tree: Path, home: Path, command: Sequence[str | Path]) -> tuple[float, str]:
    """Run a command with one version; returns processor seconds and standard error."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        cwd=home,  # the current folder would come before PYTHONPATH
        env={
            **os.environ,
            "PYTHONPATH": str(tree),
            "PYTHONHASHSEED": "0",
            "GENRETAG_HOME": str(home),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, done.stderr


def instructions(tree: Path, home: Path, words: Sequence[str | Path]) -> int:
    """Return how many instructions one version takes."""
    _, report = run(tree, home, (*VALGRIND, *PROGRAM, *words))
    counted = re.findall(r"I\s+refs:\s+([\d,]+)", report)
    return int(counted[-1].replace(",", ""))


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    trees = {"old": options.old.absolute(), "new": ROOT}
    commands = {"--help": ("--help",), "second scan": ("scan", options.folder.absolute())}
    report: dict[str, object] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "repeats": options.repeats,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    with tempfile.TemporaryDirectory() as scratch:
        homes = {version: Path(scratch) / version for version in trees}
        for version, home in homes.items():
            home.mkdir()
            run(trees[version], home, (*PROGRAM, *commands["second scan"]))  # the first one
        seconds = defaultdict[tuple[str, str], list[float]](list)
        for number in range(options.repeats):
            for name, words in commands.items():
                for version in sorted(trees, reverse=number % 2 == 0):
                    used, _ = run(trees[version], homes[version], (*PROGRAM, *words))
                    seconds[name, version].append(used)
        for (name, version), spans in sorted(seconds.items()):
            figures = {
                "least_cpu_seconds": round(min(spans), 3),
                "median_cpu_seconds": round(statistics.median(spans), 3),
            }
            if shutil.which("valgrind"):
                count = instructions(trees[version], homes[version], commands[name])
                figures["instructions"] = count
            report[f"{name}, {version}"] = figures
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
