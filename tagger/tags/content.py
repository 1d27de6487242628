"""What a file holds besides its genre, read from the bytes themselves: no write may lose any of it.

A tag library cannot be asked alone. mutagen joins two comments of one language and drops bytes that
are no text; what was lost when a file was opened is lost on both sides of a comparison. So the
audio and the other items are compared as they stand in the file.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tagger.tags.containers.base import AUDIO, Data, open_data
from tagger.tags.containers.registry import parts
from tagger.tags.genre_fields.layouts import understood

_PIECE = 1 << 16  # bytes: a copy of them stays in the processor's cache
_SPREAD = 16  # pieces of
_SPREAD_SIZE = 1 << 15  # bytes make a fingerprint


@dataclass(frozen=True)
class Content:
    """A file without its genre: a fingerprint of the audio, and the items of its tags or digests.

    The fingerprint is a SHA-256 digest of the size of the audio and of pieces spread over it: it
    knows a recording again in a fraction of the time that reading all of it takes. Whether two
    files are equal to the last byte is for `same_audio` to say.
    """

    fingerprint: bytes
    items: Counter[tuple[bytes, bytes]]


def read_content(path: Path) -> Content:
    """Read what a file holds.

    Raises:
        TagError: the file is damaged, or cannot be read.
    """
    with understood():
        return content_of(open_data(path))


def content_of(data: Data) -> Content:
    """Return what a file holds.

    Raises:
        ValueError, IndexError, struct.error: the file is damaged.
    """
    audio: list[Data | bytes] = []
    items: Counter[tuple[bytes, bytes]] = Counter()
    for name, part in parts(data):
        if name == AUDIO:
            audio.append(part)
        else:
            items[name, _short(part)] += 1
    return Content(_fingerprint(audio), items)


def _short(part: Data | bytes) -> bytes:
    """Return an item, or the SHA-256 digest of one that had better not be kept in memory."""
    if len(part) <= _PIECE:
        return bytes(part)
    digest = hashlib.sha256()
    for start in range(0, len(part), _PIECE):
        digest.update(bytes(part[start : start + _PIECE]))
    return digest.digest()


def fingerprint(path: Path) -> bytes:
    """Return the fingerprint of the audio of a regular file, see `fingerprint_of`.

    Raises:
        OSError: the file cannot be read.
    """
    return fingerprint_of(open_data(path))


def fingerprint_of(data: Data) -> bytes:
    """Return the fingerprint of the audio of a file, decodable or not.

    It is that of `look`. Of a file whose container is not understood, all bytes are the audio.

    Raises:
        OSError: the file cannot be read.
    """
    if not len(data):
        return _fingerprint([])
    try:
        audio = [part for name, part in parts(data) if name == AUDIO]
    except OSError:
        raise
    except Exception:  # damaged files may have any form
        audio = []
    try:
        return _fingerprint(audio if any(map(len, audio)) else [data])
    except ValueError as error:
        raise OSError(str(error)) from None


def same_audio(one: Path, other: Path) -> bool:
    """Tell whether two files hold the same audio, byte by byte.

    Raises:
        TagError: a file is damaged, or cannot be read.
    """
    with understood():
        mine, theirs = open_data(one), open_data(other)
        pairs = zip_longest(_audio(mine), _audio(theirs), fillvalue=b"")
        if all(bytes(a) == bytes(b) for a, b in pairs):
            return True
        # Before its audio an Ogg stream may be divided into pages in another way.
        return b"".join(map(bytes, _audio(mine))) == b"".join(map(bytes, _audio(theirs)))


def _audio(data: Data) -> Iterator[Data | bytes]:
    """Yield the audio in pieces that are quick to read."""
    for name, part in parts(data):
        if name == AUDIO:
            for start in range(0, max(len(part), 1), _PIECE):
                yield part[start : start + _PIECE]


def _fingerprint(audio: Iterable[Data | bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in audio:
        for piece in _spread(part):
            digest.update(bytes(piece))
    return digest.digest()


def _spread(part: Data | bytes) -> Iterator[Data | bytes]:
    yield len(part).to_bytes(8)
    if len(part) <= _SPREAD * _SPREAD_SIZE:
        yield part
        return
    for number in range(_SPREAD):
        start = (len(part) - _SPREAD_SIZE) * number // (_SPREAD - 1)
        yield part[start : start + _SPREAD_SIZE]
