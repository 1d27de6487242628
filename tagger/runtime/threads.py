"""Works on many items in threads, in order, and ends well when told to stop.

`Together` is for threads that wait for the same slow thing: a disk takes as long to flush one small
thing as to flush many.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import Generic, TypeVar

from tagger.runtime.iteration import until

THREADS = 8
_AHEAD = 2 * THREADS

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], items: Iterable[T], stop: Event) -> Iterator[R]:
    """Yield the outcome of each item in order, while the next ones are being worked on.

    A write spends most of its time waiting for the disk and in code that lets other threads run.
    Once told to stop, the outcome of what has begun is yielded and nothing else is begun; so it is
    when something fails, whose error is raised then.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        ahead: deque[Future[R]] = deque()
        try:
            for item in until(stop, items):
                ahead.append(pool.submit(work, item))
                while ahead and (ahead[0].done() or len(ahead) >= _AHEAD):
                    yield ahead.popleft().result()
            while ahead:
                future = ahead.popleft()
                if not (stop.is_set() and future.cancel()):
                    yield future.result()
        except Exception:
            yield from _finished([future for future in ahead if not future.cancel()])
            raise
        finally:
            for future in ahead:  # the second Ctrl-C: what has not begun is not begun
                future.cancel()


def _finished(futures: Iterable[Future[R]]) -> Iterator[R]:
    """Wait for what has begun and yield what became of it, but for what failed as well."""
    for future in futures:
        if future.exception() is None:
            yield future.result()


class Together(Generic[T, R]):
    """Turns work on many items into a function of one; each call returns when its item is done."""

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._work = work
        self._turn = Lock()
        self._gate = Lock()
        self._waiting: list[tuple[T, Future[R]]] = []

    def __call__(self, item: T) -> R:
        """Have an item worked on, with those of the threads that come at the same time.

        Raises:
            whatever the work raises, for all of them.
        """
        mine: Future[R] = Future()
        with self._gate:
            self._waiting.append((item, mine))
        with self._turn:
            with self._gate:
                batch, self._waiting = self._waiting, []
            if batch:  # otherwise another thread has done it on its turn
                self._do(batch)
        return mine.result()

    def _do(self, batch: Sequence[tuple[T, Future[R]]]) -> None:
        try:
            results = self._work([item for item, _ in batch])
        except BaseException as error:  # it belongs to every thread of the batch
            for _, future in batch:
                future.set_exception(error)
        else:
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)
