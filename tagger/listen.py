"""From files to log-mel strips, in parallel processes."""

import multiprocessing
import signal
import threading
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from tagger.decode import decode, is_music
from tagger.errors import (
    SilentError,
    TagError,
    TooShortError,
    TrackError,
    UnreadableError,
    UnsupportedError,
    reason,
)
from tagger.frontend import FrontEnd, WindowGrid
from tagger.identity import Identity
from tagger.tags import can_hold_tags, read_genres
from tagger.tracks import Heard, Status

T = TypeVar("T")

BLOCK = 8  # files for each worker in one block; a block's strips are what memory has to hold
BLOCKS_AHEAD = 2  # while one is judged, the next is decoded

_STATUS = {
    SilentError: Status.SILENT,
    TooShortError: Status.TOO_SHORT,
    UnreadableError: Status.UNREADABLE,
    UnsupportedError: Status.UNSUPPORTED,
}


@dataclass(frozen=True)
class Listening:
    """What is listened to, and how."""

    front_end: FrontEnd
    grid: WindowGrid
    seconds: float | None = 30.0  # from the middle of each track; None: all of it
    jobs: int = 1


def listen(path: Path, how: Listening) -> Heard:
    """Decode one file, compute its strip and read its genres; never raises for a bad file."""
    _leave_interrupts_to_the_parent()
    existing: tuple[str, ...] = ()
    tag_error = ""
    identity: Identity | None = None
    try:
        if path.is_dir():
            raise UnreadableError("is a folder that may not be looked into")
        if not is_music(path):
            raise UnsupportedError("is not a kind of music file that is known here")
        with suppress(OSError):  # decoding it will say what is wrong
            identity = Identity.of(path)
        samples = decode(path, how.front_end.sample_rate, how.seconds)
        if can_hold_tags(path):
            try:
                existing = read_genres(path)
            except TagError as error:
                tag_error = str(error)
        if samples.size < how.front_end.samples_for(how.grid.window):
            raise TooShortError("is shorter than one window of the model")
        strip = how.grid.whole(how.front_end.compute(samples))
    except TrackError as error:
        return Heard(path, existing, status=_STATUS[type(error)], error=str(error))
    except Exception as error:  # the next file is not to suffer from what an odd one brings about
        return Heard(path, existing, status=Status.UNREADABLE, error=f"is odd: {reason(error)}")
    seconds = samples.size / how.front_end.sample_rate
    return Heard(path, existing, strip, seconds, error=tag_error, identity=identity)


def listen_to_all(paths: Iterable[Path], how: Listening) -> Iterator[Heard]:
    """Yield what was heard of each file, in order, decoded in `how.jobs` processes.

    Joblib's generators hand out new tasks whether or not results are taken, so files go to it in
    blocks with few of them under way: memory does not depend on the number of files, however
    slow the model is.
    """
    under_way: deque[tuple[list[Path], Iterator[Heard]]] = deque()
    for block in blocks(paths, BLOCK * how.jobs):
        under_way.append((block, _start(block, how)))
        if len(under_way) == BLOCKS_AHEAD:
            yield from _results(*under_way.popleft(), how)
    for block, started in under_way:
        yield from _results(block, started, how)


def _start(block: list[Path], how: Listening) -> Iterator[Heard]:
    """Hand a block of files to the processes."""
    from joblib import Parallel, delayed

    # A single file is not worth a process; but no other number, which would resize the pool.
    jobs = how.jobs if len(block) > 1 else 1
    tasks = (delayed(listen)(path, how) for path in block)
    results: Iterator[Heard] = Parallel(
        n_jobs=jobs, return_as="generator", pre_dispatch="all", batch_size=1
    )(tasks)
    return results


def _results(block: list[Path], started: Iterator[Heard], how: Listening) -> Iterator[Heard]:
    """Yield the results of a block, also when a file has brought a process down."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    done = 0
    try:
        for heard in started:
            yield heard
            done += 1
    except GeneratorExit:
        _give_up_quietly()
        raise
    except TerminatedWorkerError:
        # All that was under way is lost with it. One by one, the rest shows which file it was.
        for path in block[done:]:
            yield _alone(path, how)


def _alone(path: Path, how: Listening) -> Heard:
    """Listen to a file in a process that nothing else is lost with."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        (heard,) = Parallel(n_jobs=2)([delayed(listen)(path, how)])
    except TerminatedWorkerError:
        return Heard(path, status=Status.UNREADABLE, error="makes the decoder crash")
    return heard  # type: ignore[no-any-return]


def blocks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Divide into lists of `size` items; the last one may be shorter."""
    iterator = iter(items)
    while block := list(islice(iterator, size)):
        yield block


def _give_up_quietly() -> None:
    """Keep joblib's words about the tasks that are given up off the terminal.

    Joblib warns of them, and loky's thread may stumble over one that is gone already.
    """
    warnings.filterwarnings("ignore", "[0-9]+ tasks ", UserWarning)
    threading.excepthook = lambda _: None


def _leave_interrupts_to_the_parent() -> None:
    """Let Ctrl-C, which the terminal sends to all processes, end only the one that reports."""
    if multiprocessing.parent_process() is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
