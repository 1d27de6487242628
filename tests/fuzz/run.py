"""Try every damaged file of the corpus, and then random ones, for as long as you like.

    python tests/fuzz/run.py --seconds 600

A child process does the work, since decoders may crash; what it was at is known to the parent.
Files that crash, take two seconds of processor time, or break a promise are kept in --keep.
"""

import argparse
import hashlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import bad_files  # noqa: E402
import targets  # noqa: E402
from formats import KINDS, make  # noqa: E402

SLOW, STUCK = 2.0, 30  # seconds of processor time
BATCH = 200

Case = tuple[str, str, str, bytes]
"""Target, name, suffix and bytes."""
TARGETS = ("containers", "tags", "write", "decode")


def good_files() -> dict[str, tuple[str, bytes]]:
    """Return suffix and bytes of a good file of every kind."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {kind: make(kind, Path(folder), 0.1) for kind in KINDS}
        return {kind: (path.suffix, path.read_bytes()) for kind, path in paths.items()}


def corpus(
    good: dict[str, tuple[str, bytes]], flips: int, seed: int
) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, suffix and bytes: wrong suffixes, made to hurt, all damages, then random ones."""
    contents = {kind: content for kind, (_, content) in good.items()}
    for kind, content in contents.items():
        for suffix in sorted({suffix for suffix, _ in good.values()}):
            yield f"{kind} as {suffix}", suffix, content
    for name, (kind, hurt) in bad_files.HOSTILE.items():
        yield name, good[kind][0], hurt(contents[kind])
    rng = Random(seed)
    damaged = [
        _named(kind, suffix, damages)
        for kind, (suffix, content) in good.items()
        for damages in bad_files.all_damages(content, contents, flips)
    ]
    while damaged:  # in turns, so that a run that ends early has seen all sorts
        source = rng.choice(damaged)
        one = next(source, None)
        if one is None:
            damaged.remove(source)
        else:
            yield one
    for number in count():
        kind = rng.choice(KINDS)
        suffix, content = good[kind]
        pieces = [name for name, _ in good.values()]
        for _ in range(rng.randrange(1, 4)):
            damages = list(islice(rng.choice(_ROUGH)(content), rng.randrange(1, 200)))
            if damages:
                content = damages[-1][1]
        yield f"random {seed}/{number} of {kind}", rng.choice([suffix, suffix, *pieces]), content


def _named(
    kind: str, suffix: str, damages: Iterator[bad_files.Case]
) -> Iterator[tuple[str, str, bytes]]:
    for name, bad in damages:
        yield f"{kind}, {name}", suffix, bad


_ROUGH = (
    lambda content: bad_files.flips(content, 200),
    bad_files.truncations,
    bad_files.wrong_sizes,
    bad_files.rearranged,
)


def attempt(target: str, path: Path, content: bytes) -> str:
    """Run one target on one file; return its outcome."""
    if target == "containers":
        return targets.read_containers(content)
    for left in path.parent.iterdir():  # by a child that was killed
        left.unlink()
    path.write_bytes(content)
    call = {"tags": targets.read_tags, "write": targets.write, "decode": targets.decode}[target]
    return call(path)


def work(cases: list[Case], folder: Path, out: int) -> None:
    """Go through a batch in a child process, and tell the outcome of each case."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders talk
    for number, (target, _, suffix, content) in enumerate(cases):
        started = time.process_time()
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(started) + STUCK, hard))
        try:
            outcome = str(attempt(target, folder / f"song{suffix}", content))
        except BaseException:
            outcome = "broken " + traceback.format_exc(limit=-6)
        if (took := time.process_time() - started) > SLOW:
            outcome = f"slow {took:.1f} s, {outcome}"
        os.write(out, json.dumps([number, outcome]).encode() + b"\n")
    os._exit(0)


def run_batch(cases: list[Case], folder: Path) -> Iterator[tuple[Case, str]]:
    """Yield each case with its outcome; after a crash or a hang the next child goes on."""
    while cases:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            work(cases, folder, write_end)
        os.close(write_end)
        done, rest = 0, b""
        while chunk := os.read(read_end, 1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            for number, said in map(json.loads, lines):
                yield cases[number], said
                done = number + 1
        os.close(read_end)
        ended = -os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if done < len(cases):
            yield cases[done], "hang" if ended == signal.SIGXCPU else f"crash {ended}"
            done += 1
        cases = cases[done:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--most", type=int, default=10**9, help="files at most")
    parser.add_argument("--skip", type=int, default=0, help="files to leave out first")
    parser.add_argument("--flips", type=int, default=100, help="random damages a kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=TARGETS)
    parser.add_argument("--keep", type=Path, help="folder for files that broke a promise")
    options = parser.parse_args()

    deadline = time.monotonic() + options.seconds
    counts = {target: Counter() for target in options.targets}
    seen: Counter[str] = Counter()
    tried = 0
    stream = islice(
        corpus(good_files(), options.flips, options.seed), options.skip, options.skip + options.most
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        while time.monotonic() < deadline and (files := list(islice(stream, BATCH // 4))):
            tried += len(files)
            cases = [(target, *file) for file in files for target in options.targets]
            for (target, name, suffix, content), outcome in run_batch(cases, Path(folder)):
                kind = outcome.split()[0]
                counts[target][kind] += 1
                if kind in ("broken", "crash", "hang", "slow"):
                    seen[outcome] += 1
                    if seen[outcome] <= 3:
                        print(f"{target}: {name} ({suffix}): {outcome}", flush=True)
                        if options.keep:
                            options.keep.mkdir(parents=True, exist_ok=True)
                            digest = hashlib.sha256(content).hexdigest()[:12]
                            (options.keep / f"{target}-{digest}{suffix}").write_bytes(content)
    print(json.dumps({"files": tried, **{name: dict(found) for name, found in counts.items()}}))
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
