"""Drawing batches in processes, for networks that take them faster than one process gives them.

To vary a window takes many small operations of NumPy, which hold Python's global lock, so threads
draw hardly more than one of them alone. That is enough for a processor, where a network takes some
hundred windows a second, and far too little for a GPU. Processes share the strips of a sampler by a
file that each of them maps into memory.
"""

import os
import signal
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from tagger.errors import DataError
from trainer.training.batches import Batch, ahead

MOST_PROCESSES = 16
SAMPLER_FILE = "sampler"


class Sampler(Protocol):
    """Gives batches by their number; a batch depends on nothing else."""

    def batch(self, number: int, size: int) -> Batch:
        """Return batch `number` of so many windows."""

    def batches(self, first: int, count: int, size: int) -> Iterator[Batch]:
        """Yield batches `first` to `first + count - 1`, drawn by threads."""


Draw = Callable[[int, int, int], Iterator[Batch]]
"""Takes the number of the first batch, how many, and windows in each."""


def drawing(sampler: Sampler, device: str) -> Draw:
    """Return what draws batches fast enough for a network on a device, "GPU" or "CPU"."""
    cores = os.cpu_count() or 1
    if device == "CPU" or cores == 1:
        return sampler.batches
    return SamplingProcesses(sampler, min(MOST_PROCESSES, cores - 1)).batches


class SamplingProcesses:
    """Processes that draw the batches of one sampler; they end with this object.

    The batches are those that the sampler itself gives, in the same order.
    """

    def __init__(self, sampler: Sampler, count: int) -> None:
        import joblib

        folder = TemporaryDirectory(prefix="genretag-sampler-", ignore_cleanup_errors=True)
        file = Path(folder.name) / SAMPLER_FILE
        joblib.dump(sampler, file)
        self._folder = folder.name
        self._count = count
        # A forked process would share the locks of the backend's threads.
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (str(file),))
        weakref.finalize(self, _end, self._pool, folder)

    def batches(self, first: int, count: int, size: int) -> Iterator[Batch]:
        """Yield batches `first` to `first + count - 1`, each drawn while others are used.

        Raises:
            DataError: a process has ended.
        """

        def submit(number: int) -> Future[Batch]:
            return self._pool.submit(_batch, number, size)

        try:
            yield from ahead(submit, first, count, 2 * self._count)
        except BrokenProcessPool:
            raise DataError(
                "A process that draws windows has ended, perhaps because memory ran out; "
                "--resume goes on after the last whole epoch."
            ) from None


_sampler: Sampler
"""Of a process that draws."""


def _begin(file: str) -> None:
    """Load the sampler, in a process that draws."""
    import joblib

    global _sampler  # noqa: PLW0603 - a process of a pool has no other place for what it keeps
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the training ends, and then its processes
    _sampler = joblib.load(file, mmap_mode="r")


def _batch(number: int, size: int) -> Batch:
    return _sampler.batch(number, size)


def _end(pool: ProcessPoolExecutor, folder: TemporaryDirectory[str]) -> None:
    # Without waiting: garbage may be collected in the pool's own thread.
    pool.shutdown(wait=False, cancel_futures=True)
    folder.cleanup()
