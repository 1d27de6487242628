"""What a worker does, in the process of the test."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from tagger.cluster import worker
from tagger.cluster.batches import RemoteFile
from tagger.cluster.worker import WorkerSettings
from tagger.errors import ClusterError
from tagger.tags.content import fingerprint
from tagger.tracks import PredictedTrack, Prediction, Source, Status, Track


@pytest.fixture
def settings(toy_model):
    yield WorkerSettings(
        model=str(toy_model),
        digest=hashlib.sha256(toy_model.read_bytes()).digest(),
        device="cpu",
        batch_size=None,
        seconds=30.0,
        timeout=120.0,
        cache=None,
        folders=(),
    )
    worker.release()


def remote(path: Path, size: int | None = None) -> RemoteFile:
    return RemoteFile(path=str(path), size=path.stat().st_size if size is None else size)


def test_answers_hold_predictions_genres_and_fingerprints_and_no_path(song, settings):
    path = song()
    (answer,) = worker.analyse([remote(path)], settings, 1)
    assert answer.prediction.status is Status.OK
    assert len(answer.prediction.probabilities) == 3
    assert answer.fingerprint == fingerprint(path)
    assert answer.source is Source.ANALYSIS
    assert b"song.wav" not in pickle.dumps(answer)


def test_a_file_that_is_another_one_here_is_refused(song, settings):
    good, other, missing = song("a.wav"), song("b.wav"), song("c.wav")
    sent = [remote(good), remote(other, size=7), remote(missing)]
    missing.unlink()
    answers = worker.analyse(sent, settings, 1)
    assert [answer.prediction.status for answer in answers] == [
        Status.OK,
        Status.UNREADABLE,
        Status.UNREADABLE,
    ]
    assert "bytes on the worker" in answers[1].prediction.error
    assert "no such file or directory) on the worker" in answers[2].prediction.error
    assert [answer.fingerprint for answer in answers[1:]] == [None, None]


def test_the_model_is_loaded_once_and_with_the_threads_of_the_worker(song, settings, monkeypatch):
    loaded: list[int | None] = []

    class Counted(worker.GenreModel):
        def __init__(self, path, device, threads=None):
            loaded.append(threads)
            super().__init__(path, device, threads)

    monkeypatch.setattr(worker, "GenreModel", Counted)
    assert worker.prepare(settings, 3) == "CPU"
    for name in ("a.wav", "b.wav"):
        worker.analyse([remote(song(name))], settings, 3)
    worker.analyse([remote(song("c.wav"))], replace(settings, seconds=None), 3)
    assert loaded == [3]
    worker.release()
    worker.prepare(settings, 2)
    assert loaded == [3, 2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digest": b"other"}, "is another one than the coordinator's"),
        ({"model": "/nowhere/m.onnx"}, "cannot read the model /nowhere/m.onnx"),
        ({"folders": ("/nowhere",)}, "it has no /nowhere. Mount the music there"),
    ],
)
def test_a_worker_that_cannot_take_part_says_why(settings, changes, words):
    with pytest.raises(ClusterError, match=words):
        worker.prepare(replace(settings, **changes), 1)


def test_a_file_that_takes_too_long_ends_the_worker_and_others_do_not(song, settings, monkeypatch):
    ended = Event()
    monkeypatch.setattr(worker.os, "_exit", lambda _: ended.set())
    path = song()
    worker.analyse([remote(path)], settings, 1)
    assert not ended.is_set()
    monkeypatch.setattr(worker.Extractor, "extract", lambda *_: ended.wait(60) and failed)
    failed = PredictedTrack(track=Track(path=path), prediction=Prediction(status=Status.UNREADABLE))
    worker.analyse([remote(path)], replace(settings, timeout=0.01), 1)
    assert ended.is_set()


def test_a_file_that_needs_too_much_memory_costs_only_itself(song, settings, monkeypatch):
    def parts(*_):
        raise MemoryError
        yield

    monkeypatch.setattr(worker.Extractor, "parts", parts)
    (answer,) = worker.analyse([remote(song())], settings, 1)
    assert answer.prediction.error.startswith("needs too much memory")
