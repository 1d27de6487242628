"""A cluster of Dask: the workers of a scheduler, or processes on this machine.

Everything that is Dask's own is in this module. Dask begins a batch again on another worker if a
worker dies; after some deaths (`distributed.scheduler.allowed-failures`) it gives the batch up. No
file should bring that about, see `worker.analyse`.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

import dask
from distributed import Client, Future, LocalCluster, Worker, WorkerPlugin, get_worker
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from tagger import __version__
from tagger.cluster import worker
from tagger.cluster.batches import Answer, RemoteFile
from tagger.cluster.worker import WorkerSettings
from tagger.errors import ClusterError, reason
from tagger.runtime.interrupt import ignore_stop_signals, stop_signals_ignored

Tell = Callable[[str], None]

_CONNECT = 10  # seconds in which a scheduler has to answer
_FIRST_WORKER = 30  # seconds in which the first worker has to come
_MOMENT = 1.0  # seconds
_GOES_ON = "What was finished is kept; the same command goes on from there."
_LOST = (OSError, ValueError, RuntimeError)  # what a client raises that has no scheduler any more
_PATIENCE = 15  # seconds without any worker, before that is told


@contextmanager
def scheduled(address: str) -> Iterator[Client]:
    """Connect to the scheduler at an address such as "tcp://host:8786".

    For "tls://", the certificates are those of Dask's configuration.

    Raises:
        ClusterError: it does not answer, or not over TLS where the configuration requires that.
    """
    if dask.config.get("distributed.comm.require-encryption") and "tls://" not in address:
        raise ClusterError(
            f"Dask's settings require encryption, and {address} has none: name it as tls://HOST:PORT."
        )
    _keep_quiet()
    try:
        client = Client(address, timeout=_CONNECT, name="genretag", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            f"The scheduler {address} cannot be reached ({reason(error)})."
        ) from None
    with client:
        yield client


@contextmanager
def local(workers: int) -> Iterator[Client]:
    """Start processes on this machine that share its cores.

    They talk over TLS with a key of this moment: whoever can speak to a worker can let it run
    code, and other users of the machine can speak to it.
    """
    from joblib import cpu_count

    _keep_quiet()
    with ExitStack() as stack:
        with stop_signals_ignored():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=max(1, cpu_count() // workers),
                dashboard_address=None,
                security=True,
                silence_logs=logging.CRITICAL,  # in the processes
            )
        stack.enter_context(cluster)
        client = stack.enter_context(Client(cluster, set_as_default=False))
        client.register_plugin(_IgnoreStopSignals())
        yield client


class DaskCluster:
    """The workers of a client, prepared for one scan; see `batches.Cluster`.

    Attributes:
        devices: names of the devices that the model runs on, one for each worker.
    """

    def __init__(
        self, client: Client, settings: WorkerSettings, tell: Tell, changed: Callable[[int], None]
    ) -> None:
        """Check all workers, and let them load the model.

        Args:
            client: is connected.
            settings: of the scan.
            tell: shows a sentence to the user.
            changed: is told the number of workers, whenever it changes.

        Raises:
            ClusterError: there is no worker, or one cannot take part.
        """
        self._client = client
        self._settings = settings
        self._tell = tell
        self._changed = changed
        self._done: SimpleQueue[str] = SimpleQueue()
        self._under_way: dict[str, tuple[Future[list[Answer]], str]] = {}  # with their first file
        self._asked = 0.0  # when the scheduler was asked for its workers
        self._last_seen = math.inf  # when it had some
        self._workers = 0
        self._slots = 0
        try:
            client.wait_for_workers(1, timeout=_FIRST_WORKER)
        except TimeoutError:
            raise ClusterError(
                "The scheduler has no workers. Start one on each machine: dask worker ADDRESS"
            ) from None
        except _LOST as error:
            raise _gone() from error
        self._same_version()
        self.devices = sorted(self._run(_prepare, settings).values())

    def _same_version(self) -> None:
        for name, version in self._run(worker.version).items():
            if version != __version__:
                raise ClusterError(
                    f"The worker {name} has genretag {version}, and this is {__version__}."
                    " Install the same version on all machines."
                )

    def _run(self, function: Callable[..., str], *arguments: Any) -> dict[str, str]:
        """Run a function on each worker; one that dies meanwhile is told and left out.

        Raises:
            ClusterError: one raised that, or cannot run the function; or all workers or the
                scheduler are gone.
        """
        try:
            outcomes = self._client.run(function, *arguments, on_error="return")
        except _LOST as error:
            raise _gone() from error
        done: dict[str, str] = {}
        for name, outcome in outcomes.items():
            if isinstance(outcome, ClusterError):
                raise outcome
            if not isinstance(outcome, Exception):
                done[name] = outcome
            elif isinstance(outcome, CommClosedError) or name not in self._threads():
                self._tell(f"The worker {name} died while it was prepared; its log may say why.")
            else:
                missing = isinstance(outcome, ImportError)
                raise ClusterError(
                    f"The worker {name} cannot run genretag ({reason(outcome)})."
                    + (f" Install genretag {__version__} there." if missing else "")
                )
        if not done:
            raise ClusterError("No worker is left. Start one on each machine: dask worker ADDRESS")
        return done

    @property
    def slots(self) -> int:
        """How many batches the workers can analyse at a time: one in each thread.

        Raises:
            ClusterError: the scheduler is gone.
        """
        now = time.monotonic()
        if now - self._asked > _MOMENT:
            self._asked = now
            threads = self._threads()
            self._slots = sum(threads.values())
            if len(threads) != self._workers:
                self._workers = len(threads)
                self._changed(self._workers)
            if threads:
                self._last_seen = now
            elif now - self._last_seen > _PATIENCE:
                self._last_seen = math.inf  # it is told once
                self._tell("No worker is left; waiting for one. Ctrl-C ends the scan.")
        return self._slots

    def _threads(self) -> dict[str, int]:
        try:
            return self._client.nthreads()  # type: ignore[no-any-return]
        except _LOST as error:
            raise _gone() from error

    def submit(self, files: Sequence[RemoteFile]) -> str:
        """Begin a batch; returns the key of its future."""
        future = self._client.submit(_analyse, list(files), self._settings, pure=False)
        key = str(future.key)
        self._under_way[key] = future, files[0].path  # a future that nobody holds is cancelled
        future.add_done_callback(lambda _: self._done.put(key))
        return key

    def finished(self) -> tuple[str, list[Answer]] | None:
        """Wait a moment for a batch, see `batches.Cluster`.

        Raises:
            ClusterError: the scheduler is gone, or workers cannot take part or die.
        """
        try:
            key = self._done.get(timeout=_MOMENT)
        except Empty:
            _ = self.slots  # notices that the scheduler is gone
            return None
        return key, self._answers(*self._under_way.pop(key))

    def _answers(self, future: "Future[list[Answer]]", first: str) -> list[Answer]:
        while True:
            try:
                return future.result(timeout=_MOMENT)
            except TimeoutError:  # its worker died with the answers, so it is done once more
                _ = self.slots
            except KilledWorker:
                raise ClusterError(
                    f"Several workers died while they had the files from {first} on; their log"
                    f" may say why. {_GOES_ON}"
                ) from None
            except CancelledError:
                raise _gone() from None
            except ClusterError:
                raise
            except Exception as error:
                raise ClusterError(f"A worker failed ({reason(error)}).") from error

    def close(self) -> None:
        """Drop what is under way, and let the workers forget the model."""
        self._under_way.clear()
        with suppress(Exception):  # they may be gone
            self._client.run(worker.release, on_error="ignore")


def _gone() -> ClusterError:
    return ClusterError(f"The connection to the scheduler is lost. {_GOES_ON}")


def _keep_quiet() -> None:
    """Leave it to our own sentences to say what happens to workers."""
    for handler in logging.getLogger("distributed").handlers:
        handler.setLevel(logging.CRITICAL)


# In a worker


class _IgnoreStopSignals(WorkerPlugin):
    """A terminal sends Ctrl-C to all processes of a scan, and the first ends the others."""

    def setup(self, worker: Worker) -> None:
        """Prepare a process that has just begun; this is its main thread."""
        ignore_stop_signals()


def _prepare(settings: WorkerSettings, dask_worker: Worker) -> str:
    return worker.prepare(settings, dask_worker.state.nthreads)


def _analyse(files: Sequence[RemoteFile], settings: WorkerSettings) -> list[Answer]:
    return worker.analyse(files, settings, get_worker().state.nthreads)
