"""One writer at a time: a lock in the state folder, which the system frees when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tagger.errors import LockedError, StateError

LOCK_FILE = "writing.lock"
HOLDER_FILE = "writing.pid"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the lock of a state folder.

    Raises:
        LockedError: another run holds it.
        StateError: the folder cannot be used.
    """
    from filelock import FileLock, Timeout

    holder = folder / HOLDER_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_FILE)
        lock.acquire(timeout=0)
        holder.write_text(str(os.getpid()))
    except Timeout:
        who = ""
        with suppress(OSError):
            who = f" (process {holder.read_text()})"
        raise LockedError(f"Another genretag{who} is writing; wait until it has ended.") from None
    except OSError as error:
        raise StateError(f"The folder {folder} cannot be used ({error.strerror}).") from None
    try:
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()
