"""From files to log-mel strips, in parallel processes."""

import multiprocessing
import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path

from tagger.pipeline.extract import Listening, listen
from tagger.runtime.interrupt import ignore_stop_signals, stop_signals_ignored
from tagger.tracks import Heard, Status

BLOCK = 8  # files for each worker in one block; a block's strips are what memory has to hold
LONG = 60.0  # seconds of each file, from which on a block has one file for each worker
MOST_KNOWN = 128  # files in it that need no worker
BLOCKS_AHEAD = 2  # while one is judged, the next is decoded


@contextmanager
def listening_to(files: Iterable[Path | Heard], how: Listening) -> Iterator[Iterator[Heard]]:
    """Listen to files in `how.jobs` processes, from here on; gives what was heard, in order.

    What is known already takes its place among the rest. The first files are begun at once: the
    processes take a second to start, in which the model can be loaded.

    Joblib's generators hand out new tasks whether or not results are taken, so files go to it in
    blocks with few of them under way: memory does not depend on the number of files, however
    slow the model is.
    """
    short = how.seconds is not None and how.seconds <= LONG
    portions = _portions(files, (BLOCK if short else 1) * how.jobs)
    begun = ((block, _start(block, how)) for block in portions)
    under_way = deque(islice(begun, 1))
    try:
        yield _in_order(under_way, begun, how)
    finally:
        if under_way:
            _give_up_quietly()


Block = tuple[list[Path | Heard], Iterator[Heard]]
"""Files, and what comes of those that have to be heard."""


def _in_order(under_way: deque[Block], begun: Iterator[Block], how: Listening) -> Iterator[Heard]:
    while under_way:
        under_way.extend(islice(begun, BLOCKS_AHEAD - len(under_way)))
        yield from _results(*under_way[0], how)
        under_way.popleft()


def _portions(files: Iterable[Path | Heard], size: int) -> Iterator[list[Path | Heard]]:
    """Divide into lists with `size` files to be heard, and not too many that are known."""
    portion: list[Path | Heard] = []
    unknown = 0
    for file in files:
        portion.append(file)
        unknown += isinstance(file, Path)
        if unknown == size or len(portion) == MOST_KNOWN + size:
            yield portion
            portion, unknown = [], 0
    if portion:
        yield portion


@contextmanager
def _interrupts_ignored(jobs: int) -> Iterator[None]:
    """Let processes that begin here ignore stop signals, even before they run code of ours.

    They inherit that; to block the signals would not do, since loky unblocks them. A signal in
    these few milliseconds is lost, so this does nothing where they have all begun, or none will.
    """
    begun = jobs == 1 or len(multiprocessing.active_children()) >= jobs
    if begun or threading.current_thread() is not threading.main_thread():
        yield
        return
    with stop_signals_ignored():
        yield


def _start(block: list[Path | Heard], how: Listening) -> Iterator[Heard]:
    """Hand a block of files to the processes."""
    paths = [file for file in block if isinstance(file, Path)]
    if not paths:
        return iter(())
    from joblib import Parallel, delayed

    # A single file is not worth a process; but no other number, which would resize the pool.
    jobs = how.jobs if len(paths) > 1 else 1
    tasks = (delayed(_listen_in_worker)(path, how) for path in paths)
    with _interrupts_ignored(jobs):
        results: Iterator[Heard] = Parallel(
            n_jobs=jobs, return_as="generator", pre_dispatch="all", batch_size=1
        )(tasks)
    return results


def _results(
    block: list[Path | Heard], started: Iterator[Heard], how: Listening
) -> Iterator[Heard]:
    """Yield the results of a block, also when a file has brought a process down."""
    done = 0
    try:
        for file in block:
            yield file if isinstance(file, Heard) else next(started)
            done += 1
    except _lost_worker():
        # All that was under way is lost with it. One by one, the rest shows which file it was.
        for file in block[done:]:
            yield file if isinstance(file, Heard) else _alone(file, how)


def _alone(path: Path, how: Listening) -> Heard:
    """Listen to a file in a process that nothing else is lost with."""
    from joblib import Parallel, delayed

    try:
        with _interrupts_ignored(2):
            (heard,) = Parallel(n_jobs=2)([delayed(_listen_in_worker)(path, how)])
    except _lost_worker():
        return Heard(path, status=Status.UNREADABLE, error="makes the decoder crash")
    return heard  # type: ignore[no-any-return]


def _lost_worker() -> type[Exception]:
    """Return what joblib raises when a process has died."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    return TerminatedWorkerError  # type: ignore[no-any-return]


def _give_up_quietly() -> None:
    """Keep joblib's words about the tasks that are given up off the terminal.

    Joblib warns of them, and loky's thread may stumble over one that is gone already.
    """
    warnings.filterwarnings("ignore", "[0-9]+ tasks ", UserWarning)
    threading.excepthook = lambda _: None


def _listen_in_worker(path: Path, how: Listening) -> Heard:
    _belong_to_the_parent()
    return listen(path, how)


@cache
def _belong_to_the_parent() -> None:
    """Let signals end only the process that reports, and end with it, however it ends."""
    if multiprocessing.parent_process() is None:
        return
    ignore_stop_signals()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
