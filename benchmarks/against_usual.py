"""Time genretag against the usual way, on the same files, in one run.

The usual way is what notebooks do: `librosa.load`, three-second windows at 50 % overlap,
librosa's mel spectrogram, `predict` of a Keras VGG16, file by file. It is timed twice: hearing the
same thirty seconds as genretag, and hearing whole tracks, as it usually does. Every program is
started afresh each time, so start-up counts; the programs take turns, so that a busy machine slows
all of them.

    python benchmarks/against_usual.py [--tracks 12] [--repeats 3]

Needs the `test` extra. Writes `benchmarks/results/against_usual.json` and prints a table.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

RATE = 44_100
RESULTS = Path(__file__).parent / "results" / "against_usual.json"

GENRETAG = [sys.executable, "-c", "from tagger.cli import main; main()"]

USUAL = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, librosa, numpy as np
seconds, *paths = sys.argv[1:]
inputs = keras.Input((128, 128, 3))
features = keras.layers.Flatten()(
    keras.applications.VGG16(include_top=False, weights=None, input_tensor=inputs).output
)
model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(features))
for path in paths:
    samples, rate = librosa.load(path, sr=22050)
    if seconds != "full":
        length = int(float(seconds) * rate)
        start = max(0, (len(samples) - length) // 2)
        samples = samples[start : start + length]
    window, hop = 3 * rate, 3 * rate // 2
    images = []
    for start in range(0, len(samples) - window + 1, hop):
        mel = librosa.feature.melspectrogram(y=samples[start : start + window], sr=rate)
        image = librosa.power_to_db(mel, ref=np.max)[:, :128]
        images.append(np.repeat(image[:, :, None], 3, axis=2))
    print(path, model.predict(np.stack(images), verbose=0).mean(0).argmax())
"""


def make_music(folder: Path, count: int) -> list[Path]:
    """Write stereo MP3s of three to five minutes at 192 kbit/s."""
    import av

    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        seconds = int(rng.integers(180, 301))
        time_axis = np.arange(seconds * RATE) / RATE
        tone = sum(np.sin(2 * np.pi * f * time_axis) for f in rng.uniform(80, 2000, 5)) * (
            1 + np.sin(2 * np.pi * rng.uniform(0.5, 4) * time_axis)
        )
        block = 0.04 * np.stack([tone, tone]) + 0.03 * rng.standard_normal((2, time_axis.size))
        path = folder / f"{number:03}.mp3"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libmp3lame", rate=RATE, layout="stereo")
            stream.bit_rate = 192_000
            for start in range(0, block.shape[1], 1152):
                piece = np.ascontiguousarray(block[:, start : start + 1152].astype(np.float32))
                frame = av.AudioFrame.from_ndarray(piece, "fltp", "stereo")
                frame.sample_rate = RATE
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        paths.append(path)
    return paths


def timed(command: Sequence[str]) -> float:
    """Run a program to its end and return its seconds."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths = [str(path) for path in make_music(Path(scratch), options.tracks)]
        programs = {
            "genretag, 30 s": [
                *GENRETAG,
                "scan",
                *paths,
                "--csv",
                f"{scratch}/genres.csv",
                "--no-cache",
            ],
            "usual way, 30 s": [sys.executable, "-c", USUAL, "30", *paths],
            "usual way, whole tracks": [sys.executable, "-c", USUAL, "full", *paths],
        }
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(options.repeats):
            for name, command in programs.items():
                seconds[name].append(timed(command))
    ours = seconds["genretag, 30 s"]
    rows = {
        name: {
            "seconds": [round(value, 2) for value in values],
            "tracks_per_second": round(options.tracks / statistics.median(values), 3),
            # Of each round by itself: what slowed one of its programs slowed the others too.
            "times_as_long_as_genretag": round(
                statistics.median(theirs / own for theirs, own in zip(values, ours, strict=True)), 2
            ),
        }
        for name, values in seconds.items()
    }
    packages = ("av", "keras", "librosa", "numpy", "tensorflow")
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "tracks": options.tracks,
        "repeats": options.repeats,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "programs": rows,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    for name, row in rows.items():
        print(
            f"{name:<25}{row['tracks_per_second']:8.3f} tracks/s"
            f"{row['times_as_long_as_genretag']:8.2f} × genretag's time"
        )


if __name__ == "__main__":
    main()
