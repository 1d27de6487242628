"""The file that a scan waits for is named when it takes long, and Ctrl-C is answered at once."""

import os
import signal
from pathlib import Path

import pytest
from conftest import captured
from rich.console import Console

from tagger.identity import MusicFile
from tagger.output.console import progress_bar
from tagger.pipeline import under_way
from tagger.runtime.interrupt import told_to_stop


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [100.0]
    monkeypatch.setattr(under_way.time, "monotonic", lambda: now[0])
    return now


def test_the_file_that_takes_long_is_the_first_that_is_not_done(clock):
    files = [MusicFile(path=Path(f"{name}.mp3"), identity=None) for name in "abc"]
    scan = under_way.UnderWay()
    ahead = list(scan.begun(files))
    asked = []

    def extracted():
        for file in ahead:
            asked.append(scan.slow())
            clock[0] += under_way.SLOW + 1
            asked.append(scan.slow())
            yield file

    for _ in scan.done(extracted()):
        clock[0] += 100  # the model computes: no file is to blame
        assert scan.slow() is None
    assert asked == [None, Path("a.mp3"), None, Path("b.mp3"), None, Path("c.mp3")]
    assert scan.slow() is None


def test_a_bar_names_the_file_that_takes_long():
    bar = progress_bar(shown=True, waiting_for=lambda: Path("m") / ("long " * 20 + "\x1b.mp3"))
    bar.add_task("", total=2, rate="")
    console = Console(width=300)
    with console.capture() as shown:
        console.print(bar.get_renderable())
    assert "waiting for long long" in shown.get()
    assert "\x1b" not in shown.get()


def test_a_bar_leaves_room_for_the_ctrl_c_that_a_terminal_shows_behind_it():
    bar = progress_bar(shown=True, waiting_for=lambda: Path("a long name of a file.mp3"))
    bar.add_task("", total=1000, completed=100, rate="123.4 tracks/s, 12 workers")
    for width in (40, 80, 120):
        bar.console.width = width
        with bar.console.capture() as shown:
            bar.console.print(bar.get_renderable())
        assert max(map(len, shown.get().splitlines())) <= width - len("^C")


def test_the_first_ctrl_c_is_answered_at_once_on_a_terminal_only(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for terminal in (True, False):
        monkeypatch.setattr(os, "isatty", lambda _, terminal=terminal: terminal)
        with captured(2) as err, told_to_stop() as stop:
            signal.raise_signal(signal.SIGINT)
            assert stop.is_set()
        assert ("press Ctrl-C again" in err[0]) is terminal
        # A progress bar on the same line may be longer.
        assert ("at once.\x1b[K\n" in err[0]) is terminal
