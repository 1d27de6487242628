"""Measure how many windows a second the sampler of a training gives.

    python benchmarks/sampling.py [--seconds S] [--train]

Makes its own strips, and prints JSON: windows for each second of processor time in one thread, and
for each second of the clock through the threads of a training on a processor, and through as many
processes as there are cores, as in a training on a GPU. With --train also those of a toy network:
on one batch again and again, and on batches that are drawn either way. Where these are alike,
sampling does not hold up the training.
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
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Batch, WindowSampler, shrunk
from trainer.training.drawing import Draw, SamplingProcesses

FRAMES = 1292  # of thirty seconds
TRACKS = 40
SIZE = 32  # windows in a batch
KINDS = {"off": Augmentation.off(), "normal": Augmentation(), "strong": Augmentation.strong()}


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


def rate(work: Callable[[int], None], seconds: float, clock: Callable[[], float]) -> float:
    """Return windows a second of a piece of work that takes the number of a batch."""
    work(0)
    began, done = clock(), 0
    while clock() - began < seconds:
        done += 1
        work(done)
    return round(done * SIZE / (clock() - began), 1)


def drawn(draw: Draw, seconds: float) -> float:
    """Return windows for each second of the clock as a training gets them."""
    batches = draw(0, 1_000_000, SIZE)
    next(batches)  # processes have begun by then
    began, done = time.perf_counter(), 0
    for _ in batches:
        done += 1
        if time.perf_counter() - began > seconds:
            break
    return round(done * SIZE / (time.perf_counter() - began), 1)


def training(sampler: WindowSampler, seconds: float) -> dict[str, float]:
    """Return windows a second of a network of one convolution, with and without sampling."""
    from trainer.networks.backend import keras, layers

    given = keras.Input((128, 128, 1))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, strides=4)(given))
    model = keras.Model(given, layers.Dense(2, activation="softmax")(pooled))
    model.compile("adam", "categorical_crossentropy")

    def step(batch: Batch) -> None:
        model.train_on_batch(batch.windows, batch.targets, batch.weights)

    same = shrunk(sampler.batch(0, SIZE), 1)
    found = {"one batch again and again": rate(lambda _: step(same), seconds, time.perf_counter)}
    processes = SamplingProcesses(sampler, os.cpu_count() or 1)
    for name, draw in {"threads": sampler.batches, "processes": processes.batches}.items():
        batches = draw(0, 1_000_000, SIZE)
        found[f"drawn by {name}"] = rate(
            lambda _, drawn=batches: step(shrunk(next(drawn), 1)),  # type: ignore[misc]
            seconds,
            time.perf_counter,
        )
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--train", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = make_data(Path(folder))
        samplers = {
            name: WindowSampler(data, data.tracks, WindowGrid(), augmentation, seed=1)
            for name, augmentation in KINDS.items()
        }
        found: dict[str, object] = {
            "cores": os.cpu_count(),
            "windows_per_second_of_one_core": {
                name: rate(
                    lambda number, own=sampler: own.batch(number, SIZE) and None,  # type: ignore[misc]
                    asked.seconds,
                    time.process_time,
                )
                for name, sampler in samplers.items()
            },
            "windows_per_second_through_threads": {
                name: drawn(sampler.batches, asked.seconds) for name, sampler in samplers.items()
            },
            "windows_per_second_through_processes": {
                name: drawn(SamplingProcesses(sampler, os.cpu_count() or 1).batches, asked.seconds)
                for name, sampler in samplers.items()
            },
        }
        if asked.train:
            found["toy_network"] = training(samplers["normal"], asked.seconds)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
