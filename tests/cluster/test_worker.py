"""What a worker does, in the process of the test."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from deadly_files import Crashing, Greedy, Hanging

from tagger import __version__
from tagger.cluster import worker
from tagger.cluster.batches import RemoteFile
from tagger.cluster.worker import WorkerSettings
from tagger.errors import ClusterError
from tagger.pipeline import worker_process
from tagger.tags.content import fingerprint
from tagger.tracks import PredictedTrack, Prediction, Source, Status, Track


@pytest.fixture
def settings(toy_model):
    yield WorkerSettings(
        version=__version__,
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


def test_files_behind_one_without_features_are_analysed(song, settings):
    files = [remote(song("short.wav", seconds=0.5)), remote(song("a.wav")), remote(song("b.wav"))]
    answers = worker.analyse(files, settings, 1)
    assert [answer.prediction.status for answer in answers] == [
        Status.TOO_SHORT,
        Status.OK,
        Status.OK,
    ]


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
        ({"version": "0.0.9"}, "genretag .*, and the scan 0.0.9"),
        ({"digest": b"other"}, "is another one than the coordinator's"),
        ({"model": "/nowhere/m.onnx"}, "cannot read the model /nowhere/m.onnx"),
        ({"folders": ("/nowhere",)}, "it has no /nowhere. Mount the music there"),
    ],
)
def test_a_worker_that_cannot_take_part_says_why(settings, changes, words):
    with pytest.raises(ClusterError, match=words):
        worker.prepare(replace(settings, **changes), 1)


def test_a_file_that_crashes_or_eats_memory_costs_only_itself(song, settings, monkeypatch):
    kinds = {"1": Crashing, "3": Greedy}
    monkeypatch.setattr(worker, "Path", lambda path: kinds.get(Path(path).stem, Path)(path))
    paths = [song(f"{number}.wav", seed=number) for number in range(5)]
    answers = worker.analyse([remote(path) for path in paths], settings, 1)
    assert {n: one.prediction.error for n, one in enumerate(answers) if one.prediction.error} == {
        1: "makes the decoder crash",
        3: "needs more than 2 GB of memory to analyse",
    }
    assert [one.prediction.status for one in answers].count(Status.OK) == 3
    assert all(one.fingerprint for one in answers)  # so that the next scan skips it


def test_a_file_that_hangs_is_given_up_after_the_timeout(song, settings, monkeypatch):
    monkeypatch.setattr(worker, "Path", Hanging)
    monkeypatch.setattr(worker_process, "_WORKING", 0.0)
    (answer,) = worker.analyse([remote(song())], replace(settings, timeout=0.1), 1)
    assert answer.prediction.error == "takes longer than 0.1 s to analyse"


def test_processes_are_kept_for_the_next_batch_and_end_with_the_scan(song, settings, monkeypatch):
    started: list[float | None] = []
    ended: list[float | None] = []

    class Fake:
        def __init__(self, settings):
            self.settings = settings
            started.append(settings.seconds)

        def extract(self, file):
            return PredictedTrack(
                track=Track(path=file.path, identity=file.identity),
                prediction=Prediction(status=Status.SILENT),
            )

        def kill(self):
            ended.append(self.settings.seconds)

    monkeypatch.setattr(worker, "IsolatedExtractor", Fake)
    batch = [remote(song())]
    for seconds in (30.0, 30.0, 10.0):
        worker.analyse(batch, replace(settings, seconds=seconds), 1)
    assert (started, ended) == ([30.0, 10.0], [30.0])
    worker.release()
    assert ended == [30.0, 10.0]
