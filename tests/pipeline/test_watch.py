"""Waiting for new music."""

import time
from collections.abc import Iterator
from threading import Event, Thread
from typing import NoReturn

import pytest
from conftest import wait_until

from tagger.errors import PathError
from tagger.pipeline import watch
from tagger.pipeline.watch import changes

watchfiles = pytest.importorskip("watchfiles")
CHANGE = {(watchfiles.Change.modified, "a.mp3")}


def test_a_change_is_told_once_the_file_has_stopped_growing(tmp_path, monkeypatch):
    now = 0.0

    def watched(*_: object, **__: object) -> Iterator[set[object]]:
        nonlocal now
        for second in range(1, 61):
            now = second
            # A file that is copied for 20 seconds, with a break that is shorter than the wait.
            yield CHANGE if 20 <= second <= 40 and not 25 <= second <= 30 else set()

    monkeypatch.setattr(watchfiles, "watch", watched)
    monkeypatch.setattr(watch.time, "monotonic", lambda: now)
    assert [now for _ in changes([tmp_path], Event(), 10)] == [10, 50]  # first what was before


@pytest.mark.parametrize(
    ("change", "name", "told"),
    [
        ("added", "song.mp3", True),
        ("modified", "song.FLAC", True),
        ("deleted", "song.mp3", False),
        ("added", "cover.jpg", False),
        ("added", "folder", True),
        ("deleted", "folder", False),
    ],
)
def test_music_and_folders_that_appear_count(tmp_path, change, name, told):
    (tmp_path / "folder").mkdir()
    kind = getattr(watchfiles.Change, change)
    assert watch._concerns_music(kind, str(tmp_path / name)) is told


def test_an_album_that_is_moved_into_a_folder_is_told_until_stopped(tmp_path):
    (tmp_path / "album").mkdir()
    library = tmp_path / "library"
    library.mkdir()
    stop, told = Event(), []

    def listen() -> None:
        told.extend(time.monotonic() for _ in changes([library], stop, 0.1))

    thread = Thread(target=listen)
    thread.start()
    try:
        wait_until(lambda: told)
        (tmp_path / "album").rename(library / "album")
        wait_until(lambda: len(told) > 1)
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_a_limit_of_the_system_is_an_error_with_a_sentence(tmp_path, monkeypatch):
    def limited(*_: object, **__: object) -> NoReturn:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(watchfiles, "watch", limited)
    with pytest.raises(PathError, match=r"cannot be watched \(os file watch limit reached"):
        next(changes([tmp_path], Event()))
