"""What the readers of all containers share: bytes of a file, read when they are needed."""

import os
import stat
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO, overload

_BLOCK = 1 << 14  # bytes that are read at least

Read = Callable[[int, int], bytes]
"""Return the bytes from a start to a stop."""


class Data:
    """Bytes of a file or of a part of it; a slice is another part, `bytes()` reads it.

    A file is read, not mapped into memory: an I/O error, or a file that is cut while it is read,
    is then an exception and not the end of the process.
    """

    __slots__ = ("_read", "_start", "_stop")

    def __init__(self, read: Read, start: int, stop: int) -> None:
        self._read = read
        self._start = start
        self._stop = max(start, stop)

    @classmethod
    def of(cls, content: bytes) -> "Data":
        """Wrap bytes that are in memory."""
        return cls(lambda start, stop: content[start:stop], 0, len(content))

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, key: int) -> int: ...

    @overload
    def __getitem__(self, key: slice) -> "Data": ...

    def __getitem__(self, key: int | slice) -> "int | Data":
        if isinstance(key, slice):
            start, stop, _ = key.indices(len(self))
            return Data(self._read, self._start + start, self._start + stop)
        if not -len(self) <= key < len(self):
            raise IndexError("ends early")
        at = self._start + key % len(self)
        return self._read(at, at + 1)[0]

    def __bytes__(self) -> bytes:
        return self._read(self._start, self._stop) if len(self) else b""

    def __iter__(self) -> Iterator[int]:
        return iter(bytes(self))


def open_data(path: Path) -> Data:
    """Return the bytes of a file, which stays open as long as a part of it is used.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    file = open(path, "rb", buffering=0, opener=open_at_once)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("is not a regular file")
    return data_of(file)


def open_at_once(path: str, flags: int) -> int:
    """Open a file for `open`, without waiting for whoever would write into a pipe of that name."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def data_of(file: BinaryIO) -> Data:
    """Return the bytes of an open file, which are read as long as a part of them is used.

    Raises:
        OSError: it cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    kept_at, kept = 0, b""

    def pull(start: int, count: int) -> bytes:
        file.seek(start)
        pieces = []
        while count > 0 and (piece := file.read(count)):
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def read(start: int, stop: int) -> bytes:
        nonlocal kept_at, kept
        if kept_at <= start and stop <= kept_at + len(kept):
            return kept[start - kept_at : stop - kept_at]
        content = pull(start, max(_BLOCK, stop - start) if stop - start <= _BLOCK else stop - start)
        if len(content) < stop - start:
            raise ValueError("the file was cut short while it was read")
        if stop - start <= _BLOCK:
            kept_at, kept = start, content
        return content[: stop - start]

    return Data(read, 0, size)


@dataclass(frozen=True, kw_only=True)
class Splice:
    """New bytes in the place of those from `start` to `stop` of a file."""

    start: int
    stop: int
    new: bytes

    @property
    def growth(self) -> int:
        """By how many bytes the file grows."""
        return len(self.new) - (self.stop - self.start)


def segments(data: Data, splices: Sequence[Splice]) -> Iterator[Data]:
    """Yield the parts of a file as it is after the splices, in their order."""
    position = 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.stop)):
        if splice.start < position:
            raise ValueError("two changes of the tag overlap")
        yield data[position : splice.start]
        yield Data.of(splice.new)
        position = splice.stop
    yield data[position:]


def spliced(data: Data, splices: Sequence[Splice]) -> Data:
    """Return the bytes of a file as it will be after the splices, with nothing written."""
    parts = [part for part in segments(data, splices) if len(part)]
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part))

    def read(start: int, stop: int) -> bytes:
        pieces = []
        index = bisect_right(starts, start) - 1
        while start < stop:
            offset = start - starts[index]
            piece = bytes(parts[index][offset : offset + stop - start])
            pieces.append(piece)
            start += len(piece)
            index += 1
        return b"".join(pieces)

    return Data(read, 0, starts[-1])


class Purpose(Enum):
    """What a field of a tag is for; all other items of a tag are nothing that genretag changes."""

    GENRE = auto()
    SOURCE = auto()  # where the genre came from


SOURCE_KEY = "GENRE_SOURCE"
"""What every kind of tag calls the source of its genre."""


Part = tuple[bytes, Data | bytes]
"""Name and bytes of an item of a tag; audio, and what is needed to decode it, has no name."""
Parts = Iterator[Part]
AUDIO = b""


def number(data: Data | bytes, *, little: bool = False) -> int:
    """Read a number of any width, big-endian unless `little`."""
    return int.from_bytes(bytes(data), "little" if little else "big")
