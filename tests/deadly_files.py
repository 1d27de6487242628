"""Files that bring down the process that opens them, unless it is that of the test."""

import ctypes
import multiprocessing
import os
import time
from pathlib import Path

from tagger.pipeline.worker_process import MEMORY


class Bomb(type(Path())):
    """A file that brings down the process that opens it."""

    def __fspath__(self) -> str:
        if multiprocessing.parent_process() is not None:
            os._exit(11)
        return str(self)


class Crashing(type(Path())):
    """A file that makes C code read where there is nothing."""

    def __fspath__(self) -> str:
        if multiprocessing.parent_process() is not None:
            ctypes.string_at(0)
        return str(self)


class Hanging(type(Path())):
    """A file that never comes to an end."""

    def __fspath__(self) -> str:
        if multiprocessing.parent_process() is not None:
            time.sleep(600)
        return str(self)


class Greedy(type(Path())):
    """A file that needs a lot of memory."""

    def __fspath__(self) -> str:
        if multiprocessing.parent_process() is not None:
            bytearray(2 * MEMORY)
        return str(self)
