"""A lock in the state folder: only one run at a time changes anything.

The system releases it when its holder dies. It is taken by runs that write genres or take them
back, by `scan --new`, after which files are no longer new, and by commands that shrink the cache.
Other scans need none.
"""

import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tagger.errors import LockedError, StateError, reason
from tagger.paths import make_folder

LOCK_FILE = "writing.lock"
HOLDER_FILE = "writing.pid"
_LONGEST = 120  # characters of a command


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the lock of a state folder.

    Raises:
        LockedError: another run holds it.
        StateError: the folder cannot be used.
    """
    from filelock import FileLock, Timeout

    make_folder(folder)
    holder = folder / HOLDER_FILE
    try:
        lock = FileLock(folder / LOCK_FILE)
        lock.acquire(timeout=0)
        holder.write_text(_this_run(), "utf-8")
    except Timeout:
        who = ""
        with suppress(OSError):
            if said := holder.read_text("utf-8", "replace"):  # it is empty for a moment
                who = f" ({said})"
        raise LockedError(f"Another genretag is running{who}; wait until it has ended.") from None
    except OSError as error:
        raise StateError(f"The folder {folder} cannot be used ({reason(error)}).") from None
    try:
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _this_run() -> str:
    command = "".join(c if c.isprintable() else "�" for c in shlex.join(sys.argv[1:]))
    if len(command) > _LONGEST:
        command = command[:_LONGEST] + "…"
    return f"process {os.getpid()}, {command!r}, since {time.strftime('%Y-%m-%d %H:%M:%S')}"
