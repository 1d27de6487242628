"""What a file holds besides its genre, read from the bytes themselves: no write may lose any of it.

mutagen cannot be asked alone. It joins two comments of one language, drops bytes that are no text
and rebuilds an ID3v1 tag; what was lost when a file was opened is lost on both sides of a
comparison. So the audio and the other items are compared as they stand in the file.
"""

import hashlib
import mmap
import os
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

from tagger.errors import TagError
from tagger.tags.containers.base import AUDIO, Data, Parts
from tagger.tags.containers.id3 import ID3V1_SIZE
from tagger.tags.containers.parts import parts

_PIECE = 1 << 16  # bytes: a copy of them stays in the processor's cache
_SPREAD = 16  # pieces of
_SPREAD_SIZE = 1 << 15  # bytes make a fingerprint


@dataclass(frozen=True)
class Content:
    """A file without its genre: a fingerprint of the audio, and the items of its tags.

    The fingerprint is a SHA-256 digest of the size of the audio and of pieces spread over it: it
    knows a recording again in a fraction of the time that reading all of it takes. Whether two
    files are equal to the last byte is for `same_audio` to say.
    """

    fingerprint: bytes
    items: Counter[tuple[bytes, bytes]]


def look(path: Path) -> Content:
    """Read what a file holds.

    Raises:
        TagError: the file is damaged, or cannot be read.
    """
    audio: list[Data | bytes] = []
    items: Counter[tuple[bytes, bytes]] = Counter()
    with _understood():
        for name, part in _parts(path):
            if name == AUDIO:
                audio.append(part)
            else:
                items[name, bytes(part)] += 1
        return Content(_fingerprint(audio), items)


def fingerprint(path: Path) -> bytes:
    """Return the fingerprint of the audio of a regular file, see `fingerprint_of`.

    Raises:
        OSError: the file cannot be read.
    """
    if not path.is_file():  # a pipe would have to be waited for
        raise OSError("is not a regular file")
    with path.open("rb") as stream:
        return fingerprint_of(stream)


def fingerprint_of(stream: BinaryIO) -> bytes:
    """Return the fingerprint of the audio of an open file, decodable or not.

    It is that of `look`. Of a file whose container is not understood, all bytes are the audio.

    Raises:
        OSError: the file cannot be read.
    """
    if os.fstat(stream.fileno()).st_size == 0:
        return _fingerprint([])
    data = _mapped(stream)
    try:
        audio = [part for name, part in parts(data) if name == AUDIO]
    except Exception:  # damaged files may have any form
        audio = []
    return _fingerprint(audio if any(map(len, audio)) else [data])


def same_audio(one: Path, other: Path) -> bool:
    """Tell whether two files hold the same audio, byte by byte.

    Raises:
        TagError: a file is damaged, or cannot be read.
    """
    with _understood():
        pairs = zip_longest(_audio(one), _audio(other), fillvalue=b"")
        if all(bytes(mine) == bytes(theirs) for mine, theirs in pairs):
            return True
        # Before its audio an Ogg stream may be divided into pages in another way.
        return b"".join(map(bytes, _audio(one))) == b"".join(map(bytes, _audio(other)))


def items_of(path: Path) -> Counter[tuple[bytes, bytes]]:
    """Return the items of the tags alone.

    Raises:
        TagError: the file is damaged, or cannot be read.
    """
    with _understood():
        return Counter((name, bytes(part)) for name, part in _parts(path) if name != AUDIO)


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, struct.error, IndexError) as error:
        raise TagError(f"is built in a way that is not understood here ({error})") from None


def _data(path: Path) -> Data:
    with path.open("rb") as file:
        return _mapped(file)


def _mapped(file: BinaryIO) -> Data:
    # Never closed by hand: it goes when the last slice of it does.
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _parts(path: Path) -> Parts:
    return parts(_data(path))


def _audio(path: Path) -> Iterator[Data | bytes]:
    """Yield the audio in pieces that are quick to copy."""
    for name, part in _parts(path):
        if name == AUDIO:
            for start in range(0, max(len(part), 1), _PIECE):
                yield part[start : start + _PIECE]


def _fingerprint(audio: Iterable[Data | bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in audio:
        for piece in _spread(part):
            digest.update(piece)
    return digest.digest()


def _spread(part: Data | bytes) -> Iterator[Data | bytes]:
    yield len(part).to_bytes(8)
    if len(part) <= _SPREAD * _SPREAD_SIZE:
        yield part
        return
    for number in range(_SPREAD):
        start = (len(part) - _SPREAD_SIZE) * number // (_SPREAD - 1)
        yield part[start : start + _SPREAD_SIZE]


def id3v1(path: Path) -> bytes:
    """Return the ID3v1 tag at the end of a file, empty if there is none."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - ID3V1_SIZE))
        tail = file.read()
    return tail if len(tail) == ID3V1_SIZE and tail.startswith(b"TAG") else b""
