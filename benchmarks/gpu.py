"""Measure genretag on an NVIDIA GPU, in one command.

    python benchmarks/gpu.py [--tracks 2000] [--strips 64] [--rounds 7]

Needs the extras `cuda` and `train` or `test`. The comparison needs PyTorch with CUDA and is left
out without it. Whole scans of synthetic MP3s of three to five minutes come first, with start-up.
Then inference alone is compared with PyTorch running the same weights, in alternating rounds: on
strips of 30 seconds, whose windows share convolutions, and on single windows. Writes gpu.json into
benchmarks/results/. `--device cpu` runs everything without a GPU and writes a file only with
`--output`; use small sizes there.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import numpy as np  # noqa: E402
from contenders import Contender, Worker  # noqa: E402
from corpus import make_library  # noqa: E402
from speed import DISTINCT, MINUTES, _processor, _versions, check_analysed, run  # noqa: E402

from tagger.errors import GenretagError  # noqa: E402
from tagger.inference import cuda  # noqa: E402
from tagger.inference.model import GenreModel  # noqa: E402
from tagger.inference.packaged import CUDA_MODEL  # noqa: E402

OWN = "genretag"
PEERS = ("PyTorch", "PyTorch compiled")
TARGET_SHARE = 0.8  # of PyTorch's windows per second
TARGET_TRACKS = 200  # per second, on one H200 with 16 cores


def contenders(model: Path, half: Path, device: str) -> dict[str, Contender]:
    """Return what is compared; on a GPU also other settings of the CUDA provider."""
    found = {
        OWN: Contender("genretag", half, device, {}),
        PEERS[0]: Contender("pytorch", half, device, {}),
        PEERS[1]: Contender("pytorch", half, device, {"compiled": True}),
    }
    if device == "cuda":
        variants = {
            "exhaustive search": {"cudnn_conv_algo_search": "EXHAUSTIVE"},
            "channels first": {"prefer_nhwc": "0"},
            "generous arena": {"arena_extend_strategy": "kNextPowerOfTwo"},
        }
        for name, options in variants.items():
            found[f"{OWN}, {name}"] = Contender("genretag", half, device, options)
        if model != half:
            found[f"{OWN}, float32 with TF32"] = Contender("genretag", model, device, {})
    return found


def compare(
    found: Mapping[str, Contender], strips: np.ndarray, grid: Any, options: argparse.Namespace
) -> dict[str, Any]:
    """Time all contenders in alternating rounds, on strips and on their single windows."""
    count = grid.count(strips.shape[2])
    starts = range(0, count * grid.hop, grid.hop)
    single = np.concatenate([strips[:, :, first : first + grid.window] for first in starts])
    workers = {name: Worker(contender) for name, contender in found.items()}
    report: dict[str, Any] = {}
    try:
        for kind, batch in (("strips", strips), ("single windows", single)):
            windows = len(strips) * count * options.times
            speeds: dict[str, list[float]] = {name: [] for name in workers}
            answers: dict[str, np.ndarray] = {}
            for turn in range(options.rounds):
                names = list(workers)
                for name in names[turn % len(names) :] + names[: turn % len(names)]:
                    if told := workers[name].ask(batch, options.times):
                        speeds[name].append(windows / told[0])
                        answers[name] = told[1]
            report[kind] = {name: _row(speeds, answers, name) for name in workers}
    finally:
        for worker in workers.values():
            worker.close()
    report["errors"] = {name: worker.error for name, worker in workers.items() if worker.error}
    return report


def _row(
    speeds: Mapping[str, Sequence[float]], answers: Mapping[str, np.ndarray], name: str
) -> dict[str, Any]:
    if not speeds[name]:
        return {"windows_per_second": None}
    row: dict[str, Any] = {
        "windows_per_second": round(statistics.median(speeds[name]), 1),
        "rounds": [round(speed, 1) for speed in speeds[name]],
    }
    if name != OWN and name in answers and OWN in answers:
        pairs = zip(speeds[OWN], speeds[name], strict=False)
        row["genretag_to_it"] = round(statistics.median(own / it for own, it in pairs), 3)
        difference = np.abs(answers[OWN].reshape(answers[name].shape) - answers[name])
        row["largest_difference"] = float(difference.max())
    return row


def whole_scans(model: Path, options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Time scans of a folder, from the start of the program to its end."""
    music = scratch / "music"
    make_library(music, options.tracks, ".mp3", distinct=DISTINCT, seconds=MINUTES)
    command = [sys.executable, str(HERE / "clocked.py"), "scan", str(music), "--model", str(model)]
    # The tracks are copies of twenty files, so the cache would answer for most of them.
    command += ["--device", options.device, "--no-cache", "--quiet", "--csv", "-"]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *sys.path])
    seconds, running, computing = [], [], []
    for _ in range(options.scans):
        took, table, errors = run(command, scratch)
        check_analysed(table)
        clock = json.loads(errors.splitlines()[-1])
        seconds.append(took)
        running.append(clock["last"] - clock["first"])
        computing.append(clock["computing"])
    return {
        "tracks": options.tracks,
        "seconds": [round(took, 2) for took in seconds],
        "tracks_per_second": round(options.tracks / statistics.median(seconds), 1),
        "tracks_per_second_once_running": round(options.tracks / statistics.median(running), 1),
        "seconds_of_inference": round(statistics.median(computing), 2),
        "peak_megabytes_of_a_process": _peak_megabytes(),
    }


def _peak_megabytes() -> float | None:
    """Return the peak memory of the largest process of the scans, or None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def in_half(model: Path, scratch: Path) -> Path:
    """Return the model itself if it computes in float16, or else a converted copy."""
    import onnx
    from onnx import TensorProto

    from trainer.export.float16 import to_half

    loaded = onnx.load(model)
    stored = {tensor.name: tensor.data_type for tensor in loaded.graph.initializer}
    widened = any(n.op_type == "Cast" and n.input[0] in stored for n in loaded.graph.node)
    if TensorProto.FLOAT not in stored.values() and not widened:
        return model
    half = scratch / "half.onnx"
    onnx.save(to_half(loaded), half)
    return half


def measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Run all measurements and return the report."""
    # Also where this is tried out on a CPU, for which the package has an int8 one.
    model = GenreModel(options.model or CUDA_MODEL, options.device)
    metadata, path = model.metadata, model.path
    half = in_half(path, scratch)
    name, device = path.name, model.device_name
    del model  # frees its GPU memory for the contenders
    frames = metadata.grid.window + (options.windows - 1) * metadata.grid.hop
    shape = (options.strips, metadata.front_end.rows, frames)
    strips = np.random.default_rng(0).standard_normal(shape, np.float32)
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "device": device,
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "versions": _versions() | _torch(),
        "model": name + ("" if half == path else ", made to compute in float16"),
        "cuda_options": cuda.OPTIONS,
        "strips": {"batch": options.strips, "windows_each": options.windows},
    }
    if options.tracks:  # before the contenders, whose memory would count towards the peak
        found["whole_scans"] = whole_scans(half, options, scratch)
    ways = contenders(path, half, options.device)
    return found | {"inference": compare(ways, strips, metadata.grid, options)}


def _torch() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {"torch": version("torch")}
    except PackageNotFoundError:
        return {}


def verdict(found: Mapping[str, Any]) -> list[str]:
    """Return one line for each target: the figure and whether it is met."""
    lines = []
    rows = found["inference"]["strips"]
    shares = {name: rows[name].get("genretag_to_it") for name in PEERS}
    for name, share in shares.items():
        told = "not measured" if share is None else f"{share:.0%} (target: {TARGET_SHARE:.0%})"
        lines.append(f"windows per second, share of {name}'s: {told}")
    if scans := found.get("whole_scans"):
        speed = scans["tracks_per_second"]
        lines.append(f"tracks per second, start included: {speed} (target: {TARGET_TRACKS})")
    lines += [f"{name} failed: {error}" for name, error in found["inference"]["errors"].items()]
    return lines


def main() -> int:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--strips", type=int, default=cuda.MOST_STRIPS, help="in one batch")
    parser.add_argument("--windows", type=int, default=19, help="of a strip; 19 are 30 seconds")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=20, help="runs of the model in a round")
    parser.add_argument("--tracks", type=int, default=2000, help="of the whole scans; 0: none")
    parser.add_argument("--scans", type=int, default=3)
    parser.add_argument("--model", type=Path, help="model file; the packaged one by default")
    parser.add_argument("--folder", type=Path, help="folder for the temporary corpus")
    parser.add_argument("--output", type=Path, help="the JSON file")
    options = parser.parse_args()
    if options.output is None and options.device == "cuda":
        options.output = HERE / "results" / "gpu.json"
    try:
        with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
            found = measure(options, Path(scratch))
    except GenretagError as error:
        print(error, file=sys.stderr)
        return 1
    text = json.dumps(found, indent=1)
    print(text, *verdict(found), sep="\n")
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
