"""Ctrl-C that lets what is under way be finished, or says what was kept."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from tagger.errors import StoppedError


@contextmanager
def told_to_stop() -> Iterator[Event]:
    """Turn Ctrl-C into a flag: what is being written is finished; a second one stops at once."""
    stop = Event()

    def handle(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


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
