import signal
from pathlib import Path

from conftest import TOY_METADATA
from joblib.externals.loky import get_reusable_executor

import tagger.pipeline.workers
from tagger.pipeline.extract import Listening
from tagger.pipeline.workers import BLOCK, BLOCKS_AHEAD, listening_to
from tagger.tracks import Heard, Status


class Bomb(type(Path())):
    """A file that brings down the process that opens it."""

    def is_dir(self, **_: object) -> bool:
        import os

        os._exit(11)


def test_a_file_that_kills_its_process_is_named_and_the_rest_is_heard(song):
    paths: list[Path] = [song(f"{number:02}.wav") for number in range(20)]
    paths[7] = Bomb(paths[7])
    how = Listening(TOY_METADATA.front_end, TOY_METADATA.grid, jobs=2)
    with listening_to(paths, how) as tracks:
        heard = list(tracks)
    assert [str(h.path) for h in heard] == [str(path) for path in paths]
    assert [h.status for h in heard].count(Status.OK) == 19
    assert (heard[7].status, heard[7].error) == (Status.UNREADABLE, "makes the decoder crash")


def test_ctrl_c_is_ignored_only_while_processes_begin(song, monkeypatch):
    changes: list[object] = []
    change = signal.signal
    monkeypatch.setattr(signal, "signal", lambda *what: (changes.append(what[1]), change(*what))[1])
    paths = [song(f"{number}.wav", seed=number) for number in range(8)]

    def begin(jobs: int) -> list[object]:
        changes.clear()
        with listening_to(
            paths, Listening(TOY_METADATA.front_end, TOY_METADATA.grid, jobs=jobs)
        ) as heard:
            assert len(list(heard)) == len(paths)
        return changes

    get_reusable_executor(reuse=True).shutdown()
    assert begin(2)[::2] == [signal.SIG_IGN]
    assert begin(2) == []
    assert begin(1) == []


def test_the_first_files_are_begun_at_once_and_never_many(monkeypatch):
    begun: list[int] = []

    def start(block, how):
        begun.extend(int(path.stem) for path in block)
        return iter([Heard(path) for path in block])

    monkeypatch.setattr(tagger.pipeline.workers, "_start", start)
    files = (Path(f"{number}.mp3") for number in range(1000))
    with listening_to(
        files, Listening(TOY_METADATA.front_end, TOY_METADATA.grid, jobs=2)
    ) as tracks:
        assert begun == list(range(2 * BLOCK))
        for number, heard in enumerate(tracks):
            assert heard.path.stem == str(number)
            assert len(begun) - number <= BLOCKS_AHEAD * 2 * BLOCK
    assert begun == list(range(1000))
