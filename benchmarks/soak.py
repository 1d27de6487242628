"""Put a large library with broken files through all commands, one scan killed, and look for leaks.

Short MP3s that differ in their last bytes, and broken ones among them, are scanned by a tiny model:
killed in the middle, scanned again, scanned once more with nothing to do, scanned for what is new,
written by `apply` and taken back by `undo`. Memory, descriptors and processes are watched all the
while, and every file is compared with what it was. Then a cache of a million rows is filled by
hand and asked.

    python benchmarks/soak.py [--files 100000] [--rows 1000000] [--folder DIR]

Needs Linux and the `test` extra. Writes `benchmarks/results/soak.json` and `soak.md`.
"""

import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import TOY_LABELS, music, write_audio, write_toy_model  # noqa: E402
from soak_page import page  # noqa: E402

from tagger.errors import TagError  # noqa: E402
from tagger.identity import Identity, MusicFile  # noqa: E402
from tagger.state.cache import Cache  # noqa: E402
from tagger.state.maintenance import CacheMaintenance  # noqa: E402
from tagger.tags.mutagen_tags import read_genres  # noqa: E402
from tagger.tracks import Prediction, Status, Track  # noqa: E402

RESULTS = Path(__file__).parent / "results"
ALBUM = 12  # tracks
OLD = 1_600_000_000  # seconds since 1970: a file as young as its scan is not cached by its times
BROKEN = 20  # one file in so many
COMMAND = "from tagger.cli import main; main()"


class Library:
    """Short tracks that can be made again to be compared."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "library"
        self._song: bytes = write_audio(folder / "song.mp3", music(3.2)).read_bytes()

    def path(self, number: int) -> Path:
        """Return where a track is."""
        album = self.folder / f"Artist {number // ALBUM // 5}" / f"Album {number // ALBUM}"
        return album / f"{number:06} A title as long as they are.mp3"

    def content(self, number: int) -> bytes:
        """Return what a track is when it is made; one in twenty is broken."""
        song = self._song[:-8] + number.to_bytes(8)
        if number % BROKEN:
            return song
        return (b"", song[:400], b"no music", bytes(len(song)), song[:-9000])[number // BROKEN % 5]

    def make(self, numbers: range) -> None:
        """Write tracks with old modification times."""
        for number in numbers:
            path = self.path(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.content(number))
            os.utime(path, (OLD, OLD))

    def state(self, numbers: range) -> dict[str, int]:
        """Count the tracks that are as they were made, tagged with all their audio, or damaged."""
        counts = {"as made": 0, "tagged": 0, "damaged": 0}
        for number in numbers:
            path, old = self.path(number), self.content(number)
            new = path.read_bytes() if path.exists() else b""
            genres: tuple[str, ...] = ()
            with suppress(TagError):
                genres = read_genres(path) if path.exists() else ()
            # The tag is in front of the frames of audio.
            whole = path.exists() and new[-len(old) // 2 :] == old[-len(old) // 2 :]
            state = "tagged" if genres else "as made"
            counts[state if whole else "damaged"] += 1
        return counts


@dataclass(kw_only=True)
class Watched:
    """What one command took."""

    name: str
    code: int
    seconds: float
    peaks: list[float]  # MB of the main process, the greatest in each tenth of its time
    workers_mb: float  # the most of all other processes together
    descriptors: list[int]  # of the main process after a tenth of its time, and at most
    processes_left: int


def watch(
    name: str, home: Path, *words: object, kill_when: Callable[[], bool] = lambda: False
) -> Watched:
    """Run a command and look at it twice a second."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        env={**os.environ, "GENRETAG_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    main, others, open_files = [0.0], [0.0], [0]
    while process.poll() is None:
        time.sleep(0.5)
        with suppress(OSError, IndexError):
            sizes = {pid: _megabytes(pid) for pid in _of_session(process.pid)}
            main.append(sizes.pop(process.pid, 0.0))
            others.append(sum(sizes.values()))
            open_files.append(len(list(Path(f"/proc/{process.pid}/fd").iterdir())))
        if kill_when():
            process.send_signal(signal.SIGKILL)
    seconds = time.monotonic() - started
    deadline = time.monotonic() + 30
    while (left := list(_of_session(process.pid))) and time.monotonic() < deadline:
        time.sleep(0.5)
    tenth = max(1, len(main) // 10)
    return Watched(
        name=name,
        code=process.returncode,
        seconds=round(seconds, 1),
        peaks=[round(max(main[at : at + tenth])) for at in range(0, len(main), tenth)],
        workers_mb=round(max(others)),
        descriptors=[open_files[min(tenth, len(open_files) - 1)], max(open_files)],
        processes_left=len(left),
    )


def _of_session(session: int) -> Iterator[int]:
    """Yield the processes of a session that have not ended."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                yield int(entry.name)


def _megabytes(pid: int) -> float:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
    return 0.0


def cached(home: Path) -> int:
    """Return how many recordings the cache knows."""
    with CacheMaintenance(home) as cache:
        return cache.summary().predictions


def soak(folder: Path, files: int, jobs: int) -> dict[str, object]:
    """Put a library through all commands."""
    home, table = folder / "home", folder / "genres.csv"
    model = write_toy_model(folder / "toy.onnx")
    os.utime(model, (OLD, OLD))
    library = Library(folder)
    library.make(range(files))
    scan = ("scan", library.folder, "--model", model, "--min-confidence", "0", "--jobs", jobs)
    report: dict[str, object] = {"files": files, "broken": -(-files // BROKEN)}
    runs: list[Watched] = []

    def run(name: str, *words: object, **options: Callable[[], bool]) -> None:
        runs.append(watch(name, home, *words, **options))
        print(runs[-1], flush=True)

    run("scan, killed", *scan, kill_when=lambda: cached(home) > files * 2 // 5)
    report["cached when it was killed"] = cached(home)
    run("scan", *scan, "--csv", table)
    report["cached by the scan after it"] = known = cached(home)
    rows = table.read_text("utf-8").splitlines()[1:]
    report["rows of the table"], report["files in it"] = len(rows), len({*rows})
    run("second scan", *scan)
    report["cached by the second scan"] = cached(home) - known
    new = range(files, files + max(10, files // 100))
    library.make(new)
    fresh = folder / "new.csv"
    run("scan --new", *scan, "--new", "--csv", fresh)
    report["new files"] = len(new)
    report["rows of --new"] = len(fresh.read_text("utf-8").splitlines()) - 1
    everything = range(new.stop)
    run("apply", "apply", table, "--quiet", "--mtime", "keep")
    report["after apply"] = library.state(everything)
    run("undo", "undo", "--yes", "--mtime", "keep")
    report["after undo"] = library.state(everything)
    report["temporary files left"] = len(list(library.folder.rglob(".genretag-*")))
    return {**report, "commands": [vars(one) for one in runs]}


def million(folder: Path, rows: int) -> dict[str, object]:
    """Fill a cache by hand, and time what a scan and a pruning ask of it."""
    home, rng = folder / "million", Random(0)
    device = folder.stat().st_dev  # the files of another one would not be gone, their disk might be
    files = [
        MusicFile(
            path=folder / f"Artist {n // 120}" / f"Album {n // 12}" / f"{n:07} Title.mp3",
            identity=Identity(device=device, inode=n + 2, size=5_000_000 + n, mtime_ns=OLD * 10**9),
        )
        for n in range(rows)
    ]
    report: dict[str, object] = {"rows": rows}

    def clock(name: str, started: float) -> None:
        report[f"seconds to {name}"] = round(time.process_time() - started, 2)

    with Cache(home) as cache:
        key = cache.key_for(write_toy_model(folder / "million.onnx"), 30.0, len(TOY_LABELS))
        started = time.process_time()
        for file in files:
            print_of = rng.randbytes(32)
            prediction = Prediction(status=Status.OK, seconds=30.0, probabilities=(0.5, 0.25, 0.25))
            cache.store_prediction(print_of, key, prediction)
            cache.store_file(Track(path=file.path, identity=file.identity, fingerprint=print_of))
        cache.flush()
        clock("store all rows", started)
        started = time.process_time()
        found = 0
        for at in range(0, rows, 500):
            found += sum(one is not None for one in cache.find(files[at : at + 500], key))
        clock("look all of them up, as a second scan does", started)
        report["found"] = found
        new = [
            MusicFile(
                path=file.path,
                identity=Identity(device=device, inode=n + rows + 2, size=1, mtime_ns=OLD),
            )
            for n, file in enumerate(files)
        ]
        started = time.process_time()
        found = sum(
            one is not None
            for at in range(0, rows, 500)
            for one in cache.find(new[at : at + 500], key)
        )
        clock("look up as many new files, as --new does", started)
        report["new files found by mistake"] = found
    size = sum(part.stat().st_size for part in home.glob("cache*"))
    report["MB on disk"] = round(size / 1e6)
    report["bytes a row"] = round(size / rows)
    with CacheMaintenance(home) as maintenance:
        started = time.process_time()
        report["forgotten by cache prune"] = list(maintenance.prune(None))
        clock("prune, all files gone", started)
    return report


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    report: dict[str, object] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        report["cache"] = million(Path(scratch), options.rows)
        print(json.dumps(report["cache"], indent=1), flush=True)
        report["library"] = soak(Path(scratch), options.files, options.jobs)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "soak.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    (RESULTS / "soak.md").write_text(page(report), "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
