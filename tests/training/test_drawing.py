"""Batches drawn in processes."""

import gc
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.tracks_table import Row, write_rows
from trainer.training import drawing
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Batch, WindowSampler
from trainer.training.drawing import SamplingProcesses


class Numbers:
    """A sampler whose batches say who made them; some cannot be made."""

    def batch(self, number: int, size: int) -> Batch:
        if number == 99:
            raise DataError("no such batch")
        if number == 199:
            os._exit(1)
        numbers = np.full((size, 1), number, np.float32)
        return Batch(windows=numbers, targets=numbers, weights=np.full(size, os.getpid()))

    def batches(self, first: int, count: int, size: int) -> str:
        return "by threads"


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> WindowSampler:
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    rows = []
    for number, genre in enumerate("abab"):
        strip = rng.standard_normal((128, 400)).astype(np.float32)
        prepared.save_strip(folder / f"{number}.npy", strip, np.float16)
        rows.append(Row(file=f"{number}.npy", genre=genre, track=str(number), split="train"))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, MelStrip())
    data = prepared.load([folder])
    return WindowSampler(data, data.tracks, WindowGrid(), Augmentation.strong(), seed=3, factor=2)


def gone(pids: set[int]) -> bool:
    return not {child.pid for child in multiprocessing.active_children()} & pids


def test_processes_draw_the_batches_that_the_sampler_itself_gives(sampler):
    processes = SamplingProcesses(sampler, 2)
    for _ in range(2):  # two epochs
        found = list(processes.batches(7, 5, 4))
        assert len(found) == 5
        for number, batch in enumerate(found, 7):
            expected = sampler.batch(number, 4)
            np.testing.assert_array_equal(batch.windows, expected.windows)
            np.testing.assert_array_equal(batch.targets, expected.targets)


def test_what_goes_wrong_in_a_process_is_raised_and_processes_end_with_their_owner():
    processes = SamplingProcesses(Numbers(), 2)  # type: ignore[arg-type]
    drawn = processes.batches(97, 1000, 2)
    first = next(drawn)
    pids = set(first.weights.astype(int))
    assert os.getpid() not in pids
    assert next(drawn).windows[0, 0] == 98
    with pytest.raises(DataError, match="no such batch"):
        next(drawn)
    folder = Path(processes._folder)
    assert folder.exists()
    del drawn, processes
    gc.collect()
    until = time.monotonic() + 60
    while not gone(pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert gone(pids)
    assert not folder.exists()


def test_a_process_that_ends_is_told():
    drawn = SamplingProcesses(Numbers(), 1).batches(199, 1, 2)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="A process that draws windows has ended"):
        next(drawn)


def test_a_network_on_a_processor_is_given_batches_by_threads(monkeypatch):
    numbers = Numbers()
    assert drawing.drawing(numbers, "CPU") == numbers.batches  # type: ignore[arg-type]
    counts: list[int] = []

    class Processes:
        def __init__(self, sampler: object, count: int) -> None:
            counts.append(count)

        batches = "by processes"

    monkeypatch.setattr(drawing, "SamplingProcesses", Processes)
    for cores in (4, 64):
        monkeypatch.setattr(os, "cpu_count", lambda found=cores: found)
        assert drawing.drawing(numbers, "GPU") == "by processes"  # type: ignore[arg-type]
    assert counts == [3, 16]
