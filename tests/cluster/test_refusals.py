"""Clusters that cannot be used, each with its sentence; no process is started."""

import sys
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from tagger.cluster.batches import RemoteFile
from tagger.commands.analysis import check_cluster
from tagger.errors import ClusterError, UsageError
from tagger.options import ScanOptions

client = pytest.importorskip("tagger.cluster.client", reason="Dask is not installed")
KilledWorker = client.KilledWorker
BATCH = [RemoteFile(path="/srv/a.mp3", size=1)]


class FakeClient:
    """A client whose workers answer as the test says."""

    def __init__(self, version="0.1.0", workers=1):
        self.version = version
        self.workers = workers
        self.future: Future = Future()
        self.future.key = "batch"

    def wait_for_workers(self, *_, timeout):
        if not self.workers:
            raise TimeoutError

    def run(self, function, *_, on_error):
        answer = self.version if function is client.worker.version else "CPU"
        return {"tcp://host:0": answer}

    def nthreads(self):
        if self.workers is None:
            raise OSError("closed")
        return {f"tcp://host:{n}": 2 for n in range(self.workers)}

    def submit(self, *_, **__):
        return self.future


@pytest.fixture
def prepared(monkeypatch):
    monkeypatch.setattr(client, "__version__", "0.1.0")
    monkeypatch.setattr(client, "_MOMENT", 0.01)

    def prepare(fake, told=None):
        changed = [] if told is None else told
        return client.DaskCluster(fake, None, changed.append, changed.append)

    return prepare


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        (FakeClient(version="0.0.9"), "tcp://host:0 has genretag 0.0.9, and this is 0.1.0"),
        (FakeClient(version=ModuleNotFoundError("No module named 'tagger'")), "no module named"),
        (FakeClient(version=ClusterError("The worker a has no music.")), "a has no music"),
        (FakeClient(workers=0), "no workers. Start one on each machine"),
    ],
)
def test_workers_that_cannot_take_part_are_named(fake, words, prepared):
    with pytest.raises(ClusterError, match=words):
        prepared(fake)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_while_it_is_prepared_is_told_and_left_out(workers, prepared):
    """It is not said to lack genretag."""
    from distributed.comm import CommClosedError

    class Dying(FakeClient):
        def run(self, function, *_, on_error):
            if function is client.worker.version:
                return {f"tcp://host:{number}": "0.1.0" for number in range(workers)}
            self.workers = workers - 1
            dead = CommClosedError("in <TCP>: stream is closed"), OSError("connection reset")
            return {"tcp://host:0": "CPU", f"tcp://host:{self.workers}": dead[workers - 1]}

    told = []
    if workers == 1:
        with pytest.raises(ClusterError, match="No worker is left"):
            prepared(Dying(workers=1), told)
    else:
        assert prepared(Dying(workers=2), told).devices == ["CPU"]
    assert told == [
        f"The worker tcp://host:{workers - 1} died while it was prepared; its log may say why."
    ]


def test_slots_are_threads_and_changes_of_workers_are_told(prepared):
    fake, told = FakeClient(workers=3), []
    cluster = prepared(fake, told)
    assert cluster.devices == ["CPU"]
    assert cluster.slots == 6
    assert told == [3]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (CancelledError(), "connection to the scheduler is lost"),
        (ClusterError("The worker a cannot start."), "The worker a cannot start"),
        (ImportError("odd"), "A worker failed \\(odd\\)"),
        (KilledWorker("task", None, 3), "Several workers died .* from /srv/a.mp3 on.* goes on"),
    ],
)
def test_what_ends_a_batch_for_good_ends_the_scan(outcome, words, prepared):
    fake = FakeClient()
    cluster = prepared(fake)
    assert cluster.submit(BATCH) == "batch"
    fake.future.set_exception(outcome)
    with pytest.raises(ClusterError, match=words):
        cluster.finished()


def test_a_scheduler_that_is_gone_is_noticed_while_nothing_arrives(prepared):
    fake = FakeClient()
    cluster = prepared(fake)
    cluster.submit(BATCH)
    fake.workers = None
    cluster._asked = 0.0
    with pytest.raises(ClusterError, match="connection to the scheduler is lost"):
        cluster.finished()


@pytest.mark.parametrize("when", ["wait_for_workers", "run"])
def test_a_scheduler_that_is_gone_before_the_first_batch_is_named(prepared, when):
    def closed(*_, **__):
        from distributed.comm import CommClosedError

        raise CommClosedError("in <tcp (closed) connectionpool.broadcast>: stream is closed")

    fake = FakeClient()
    setattr(fake, when, closed)
    with pytest.raises(ClusterError, match="connection to the scheduler is lost"):
        prepared(fake)


def test_an_address_without_tls_is_refused_where_dask_requires_it():
    with (
        client.dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(ClusterError, match="require encryption, and tcp://host:8786 has none"),
        client.scheduled("tcp://host:8786"),
    ):
        pass


@pytest.mark.parametrize("cluster", ["local:", "local:0", "local:two", "local:-1"])
def test_local_needs_a_number_of_processes(cluster):
    with pytest.raises(UsageError, match="N of local:N is a number of processes"):
        check_cluster(ScanOptions(paths=(), cluster=cluster))


def test_options_are_checked_before_files_are_looked_for(genretag, toy_model):
    code, _, error = genretag("scan", Path("/nowhere"), "--model", toy_model, "--path-map", "a=b")
    assert (code, "--path-map 'a=b'" in error) == (2, True)


def test_the_extra_that_is_missing_is_named(genretag, song, toy_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "tagger.cluster.client", None)
    monkeypatch.delattr("tagger.cluster.client", raising=False)
    code, _, error = genretag("scan", song(), "--model", toy_model, "--cluster", "local:1")
    assert (code, error) == (
        1,
        "genretag: --cluster needs Dask: pip install 'genretag[cluster]'\n",
    )
