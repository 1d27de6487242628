"""Which files of the cache are gone, and which are only out of reach for now.

What is left of a disk or share that is not mounted is a folder of another device, or no folder.
A share may have another device number each time it is mounted; its files that are there tell.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tagger.state.rows import sqlite_integer


@dataclass(frozen=True)
class Presence:
    """What became of paths.

    Attributes:
        gone: at which there is nothing any more, though their disk is there; and what is no path.
        inodes: of the files that are there, with their paths.
    """

    gone: list[Any] = field(default_factory=list)
    inodes: list[tuple[bytes, int]] = field(default_factory=list)


def presence(rows: Iterable[tuple[Any, Any]]) -> Presence:
    """Look for files.

    Args:
        rows: path and device number of each when it was seen last.
    """
    found = Presence()
    missing: list[tuple[bytes, Any]] = []
    numbers: dict[Any, set[int]] = defaultdict(set)  # of devices today, by those of the rows
    for path, device in rows:
        if not isinstance(path, bytes):
            found.gone.append(path)
            continue
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                status = os.stat(path)  # noqa: PTH116 - a path of bytes
            found.inodes.append((path, sqlite_integer(status.st_ino)))
            numbers[device].add(sqlite_integer(status.st_dev))
        except (FileNotFoundError, NotADirectoryError):
            missing.append((path, device))
        except ValueError:  # a NUL in it
            found.gone.append(path)
        except OSError:
            pass  # the disk or network fails
    devices: dict[bytes, int | None] = {}
    for path, device in missing:
        here = _device_above(_above(path), devices)
        if here is not None and (here == device or here in numbers[device]):
            found.gone.append(path)
    return found


def _device_above(folder: bytes, known: dict[bytes, int | None]) -> int | None:
    """Return the device of the lowest folder on a path that is there; None: it cannot be asked."""
    if folder not in known:
        try:
            status = os.stat(folder)  # noqa: PTH116 - a path of bytes
            known[folder] = sqlite_integer(status.st_dev)
        except (FileNotFoundError, NotADirectoryError):
            above = _above(folder)
            known[folder] = None if above == folder else _device_above(above, known)
        except OSError:
            known[folder] = None
    return known[folder]


def _above(path: bytes) -> bytes:
    return os.path.dirname(path)  # noqa: PTH120 - a path of bytes
