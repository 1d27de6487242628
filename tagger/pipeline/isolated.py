"""Extraction that a file may bring down without any other file noticing."""

import hashlib
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from itertools import islice

from tagger.identity import MusicFile, identity_of
from tagger.pipeline.extract import ExtractSettings
from tagger.pipeline.worker_process import Extracted, LostError, WorkerProcess
from tagger.tracks import PredictedTrack, Prediction, Status, Track, joined

_TRIES = 2  # the process that a file is lost with may have suffered from the file before


class IsolatedExtractor:
    """Extracts features in a process of its own, and replaces that when a file is lost with it.

    For one thread at a time, but for `kill` and `join`, which any thread may call.

    Attributes:
        settings: how features are extracted.
    """

    def __init__(self, settings: ExtractSettings) -> None:
        """Begin to start the process, and do not wait for it."""
        self.settings = settings
        self._changing = threading.Lock()
        self._killed = False
        self._process = WorkerProcess(settings)

    def extract(self, file: MusicFile) -> Extracted:
        """Extract features, see `parts`; all of the rest has to be taken before the next file."""
        parts = self.parts(file)
        extracted = joined(parts)
        if isinstance(extracted, PredictedTrack):
            deque(parts, maxlen=0)  # the process says when it is done
        return extracted

    def parts(self, file: MusicFile) -> Iterator[Extracted]:
        """Extract features part by part, see `Extractor.parts`; if a file is lost, say why.

        Raises:
            CancelledError: `kill` was called.
            GenretagError: no process can be started.
        """
        given = 0
        for left in reversed(range(_TRIES)):
            try:
                for part in islice(self._process.extract(file), given, None):
                    given += 1
                    yield part
                return
            except LostError as error:
                self._replace()
                if error.certain or not left:
                    yield _unreadable(file, error)
                    return

    def _replace(self) -> None:
        with self._changing:
            self._process.kill()
            if self._killed:
                raise CancelledError
            self._process = WorkerProcess(self.settings)

    def kill(self) -> None:
        """End the process at once, with what it is working on."""
        with self._changing:
            self._killed = True
            self._process.kill()

    def join(self) -> None:
        """Wait until a process that was killed has ended, see `WorkerProcess.join`."""
        self._process.join()


def _unreadable(file: MusicFile, error: LostError) -> PredictedTrack:
    """Return what is to be said, and cached if it will last, of a file that was lost."""
    track = error.track or Track(
        path=file.path, identity=file.identity, fingerprint=_stand_in(file)
    )
    if not error.lasting or identity_of(file.path) != track.identity:
        track = replace(track, fingerprint=None)
    return PredictedTrack(
        track=track, prediction=Prediction(status=Status.UNREADABLE, error=str(error))
    )


def _stand_in(file: MusicFile) -> bytes | None:
    """Return a fingerprint for a file that was lost before its audio had one."""
    if file.identity is None:
        return None
    return hashlib.sha256(f"lost {file.identity!r}".encode()).digest()
