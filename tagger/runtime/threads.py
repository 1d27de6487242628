"""Works on many items in threads, in order, and finishes what has begun when told to stop.

`Together` lets threads share one slow operation: flushing many small writes to a disk takes no
longer than flushing one.
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
    Once told to stop, nothing else is begun, and the outcome of what has begun is yielded. After a
    failure it is the same, and then the error is raised.

    Raises:
        whatever the work raises.
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
            for future in ahead:  # after a second Ctrl-C nothing else is begun
                future.cancel()


def _finished(futures: Iterable[Future[R]]) -> Iterator[R]:
    """Wait for what has begun and yield its outcomes, leaving out those that failed too."""
    for future in futures:
        if future.exception() is None:
            yield future.result()


class Together(Generic[T, R]):
    """Turns a function of many items into one of a single item, for use in many threads.

    Items that come while the function runs are worked on together in its next run.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._work = work
        self._turn = Lock()
        self._gate = Lock()
        self._waiting: list[tuple[T, Future[R]]] = []

    def __call__(self, item: T) -> R:
        """Work on an item, together with those of other threads that wait.

        Raises:
            whatever the work raises, in all threads whose items were in that run.
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
