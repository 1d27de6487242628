"""Files that bring down the process that opens them, unless it is that of the test."""

import ctypes
import multiprocessing
import os
import time
from pathlib import Path

from tagger.pipeline.worker_process import MEMORY


class _Deadly(type(Path())):
    def __fspath__(self) -> str:
        if multiprocessing.parent_process() is not None:
            self.strike()
        return str(self)

    def strike(self) -> None:
        """Do to the process that opens the file what the kind of file does."""
        raise NotImplementedError


class Bomb(_Deadly):
    """A file that brings down the process that opens it."""

    def strike(self) -> None:
        os._exit(11)


class Crashing(_Deadly):
    """A file that makes C code read where there is nothing."""

    def strike(self) -> None:
        ctypes.string_at(0)


class Hanging(_Deadly):
    """A file that keeps a decoder busy without end."""

    def strike(self) -> None:
        while True:
            pass


class Waiting(_Deadly):
    """A file on a network share that does not answer."""

    def strike(self) -> None:
        time.sleep(600)


class Greedy(_Deadly):
    """A file that needs a lot of memory."""

    def strike(self) -> None:
        bytearray(2 * MEMORY)
