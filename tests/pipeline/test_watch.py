"""Waiting for new music."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import NoReturn

import pytest
from conftest import wait_until

from tagger.errors import PathError
from tagger.pipeline.watch import changes

watchfiles = pytest.importorskip("watchfiles")
QUIET = 0.5


@contextmanager
def watching(folder: Path) -> Iterator[list[float]]:
    """Watch a folder in a thread; gives the times at which changes were told."""
    stop, told = Event(), []

    def watch() -> None:
        told.extend(time.monotonic() for _ in changes([folder], stop, QUIET))

    thread = Thread(target=watch)
    thread.start()
    try:
        wait_until(lambda: len(told) == 1)  # for what happened before
        yield told
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_a_change_is_told_once_the_file_has_stopped_growing(tmp_path):
    with watching(tmp_path) as told:
        with (tmp_path / "a.mp3").open("wb", buffering=0) as file:
            for _ in range(10):
                file.write(bytes(1000))
                time.sleep(QUIET / 4)
        written = time.monotonic()
        wait_until(lambda: len(told) > 1)
        assert told[1] >= written + QUIET / 2
        assert len(told) == 2


def test_an_album_that_is_moved_in_is_told_and_what_is_no_music_is_not(tmp_path):
    album = tmp_path / "album"
    album.mkdir()
    (album / "1.mp3").touch()
    library = tmp_path / "library"
    library.mkdir()
    with watching(library) as told:
        (library / "cover.jpg").touch()
        (library / "mp3").touch()
        time.sleep(QUIET * 2)
        assert len(told) == 1
        album.rename(library / "album")
        wait_until(lambda: len(told) == 2)


def test_a_limit_of_the_system_is_an_error_with_a_sentence(tmp_path, monkeypatch):
    def watch(*_: object, **__: object) -> NoReturn:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(watchfiles, "watch", watch)
    with pytest.raises(PathError, match=r"cannot be watched \(os file watch limit reached"):
        next(changes([tmp_path], Event(), QUIET))
