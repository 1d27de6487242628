"""Measure how many windows a second the sampler of a training gives.

    python benchmarks/sampling.py [--seconds S] [--train]

Makes its own strips, and prints JSON: windows at full and at half resolution, for each second of
processor time in one thread, and for each second of the clock through as many threads as there are
cores. With --train also those of toy networks: on one batch again and again, and on batches that
are drawn meanwhile. Where these are alike, sampling does not hold up the training.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet
from trainer.data.tracks_table import Row, write_rows
from trainer.training import batches
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Batch, WindowSampler, shrunk

FRAMES = 1292  # of thirty seconds
TRACKS = 40
SIZE = 64  # windows in a batch
MOST = 1_000_000  # batches
RESOLUTIONS = {"full": 1, "half": 2}  # by how much windows are shrunk
LEVELS = {"off": Augmentation.off(), "normal": Augmentation(), "strong": Augmentation.strong()}


def make_data(folder: Path) -> DataSet:
    """Write strips of noise and read them as a data set."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(TRACKS):
        genre = ("jazz", "rock")[number % 2]
        file = f"{genre}/{number}.npy"
        strip = rng.standard_normal((128, FRAMES)).astype(np.float32)
        prepared.save_strip(folder / file, strip, np.float16)
        rows.append(Row(file=file, genre=genre, track=str(number), split="train"))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, MelStrip())
    return prepared.load([folder])


def rate(work: Callable[[int], object], seconds: float, clock: Callable[[], float]) -> float:
    """Return windows a second of a piece of work that takes the number of a batch."""
    work(0)
    began, done = clock(), 0
    while clock() - began < seconds:
        done += 1
        work(done)
    return round(done * SIZE / (clock() - began), 1)


def in_one_thread(sampler: WindowSampler, seconds: float) -> float:
    """Return windows for each second of processor time."""
    return rate(lambda number: sampler.batch(number, SIZE), seconds, time.process_time)


def in_threads(sampler: WindowSampler, seconds: float) -> float:
    """Return windows for each second of the clock, as a training gets them."""
    drawn = sampler.batches(0, MOST, SIZE)
    return rate(lambda _: next(drawn), seconds, time.perf_counter)


def training(sampler: WindowSampler, filters: int, seconds: float) -> dict[str, float]:
    """Return windows a second of a network of one convolution, with and without sampling."""
    from trainer.networks.backend import keras, layers

    given = keras.Input((64, 64, 1))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(filters, 3, strides=2)(given))
    model = keras.Model(given, layers.Dense(2, activation="softmax")(pooled))
    model.compile("adam", "categorical_crossentropy")

    def step(batch: Batch) -> None:
        model.train_on_batch(batch.windows, batch.targets, batch.weights)

    same = shrunk(sampler.batch(0, SIZE), 1)
    drawn = sampler.batches(0, MOST, SIZE)
    return {
        "one batch again and again": rate(lambda _: step(same), seconds, time.perf_counter),
        "drawn meanwhile": rate(lambda _: step(shrunk(next(drawn), 1)), seconds, time.perf_counter),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--train", action="store_true")
    asked = parser.parse_args()
    cores = os.cpu_count() or 1
    batches.WORKERS = cores
    with tempfile.TemporaryDirectory() as folder:
        data = make_data(Path(folder))
        samplers = {
            name: {
                level: WindowSampler(
                    data, data.tracks, WindowGrid(), augmentation, seed=1, factor=factor
                )
                for level, augmentation in LEVELS.items()
            }
            for name, factor in RESOLUTIONS.items()
        }

        def measured(how: Callable[[WindowSampler, float], float]) -> dict[str, dict[str, float]]:
            return {
                name: {level: how(sampler, asked.seconds) for level, sampler in kinds.items()}
                for name, kinds in samplers.items()
            }

        found: dict[str, object] = {
            "windows_per_second_of_one_core": measured(in_one_thread),
            f"windows_per_second_through_{cores}_threads": measured(in_threads),
        }
        if asked.train:
            found["toy_networks"] = {
                f"{filters} filters": training(samplers["half"]["normal"], filters, asked.seconds)
                for filters in (8, 64)
            }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
