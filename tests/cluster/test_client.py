"""A real cluster of Dask on this machine."""

import hashlib
import os
import signal
from threading import Event

import pytest

from tagger import __version__
from tagger.cluster.batches import analysed
from tagger.cluster.paths import PathMap
from tagger.cluster.worker import WorkerSettings
from tagger.identity import Identity, MusicFile
from tagger.tracks import Status

client = pytest.importorskip("tagger.cluster.client", reason="Dask is not installed")


def test_a_worker_that_is_killed_has_its_files_done_elsewhere(song, toy_model):
    first = song("00.wav")
    paths = [first, *(first.with_name(f"{number:02}.wav") for number in range(1, 20))]
    for path in paths[1:]:
        path.hardlink_to(first)
    files = [MusicFile(path=path, identity=Identity.of(path)) for path in paths]
    settings = WorkerSettings(
        version=__version__,
        model=str(toy_model),
        digest=hashlib.sha256(toy_model.read_bytes()).digest(),
        device="cpu",
        batch_size=None,
        seconds=30.0,
        timeout=120.0,
        cache=None,
        folders=(str(first.parent),),
    )
    told: list[str] = []
    numbers: list[int] = []
    with client.local(2) as connected:
        cluster = client.DaskCluster(connected, settings, told.append, numbers.append)
        assert cluster.devices == ["CPU", "CPU"]
        tracks = analysed(files, cluster, PathMap(), files=20, seconds=30.0, stop=Event())
        seen = [next(tracks)]
        os.kill(next(iter(connected.run(os.getpid).values())), signal.SIGKILL)
        seen += tracks
    assert [one.path for one in seen] == paths
    assert {one.prediction.status for one in seen} == {Status.OK}
    assert numbers[0] == 2
    assert told == []
