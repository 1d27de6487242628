"""From files to features, in parallel processes."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from queue import SimpleQueue

from tagger.identity import MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.pipeline.handover import Handover
from tagger.pipeline.isolated import IsolatedExtractor
from tagger.pipeline.worker_process import Extracted
from tagger.runtime.interrupt import stop_signals_ignored
from tagger.tracks import PredictedTrack, joined

AHEAD = 16  # files under way for each worker; memory has to hold their features
AHEAD_LONG = 2  # the same for files of which more is analysed than
LONG = 60.0  # seconds
MOST_KNOWN = 128  # files under way that are in the cache and need no worker


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
    """Processes that extract features, each with a thread that waits for it."""

    def __init__(self, settings: ExtractSettings, jobs: int) -> None:
        self._settings = settings
        self._jobs = jobs
        self._threads: ThreadPoolExecutor | None = None
        self._extractors: list[IsolatedExtractor] = []
        self._idle: SimpleQueue[IsolatedExtractor] = SimpleQueue()
        self._under_way: set[Handover] = set()

    def submit(self, file: MusicFile) -> "Future[Extracted]":
        """Begin a file; the first one starts the processes."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._jobs)
            with _signals_ignored():
                for _ in range(self._jobs):
                    self._extractors.append(IsolatedExtractor(self._settings))
                    self._idle.put(self._extractors[-1])
        extracted: Future[Extracted] = Future()
        self._threads.submit(self._hand_over, file, extracted)
        return extracted

    def kill(self) -> None:
        """End the processes at once, with what they are working on."""
        for extractor in self._extractors:
            extractor.kill()
        for rest in list(self._under_way):
            rest.drop()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for extractor in self._extractors:
            extractor.join()

    def _hand_over(self, file: MusicFile, extracted: "Future[Extracted]") -> None:
        """Hand over what comes of a file, with the rest of a long one while it comes."""
        extractor, rest = self._idle.get(), Handover()
        self._under_way.add(rest)
        try:
            parts = extractor.parts(file)
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
            self._idle.put(extractor)


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
