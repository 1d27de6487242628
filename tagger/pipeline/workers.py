"""From files to features, in parallel processes."""

import hashlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from queue import SimpleQueue

from tagger.identity import MusicFile, identity_of
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.pipeline.handover import Handover
from tagger.pipeline.worker_process import Extracted, LostError, WorkerProcess
from tagger.runtime.interrupt import stop_signals_ignored
from tagger.tracks import PredictedTrack, Prediction, Status, Track, joined

AHEAD = 16  # files under way for each worker; memory has to hold their features
AHEAD_LONG = 2  # the same for files of which more is analysed than
LONG = 60.0  # seconds
MOST_KNOWN = 128  # files under way that are in the cache and need no worker
_TRIES = 2  # the process that a file is lost with may have suffered from the file before


@contextmanager
def extracting(
    files: Iterable[MusicFile | PredictedTrack], settings: ExtractSettings, jobs: int = 0
) -> Iterator[Iterator[Extracted]]:
    """Extract features from files in parallel; gives them in the order of the files.

    What is cached takes its place among the rest. The first files are begun at once: processes
    take a second to start, in which the model can be loaded. Only a limited number of files is
    under way, so memory does not depend on how many there are, however slow the model is.

    Args:
        files: to analyse, or known.
        settings: how.
        jobs: processes; 0: none but this one, in which a file that makes a decoder crash or hang
            ends or stops everything.
    """
    if jobs == 0:
        extractor = Extractor(settings)
        try:
            yield (
                extractor.extract(file) if isinstance(file, MusicFile) else file for file in files
            )
        finally:
            extractor.close()
        return
    queue = _Queue(files, settings, jobs)
    queue.fill()
    try:
        yield iter(queue)
    finally:
        queue.close()


@dataclass
class _Entry:
    """A file under way."""

    file: MusicFile | PredictedTrack
    future: "Future[Extracted] | None"  # None: there is nothing to wait for


class _Queue:
    """Files under way, in their order."""

    def __init__(
        self, files: Iterable[MusicFile | PredictedTrack], settings: ExtractSettings, jobs: int
    ) -> None:
        self._files = iter(files)
        self._workers = _Workers(settings, jobs)
        short = settings.seconds is not None and settings.seconds <= LONG
        self._most = jobs * (AHEAD if short else AHEAD_LONG)
        self._entries: deque[_Entry] = deque()
        self._pending = 0  # entries with a future

    def fill(self) -> None:
        """Begin as many files as may be under way."""
        while self._pending < self._most and len(self._entries) < self._most + MOST_KNOWN:
            file = next(self._files, None)
            if file is None:
                return
            future = self._workers.submit(file) if isinstance(file, MusicFile) else None
            self._pending += future is not None
            self._entries.append(_Entry(file, future))

    def __iter__(self) -> Iterator[Extracted]:
        while self._entries:
            entry = self._entries[0]
            if isinstance(entry.file, PredictedTrack):
                extracted: Extracted = entry.file
            else:
                assert entry.future is not None
                extracted = entry.future.result()
            self._entries.popleft()
            self._pending -= entry.future is not None
            self.fill()
            yield extracted

    def close(self) -> None:
        """End the processes, and drop what is still under way."""
        self._workers.kill()


class _Workers:
    """Processes that extract features, each with a thread that waits for it.

    A process that a file is lost with is replaced, and the others do not notice.
    """

    def __init__(self, settings: ExtractSettings, jobs: int) -> None:
        self._settings = settings
        self._jobs = jobs
        self._threads: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[WorkerProcess] = SimpleQueue()
        self._processes: set[WorkerProcess] = set()
        self._under_way: set[Handover] = set()
        self._changing = threading.Lock()
        self._closed = False

    def submit(self, file: MusicFile) -> "Future[Extracted]":
        """Begin a file; the first one starts the processes."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._jobs)
            with _signals_ignored():
                for _ in range(self._jobs):
                    self._idle.put(self._start())
        extracted: Future[Extracted] = Future()
        self._threads.submit(self._hand_over, file, extracted)
        return extracted

    def kill(self) -> None:
        """End the processes at once, with what they are working on."""
        with self._changing:
            self._closed = True
            processes = list(self._processes)
        for process in processes:
            process.kill()
        for rest in list(self._under_way):
            rest.drop()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for process in processes:
            process.join()

    def _start(self) -> WorkerProcess:
        with self._changing:
            if self._closed:
                raise CancelledError
            process = WorkerProcess(self._settings)
            self._processes.add(process)
            return process

    def _hand_over(self, file: MusicFile, extracted: "Future[Extracted]") -> None:
        """Hand over what comes of a file, with the rest of a long one while it comes."""
        rest = Handover()
        self._under_way.add(rest)
        try:
            parts = self._extract(file)
            extracted.set_result(joined(chain([next(parts)], rest)))
            for part in parts:
                rest.put(part)
            rest.end()
        except BaseException as error:
            if extracted.done():
                rest.end(error)
            else:
                extracted.set_exception(error)
        finally:
            self._under_way.discard(rest)

    def _extract(self, file: MusicFile) -> Iterator[Extracted]:
        process = self._idle.get()
        given = 0
        try:
            for left in reversed(range(_TRIES)):
                try:
                    for part in islice(process.extract(file), given, None):
                        given += 1
                        yield part
                    return
                except LostError as error:
                    process = self._replaced(process)
                    if error.certain or not left:
                        yield _unreadable(file, error)
                        return
        finally:
            self._idle.put(process)

    def _replaced(self, process: WorkerProcess) -> WorkerProcess:
        process.kill()
        with self._changing:
            self._processes.discard(process)
        return self._start()


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """Ignore stop signals while processes begin, which inherit that.

    A signal in these few milliseconds is lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with stop_signals_ignored():
        yield


def _unreadable(file: MusicFile, error: LostError) -> PredictedTrack:
    """Return what is to be said, and cached if it will last, of a file that was lost."""
    track = error.track or Track(path=file.path, identity=file.identity, fingerprint=stand_in(file))
    if not error.lasting or identity_of(file.path) != track.identity:
        track = replace(track, fingerprint=None)
    return PredictedTrack(
        track=track, prediction=Prediction(status=Status.UNREADABLE, error=str(error))
    )


def stand_in(file: MusicFile) -> bytes | None:
    """Return a fingerprint for a file that was lost before its audio had one."""
    if file.identity is None:
        return None
    return hashlib.sha256(f"lost {file.identity!r}".encode()).digest()
