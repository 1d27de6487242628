"""Signals that end a run in order: what is being written is finished, the rest is not begun."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event
from types import FrameType

from tagger.errors import ExitCode, StoppedError

_EXIT_CODES = {
    getattr(signal, name): code
    for name, code in (
        ("SIGINT", ExitCode.INTERRUPTED),
        ("SIGTERM", ExitCode.TERMINATED),
        ("SIGHUP", ExitCode.HUNG_UP),  # the terminal was closed; Windows has no such signal
    )
    if hasattr(signal, name)
}
STOP_SIGNALS = tuple(_EXIT_CODES)


class Stop(Event):
    """Tells a run to stop.

    Attributes:
        exit_code: what the run is to end with once this is set.
        why: what has ended the run, to begin a sentence with.
    """

    exit_code = ExitCode.INTERRUPTED
    why = "Interrupted"

    def because_time_is_up(self) -> None:
        """Stop, as the user wished beforehand."""
        self.exit_code, self.why = ExitCode.DONE, "Time is up"
        self.set()


@contextmanager
def told_to_stop() -> Iterator[Stop]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into a flag; a second signal raises at once.

    A signal that was ignored when the program started, as by `nohup`, stays ignored.

    Raises:
        KeyboardInterrupt: a second signal came.
    """
    stop = Stop()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.exit_code = _EXIT_CODES[signal.Signals(number)]
        stop.set()
        if number == signal.SIGINT:
            _answer()

    before = {number: signal.getsignal(number) for number in _EXIT_CODES}
    handled = [number for number in before if before[number] is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number in handled:
            signal.signal(number, before[number])


def _answer() -> None:
    """Say on a terminal that Ctrl-C was understood: what is under way may take a while.

    Not by `print`, which the signal may have come in the middle of.
    """
    with suppress(OSError):
        if os.isatty(_STDERR):
            dumb = os.environ.get("TERM") == "dumb"  # nor does it show a bar
            os.write(_STDERR, _ANSWER + (b"" if dumb else _CLEAR_REST) + b"\n")


_STDERR = 2
_ANSWER = b"\rStopping after what is under way; press Ctrl-C again to stop at once."
_CLEAR_REST = b"\x1b[K"  # of the line, on which a progress bar may stand


def ignore_stop_signals() -> None:
    """Leave it to the parent process to end this one.

    A terminal sends Ctrl-C and its end to all processes of a command, and so does systemd.
    """
    for number in _EXIT_CODES:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def stop_signals_ignored() -> Iterator[None]:
    """Ignore the stop signals for a moment; they are lost."""
    before = {number: signal.getsignal(number) for number in _EXIT_CODES}
    ignore_stop_signals()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind the program with their exit code, as Ctrl-C does."""

    def handle(number: int, _: FrameType | None) -> None:
        raise SystemExit(_EXIT_CODES[signal.Signals(number)])

    for number in _EXIT_CODES:
        if number != signal.SIGINT and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, handle)


@contextmanager
def said_when_stopped(sentence: Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C into an error with a sentence, made at that moment.

    Raises:
        StoppedError: it was pressed.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise StoppedError(sentence()) from None
