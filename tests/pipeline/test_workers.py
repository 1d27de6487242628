import gc
import multiprocessing
import os
import signal
import struct
import sys
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import replace
from itertools import chain, count
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import TOY_METADATA, wait_until
from deadly_files import Bomb, Crashing, Greedy, Hanging, Waiting
from joblib import Parallel, delayed

from tagger.identity import Identity, MusicFile
from tagger.pipeline import worker_process
from tagger.pipeline.extract import ExtractSettings
from tagger.pipeline.handover import Handover
from tagger.pipeline.isolated import _unreadable
from tagger.pipeline.worker_process import LostError, WorkerProcess
from tagger.pipeline.workers import AHEAD, _Workers, extracting
from tagger.state.cache import Cache
from tagger.state.maintenance import CacheMaintenance
from tagger.state.result_cache import ResultCache
from tagger.tracks import Features, PredictedTrack, Prediction, Status, Track

SETTINGS = ExtractSettings(front_end=TOY_METADATA.front_end, grid=TOY_METADATA.grid)


class Choking(type(Path())):
    """A file of whose result only a part is sent."""

    def __fspath__(self) -> str:
        if multiprocessing.parent_process() is not None:
            (connection,) = (one for one in gc.get_objects() if isinstance(one, Connection))
            os.write(connection.fileno(), struct.pack("!i", 100_000) + b"part")
            Path(f"{self}.sent").touch()
            time.sleep(600)
        return str(self)


def files_of(paths: list[Path]) -> list[MusicFile]:
    return [MusicFile(path=path, identity=None) for path in paths]


def test_a_file_that_kills_its_process_is_named_and_the_rest_is_analysed(song):
    paths: list[Path] = [song(f"{number:02}.wav") for number in range(20)]
    paths[7] = Bomb(paths[7])
    with extracting(files_of(paths), SETTINGS, jobs=2) as tracks:
        found = list(tracks)
    assert [str(one.track.path) for one in found] == [str(path) for path in paths]
    assert sum(isinstance(one, Features) for one in found) == 19
    assert found[7].prediction == Prediction(
        status=Status.UNREADABLE, error="makes the decoder crash"
    )


def identified(paths: list[Path]) -> list[MusicFile]:
    return [MusicFile(path=path, identity=Identity.of(path)) for path in paths]


def settled(path: Path) -> Path:
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


def test_a_file_that_crashes_or_eats_memory_costs_that_file_and_is_remembered(song, tmp_path):
    paths: list[Path] = [settled(song(f"{number:02}.wav", seed=number)) for number in range(9)]
    kinds = {2: Crashing, 5: Greedy}
    for number, kind in kinds.items():
        paths[number] = kind(paths[number])
    with Cache(tmp_path) as cache:
        model = tmp_path / "model.onnx"
        model.write_bytes(b"any")
        key = cache.key_for(model, 30.0, 3)
        results = ResultCache(cache, key, required=True, tell=print)
        settings = replace(SETTINGS, cache=results.location)
        with extracting(identified(paths), settings, jobs=2) as tracks:
            found = list(tracks)
        assert [str(one.track.path) for one in found] == [str(path) for path in paths]
        assert {n: one.prediction.error for n, one in enumerate(found) if n in kinds} == {
            2: "makes the decoder crash",
            5: "needs more than 2 GB of memory to analyse",
        }
        assert sum(isinstance(one, Features) for one in found) == 7
        for one in (found[number] for number in kinds):
            results.store_prediction(one)
            results.store_file(one)
        results.flush()
        known = results.lookup(identified([Path(str(paths[number])) for number in kinds]))
        assert [one and one.prediction for one in known] == [found[n].prediction for n in kinds]
    with CacheMaintenance(tmp_path) as maintenance:
        assert maintenance.clear_failures() == 2
    with Cache(tmp_path) as cache:
        assert cache.find(identified([Path(str(paths[2]))]), key) == [None]


def test_a_file_that_hangs_is_given_up_and_its_process_replaced(song, monkeypatch):
    monkeypatch.setattr(worker_process, "_WORKING", 0.001)  # however busy this machine is
    workers = _Workers(replace(SETTINGS, timeout=0.5), 1)
    (hanging,) = identified([Hanging(song())])
    future = workers.submit(hanging)
    (extractor,) = workers._extractors
    first = extractor._process
    found = future.result()
    assert found.prediction.error == "takes longer than 0.5 s to analyse"
    assert found.track.fingerprint is not None
    assert workers._extractors == [extractor]
    assert extractor._process is not first
    first.join()
    assert first._process.exitcode is not None
    workers.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much a process computes")
def test_a_file_on_a_share_that_does_not_answer_is_tried_again_by_the_next_scan(song, monkeypatch):
    monkeypatch.setattr(worker_process, "_WORKING", 0.9)  # most of this time goes into imports
    waiting = identified([Waiting(song())])
    with extracting(waiting, replace(SETTINGS, timeout=6.0), jobs=1) as tracks:
        (found,) = tracks
    assert found.prediction.error.startswith("cannot be read within 6 s (its disk or network")
    assert found.track.fingerprint is None


def test_time_in_which_a_scan_is_stopped_is_not_held_against_its_files(song, monkeypatch):
    """As by Ctrl-Z, or by closing a laptop on systems whose clock goes on."""
    jumps = count(step=3600)
    clock = SimpleNamespace(monotonic=lambda: next(jumps) + time.monotonic())
    monkeypatch.setattr(worker_process, "time", clock)
    with extracting(identified([song()]), replace(SETTINGS, timeout=60.0), jobs=1) as tracks:
        (found,) = tracks
    assert isinstance(found, Features)


def test_a_file_keeps_what_was_known_of_it_before_the_decoder_crashed(song, monkeypatch):
    """So it is known again under another name, and its genre stands in the table."""
    path = song("a.mp3")
    examined = Track(path=path, identity=Identity.of(path), fingerprint=b"f", existing=("Jazz",))

    def lost(process: WorkerProcess, file: MusicFile) -> None:
        raise LostError("makes the decoder crash", examined)

    monkeypatch.setattr(WorkerProcess, "__init__", lambda *_: None)
    monkeypatch.setattr(WorkerProcess, "extract", lost)
    monkeypatch.setattr(WorkerProcess, "kill", lambda _: None)
    monkeypatch.setattr(WorkerProcess, "join", lambda _: None)
    with extracting(identified([path]), SETTINGS, jobs=1) as tracks:
        (found,) = tracks
    assert found.track == examined


def parts_of(track: Features) -> list[Features | PredictedTrack]:
    return [track, *track.rest]


WHOLE = replace(SETTINGS, seconds=None)


def test_a_long_track_comes_in_parts_while_it_is_decoded(song):
    files = files_of([song("a.wav", seconds=140), song("b.wav")])
    with extracting(files, WHOLE, jobs=1) as tracks:
        found = [parts_of(track) for track in tracks]
    with extracting(files, WHOLE) as tracks:
        here = [parts_of(track) for track in tracks]
    assert [len(parts) for parts in found] == [len(parts) for parts in here] == [3, 1]
    for part, other in zip(chain(*found), chain(*here), strict=True):
        assert (part.start, part.seconds) == (other.start, other.seconds)
        assert np.array_equal(part.strip, other.strip)


def test_who_hands_over_parts_waits_until_they_are_taken_or_dropped():
    handover, put, ended = Handover(), [], []

    def hand_over():
        try:
            for number in range(10):
                handover.put(number)
                put.append(number)
        except CancelledError:
            ended.append("cancelled")

    thread = threading.Thread(target=hand_over)
    thread.start()
    taken = iter(handover)
    assert [next(taken), next(taken), next(taken)] == [0, 1, 2]
    wait_until(lambda: len(put) == 5)
    thread.join(0.1)
    assert put == [0, 1, 2, 3, 4]
    handover.drop()
    thread.join(30)
    assert ended == ["cancelled"]


def test_no_part_is_given_twice_when_a_process_is_lost_amid_a_track(monkeypatch):
    parts = [
        Features(track=Track(path=Path("a.mp3")), strip=np.zeros((1, 1)), seconds=number)
        for number in range(5)
    ]
    tries = iter([2, 5])

    def extract(process: WorkerProcess, file: MusicFile):
        count = next(tries)
        yield from parts[:count]
        if count < len(parts):
            raise LostError("makes the decoder crash", None)

    monkeypatch.setattr(WorkerProcess, "__init__", lambda *_: None)
    monkeypatch.setattr(WorkerProcess, "extract", extract)
    monkeypatch.setattr(WorkerProcess, "kill", lambda _: None)
    monkeypatch.setattr(WorkerProcess, "join", lambda _: None)
    with extracting(files_of([Path("a.mp3")]), WHOLE, jobs=1) as tracks:
        (found,) = tracks
        assert [part.seconds for part in parts_of(found)] == [0, 1, 2, 3, 4]


def test_a_process_that_the_system_killed_is_not_held_against_its_file(song):
    file = identified([song()])[0]
    error = LostError("makes the decoder crash (killed)", None, lasting=False)
    assert _unreadable(file, error).track.fingerprint is None


def test_ctrl_c_is_ignored_only_while_processes_begin(song, monkeypatch):
    changes: list[object] = []
    change = signal.signal
    monkeypatch.setattr(
        signal,
        "signal",
        lambda number, handler: (
            changes.append(handler) if number == signal.SIGINT else None,
            change(number, handler),
        )[1],
    )
    paths = [song(f"{number}.wav", seed=number) for number in range(8)]

    def begin(jobs: int) -> list[object]:
        changes.clear()
        with extracting(files_of(paths), SETTINGS, jobs=jobs) as tracks:
            assert len(list(tracks)) == len(paths)
        return changes

    assert begin(2)[::2] == [signal.SIG_IGN]
    assert begin(0) == []


def test_the_first_files_are_begun_at_once_and_never_many(monkeypatch):
    from concurrent.futures import Future

    begun: list[int] = []

    def submit(_, file):
        begun.append(int(file.path.stem))
        future: Future = Future()
        prediction = Prediction(status=Status.SILENT)
        future.set_result(PredictedTrack(track=Track(path=file.path), prediction=prediction))
        return future

    monkeypatch.setattr(_Workers, "submit", submit)
    files = files_of([Path(f"{number}.mp3") for number in range(1000)])
    with extracting(files, SETTINGS, jobs=2) as tracks:
        assert begun == list(range(2 * AHEAD))
        for number, one in enumerate(tracks):
            assert one.path.stem == str(number)
            assert len(begun) - number <= 2 * AHEAD + 1
    assert begun == list(range(1000))


def test_a_scan_that_is_given_up_leaves_the_hooks_of_the_process_alone(song, capfd, recwarn):
    hook = threading.excepthook
    paths = [song(f"{number:02}.wav", seed=number) for number in range(40)]
    with extracting(files_of(paths), SETTINGS, jobs=2) as tracks:
        next(tracks)
    assert threading.excepthook is hook
    assert capfd.readouterr().err == ""
    assert [str(warning.message) for warning in recwarn.list if "task" in str(warning)] == []


def test_workers_that_are_killed_amid_a_result_leave_nothing_that_waits(song):
    """Results are larger than the buffer of a pipe, so that part of one may have arrived."""
    workers = _Workers(SETTINGS, 1)
    (choking,) = files_of([Choking(song())])
    future = workers.submit(choking)
    process = workers._extractors[0]._process
    wait_until(Path(f"{choking.path}.sent").exists)
    workers.kill()
    assert isinstance(future.exception(30), CancelledError)
    assert process._process.exitcode == -signal.SIGKILL


def test_a_tag_beyond_all_bounds_is_not_given_to_the_decoder(song, monkeypatch):
    path = song("a.mp3")
    frames = (b"TXXX" + (4).to_bytes(4) + b"\0\0\0a\0b") * 6_000
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\4\0\0" + size + frames + path.read_bytes())
    monkeypatch.setattr("tagger.pipeline.extract.decode_stream", None)
    with extracting(files_of([path]), SETTINGS) as tracks:
        (found,) = tracks
    assert found.prediction == Prediction(
        status=Status.UNREADABLE, error="has an ID3 tag of more than 5000 frames"
    )


def test_a_scan_leaves_joblib_to_the_program_around_it(song):
    paths = [song(f"{number}.wav") for number in range(3)]
    with extracting(files_of(paths), SETTINGS, jobs=2) as extracted:
        assert len(list(extracted)) == 3
    assert Parallel(n_jobs=2)(delayed(abs)(-n) for n in range(3)) == [0, 1, 2]
