"""A process that extracts features, and that may crash, hang or run out of memory."""

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tagger.errors import GenretagError
from tagger.identity import MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.runtime.interrupt import STOP_SIGNALS, ignore_stop_signals
from tagger.runtime.memory import MEMORY_EXIT, end_above, leave_no_core_dump, limit_memory
from tagger.tracks import Features, PredictedTrack, Track

Extracted = Features | PredictedTrack

MEMORY = 2 << 30  # bytes that a process may use; 30 seconds of music take some 150 MB
_START = 300.0  # seconds in which a process has to start, on however busy a machine
_MOMENT = 1.0  # seconds
_END = 10.0  # seconds in which a process that was killed should have ended
_WORKING = 0.05  # share of its time that a process computes at least, unless it waits for a disk
_OUT_OF_MEMORY = f"needs more than {MEMORY >> 30} GB of memory to analyse"


class LostError(Exception):
    """A file brought down its process; the message is what to say of the file.

    Attributes:
        track: what was known of the file by then; None: not even its tags.
        certain: the file is at fault, so that there is no need to try it again.
        lasting: it is likely to do so again in the next scan.
    """

    def __init__(
        self, words: str, track: Track | None, *, certain: bool = False, lasting: bool = True
    ) -> None:
        super().__init__(words)
        self.track = track
        self.certain = certain
        self.lasting = lasting


class WorkerProcess:
    """Extracts features from one file after another, in a process of its own."""

    def __init__(self, settings: ExtractSettings) -> None:
        """Begin to start the process, and do not wait for it."""
        # Not multiprocessing itself, which would run the user's main module in the new process.
        from joblib.externals.loky.backend import get_context

        context = get_context("loky")
        self._timeout = settings.timeout
        self._ready = False
        ours, theirs = context.Pipe()
        self._connection: Connection = ours
        self._process: Any = context.Process(
            target=_work,
            args=(theirs, settings, os.getpid()),
            # The cores are taken by the other processes and by the model.
            env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        with _signals_blocked():
            self._process.start()
        theirs.close()

    def extract(self, file: MusicFile) -> Iterator[Extracted]:
        """Extract features in the process, see `Extractor.parts`.

        Time in which the process waits for somebody to take what it has does not count.

        Raises:
            LostError: the process has crashed, or takes too long; it is of no more use.
            GenretagError: the process does not even start.
        """
        if not self._ready:
            self._wait_for_start()
        track, left, computed = None, self._timeout, self._computed()
        try:
            self._connection.send(file)
            while left > 0:
                begun = time.monotonic()
                arrived = self._connection.poll(min(left, _MOMENT))
                # More has passed where the scan was stopped, or the machine slept: with the file.
                left -= min(time.monotonic() - begun, _MOMENT)
                if not arrived:
                    continue
                message = _receive(self._connection)
                if message is None:
                    return
                if isinstance(message, Track):
                    track = message
                else:
                    yield message
        except (EOFError, OSError):
            raise self._why_lost(track) from None
        if self._computed() - computed < _WORKING * self._timeout:
            words = (
                f"cannot be read within {self._timeout:g} s (its disk or network is slow or gone)"
            )
            raise LostError(words, track, certain=True, lasting=False)
        raise LostError(f"takes longer than {self._timeout:g} s to analyse", track, certain=True)

    def _computed(self) -> float:
        """Return the processor seconds of the process; on systems that do not tell, those by now.

        What waits for a disk or network share takes none, unlike a decoder that never ends.
        """
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return time.monotonic()

    def _wait_for_start(self) -> None:
        try:
            if self._connection.poll(_START):
                self._connection.recv()
                self._ready = True
                return
        except (EOFError, OSError):
            pass
        raise GenretagError("A process that decodes could not be started.")

    def _why_lost(self, track: Track | None) -> LostError:
        self._process.join(_END)
        code = self._process.exitcode
        if code == MEMORY_EXIT:
            return LostError(_OUT_OF_MEMORY, track)
        killed = hasattr(signal, "SIGKILL") and code == -signal.SIGKILL
        return LostError(
            "makes the decoder crash" + (" (killed)" if killed else ""),
            track,
            lasting=not killed,  # by the user, or by a system that is short of memory
        )

    def kill(self) -> None:
        """End the process at once, with what it is working on."""
        if hasattr(signal, "SIGKILL"):
            if self._process.exitcode is None:
                os.kill(self._process.pid, signal.SIGKILL)  # it ignores SIGTERM
        else:
            self._process.terminate()

    def join(self) -> None:
        """Wait until a process that was killed has ended; one that a dead disk holds is left."""
        self._process.join(_END)


def _send(connection: Connection, message: Track | Extracted | None) -> None:
    """Send a message; its strip, which may be large, is copied nowhere on the way."""
    buffers: list[pickle.PickleBuffer] = []
    connection.send(
        (pickle.dumps(message, protocol=5, buffer_callback=buffers.append), len(buffers))
    )
    for buffer in buffers:
        with buffer.raw() as content:
            connection.send(content.nbytes)
            connection.send_bytes(content)


def _receive(connection: Connection) -> Track | Extracted | None:
    """Receive what `_send` sent."""
    message, count = connection.recv()
    buffers = []
    for _ in range(count):
        buffer = bytearray(connection.recv())
        connection.recv_bytes_into(buffer)
        buffers.append(buffer)
    return pickle.loads(message, buffers=buffers)  # type: ignore[no-any-return]


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Let a process that begins here get no stop signal, even before it runs code of ours."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# In the process


def _work(connection: Connection, settings: ExtractSettings, parent: int) -> None:
    """Extract features from files until there are no more.

    Sends whatever is known of a file before it is decoded, then what is extracted part by part, and
    None in the end.
    """
    ignore_stop_signals()  # they end only the process of the scan, and this one ends with that
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    extractor = Extractor(settings, examined=lambda track: _send(connection, track))
    limit_memory(MEMORY)
    leave_no_core_dump()
    try:
        connection.send(None)  # ready
        # What crashes says so in words of its own, on a terminal that is not meant for them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stderr__.fileno() if sys.__stderr__ else 2)
        while True:
            for part in extractor.parts(connection.recv()):
                _send(connection, part)
            _send(connection, None)
    except MemoryError:
        os._exit(MEMORY_EXIT)
    except (EOFError, OSError):  # the process of the scan has ended
        os._exit(0)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        end_above(MEMORY)
        time.sleep(1)
    os._exit(1)
