"""Waits for music to appear in folders: `scan --watch`."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from tagger.errors import PathError, reason
from tagger.tags.formats import is_music

if TYPE_CHECKING:
    from watchfiles import Change

QUIET = 10.0
"""Seconds without a change before a change is told: until then a file may still be being copied."""
_TICK = 500  # milliseconds


def changes(paths: Sequence[Path], stop: Event, quiet: float = QUIET) -> Iterator[None]:
    """Tell, once it is quiet again, that music was added or changed below paths, until stopped.

    The first time it is told without a change, for what happened before this began to watch.

    Args:
        paths: files and folders.
        stop: ends the iteration.
        quiet: seconds in which nothing has changed.

    Raises:
        PathError: the folders cannot be watched.
    """
    import watchfiles

    pending, last = True, time.monotonic()
    try:
        for found in watchfiles.watch(
            *paths,
            watch_filter=_concerns_music,
            stop_event=stop,
            rust_timeout=_TICK,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            now = time.monotonic()
            if found:
                pending, last = True, now
            elif pending and now - last >= quiet:
                pending = False
                yield
    except (OSError, RuntimeError) as error:
        # On Linux the usual reason is the limit fs.inotify.max_user_watches.
        raise PathError(f"The folders cannot be watched ({reason(error)}).") from None


def _concerns_music(change: "Change", path: str) -> bool:
    """Tell whether a change may have brought music; that of a folder, an album that was moved."""
    return change.name != "deleted" and (is_music(path) or Path(path).is_dir())
