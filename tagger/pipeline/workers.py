"""From files to features, in parallel processes."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tagger.identity import MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.runtime.interrupt import ignore_stop_signals, stop_signals_ignored
from tagger.tracks import Features, PredictedTrack, Prediction, Status, Track

AHEAD = 16  # files under way for each worker; memory has to hold their features
AHEAD_LONG = 2  # the same for files of which more is analysed than
LONG = 60.0  # seconds
MOST_KNOWN = 128  # files under way that are in the cache and need no worker
_IDLE = 300  # seconds after which a worker without work ends
_ENDING = 10  # seconds in which workers that are killed should have ended

Extracted = Features | PredictedTrack


@contextmanager
def extracting(
    files: Iterable[MusicFile | PredictedTrack], settings: ExtractSettings, jobs: int = 1
) -> Iterator[Iterator[Extracted]]:
    """Extract features from files in `jobs` processes; gives them in the order of the files.

    What is cached takes its place among the rest. The first files are begun at once: processes
    take a second to start, in which the model can be loaded. Only a limited number of files is
    under way, so memory does not depend on how many there are, however slow the model is.
    """
    if jobs == 1:
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
    """Files under way, in their order; survives workers that die."""

    def __init__(
        self, files: Iterable[MusicFile | PredictedTrack], settings: ExtractSettings, jobs: int
    ) -> None:
        self._files = iter(files)
        self._workers = _Workers(settings, jobs)
        short = settings.seconds is not None and settings.seconds <= LONG
        self._most = jobs * (AHEAD if short else AHEAD_LONG)
        self._entries: deque[_Entry] = deque()
        self._pending = 0  # entries with a future
        self._alone = 0  # entries at the front that were lost with a worker

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
            extracted = self._extracted(entry)
            self._entries.popleft()
            self._pending -= entry.future is not None
            self._alone = max(0, self._alone - 1)
            if not self._alone:
                self.fill()
            yield extracted

    def _extracted(self, entry: _Entry) -> Extracted:
        if isinstance(entry.file, PredictedTrack):
            return entry.file
        assert entry.future is not None
        try:
            return entry.future.result()
        except self._workers.died:
            # All files under way are lost with the worker. One by one, they show which of them
            # it was; no other file is begun until then.
            self._alone = self._alone or len(self._entries)
        try:
            return self._workers.submit(entry.file).result()
        except self._workers.died:
            return PredictedTrack(
                track=Track(path=entry.file.path),
                prediction=Prediction(status=Status.UNREADABLE, error="makes the decoder crash"),
            )

    def close(self) -> None:
        """End the processes, and drop what is still under way."""
        # Not cancelled one by one: loky's own thread would stumble over them.
        if any(entry.future is not None and not entry.future.done() for entry in self._entries):
            self._workers.kill()
        else:
            self._workers.close()


class _Workers:
    """Processes that extract features.

    They are not those that joblib keeps for everybody: a program that scans may use joblib as well.

    Attributes:
        died: what is raised where a process has died.
    """

    def __init__(self, settings: ExtractSettings, jobs: int) -> None:
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        self.died: type[Exception] = TerminatedWorkerError
        self._settings = settings
        self._jobs = jobs
        self._executor: Any = None

    def submit(self, file: MusicFile) -> "Future[Extracted]":
        """Begin a file."""
        begun = self._executor is not None and len(self._executor._processes) >= self._jobs
        with _signals_ignored(begun=begun):
            try:
                return self._submit(file)
            except self.died:  # since the last file
                return self._submit(file)

    def _submit(self, file: MusicFile) -> "Future[Extracted]":
        from joblib.externals.loky import ProcessPoolExecutor

        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                max_workers=self._jobs,
                timeout=_IDLE,
                initializer=_set_up_worker,
                initargs=(self._settings,),
                # The cores are taken by the other processes and by the model.
                env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        try:
            return self._executor.submit(_extract_in_worker, file)  # type: ignore[no-any-return]
        except self.died:
            self._executor = None  # the next file starts new processes
            raise

    def close(self) -> None:
        """End the processes once they have nothing to do."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)

    def kill(self) -> None:
        """End the processes at once, with what they are working on.

        Not by `shutdown`, whose own thread stumbles over results that arrive meanwhile; that a
        process dies is what it is prepared for. Of a process that dies amid a result, that thread
        would wait for the rest for ever, since this process could still send it: so this end of
        the pipe is closed first.
        """
        if self._executor is None:  # they have died
            return
        self._executor._result_queue._writer.close()
        for process in list(self._executor._processes.values()):
            with suppress(OSError):  # it has ended by itself
                if hasattr(signal, "SIGKILL"):
                    os.kill(process.pid, signal.SIGKILL)  # workers ignore SIGTERM
                else:
                    process.terminate()
        # That thread takes leave of them; a program that goes on should not find it at work.
        self._executor._executor_manager_thread.join(_ENDING)


@contextmanager
def _signals_ignored(*, begun: bool) -> Iterator[None]:
    """Let processes that begin here ignore stop signals, even before they run code of ours.

    They inherit that; to block the signals would not do, since loky unblocks them. A signal in
    these few milliseconds is lost, so nothing is changed where all processes have begun.
    """
    if begun or threading.current_thread() is not threading.main_thread():
        yield
        return
    with stop_signals_ignored():
        yield


# In a worker

_extractor: Extractor | None = None
"""Made when a worker process starts; there is none in the process of the scan."""


def _set_up_worker(settings: ExtractSettings) -> None:
    """Prepare a worker: signals end only the process of the scan, and workers end with that."""
    global _extractor  # noqa: PLW0603 - the only way from the initializer of a pool to its tasks
    _extractor = Extractor(settings)
    ignore_stop_signals()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _extract_in_worker(file: MusicFile) -> Extracted:
    assert _extractor is not None
    return _extractor.extract(file)
