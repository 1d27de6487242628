import multiprocessing
import os
import signal
import struct
import threading
from pathlib import Path

from conftest import TOY_METADATA
from joblib import Parallel, delayed

from tagger.identity import MusicFile
from tagger.pipeline.extract import ExtractSettings
from tagger.pipeline.workers import AHEAD, _Workers, extracting
from tagger.tracks import Features, PredictedTrack, Prediction, Status, Track

SETTINGS = ExtractSettings(front_end=TOY_METADATA.front_end, grid=TOY_METADATA.grid)


class Bomb(type(Path())):
    """A file that brings down the process that opens it."""

    def __fspath__(self) -> str:
        if multiprocessing.parent_process() is not None:
            os._exit(11)
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
    assert begin(1) == []


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
    workers = _Workers(SETTINGS, 2)
    workers.submit(*files_of([song()])).result()
    executor = workers._executor
    manager = executor._executor_manager_thread
    start_of_a_result = struct.pack("!i", 100_000) + b"part"
    os.write(executor._result_queue._writer.fileno(), start_of_a_result)
    workers.kill()
    manager.join(30)
    assert not manager.is_alive()


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
