"""The files of one scan: found once, counted, and kept in little memory until their turn."""

import os
import pickle
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from tagger.identity import Identity, MusicFile
from tagger.runtime.iteration import blocks
from tagger.state.result_cache import NullCache
from tagger.tracks import PredictedTrack

_BLOCK = 128  # files that are looked up, and packed, together


class WorkList:
    """What the walk found, as far as this scan is concerned with it.

    The number of files, and whether any of them needs the model, have to be known before the first
    is analysed. A path and a stat key take some 300 bytes as Python objects; blocks of them are
    therefore kept pickled and compressed, in a tenth of that.

    Attributes:
        files: how many files were found.
        known: how many of them have a cached prediction.
        unsettled: how many have none and changed a moment ago.
        to_analyse: how many have to be opened.
    """

    def __init__(self, files: Iterable[MusicFile], cache: NullCache, *, only_new: bool) -> None:
        """Find all files, and look each up in the cache.

        Args:
            files: the walk.
            cache: of predictions.
            only_new: leave out the files that are known, and those that changed a moment ago and
                may still be being copied.

        Raises:
            PathError: a path does not exist.
            StateError: with `only_new`, the cache cannot be used.
        """
        self.files = self.known = self.unsettled = self.to_analyse = 0
        self._packed: list[bytes] = []
        for block in blocks(files, _BLOCK):
            kept: list[tuple[MusicFile, bool]] = []
            for file, cached in zip(block, cache.lookup(block), strict=True):
                known = cached is not None
                unsettled = not known and file.identity is not None and not file.identity.settled
                self.files += 1
                self.known += known
                self.unsettled += unsettled
                if not (only_new and (known or unsettled)):
                    self.to_analyse += not known
                    kept.append((file, known))
            if kept:
                self._packed.append(_pack(kept))

    @property
    def memory(self) -> int:
        """The bytes that the list takes."""
        return sum(map(len, self._packed))

    def entries(self, cache: NullCache) -> Iterator[MusicFile | PredictedTrack]:
        """Yield each file in order, with its cached prediction where there is one.

        Every block is dropped as it is passed on, so the list can be gone through once.
        """
        self._packed.reverse()
        while self._packed:
            files = _unpack(self._packed.pop())
            found = iter(cache.lookup([file for file, known in files if known]))
            for file, known in files:
                yield (next(found) or file) if known else file


def _pack(files: list[tuple[MusicFile, bool]]) -> bytes:
    rows = [
        (os.fspath(file.path), file.identity and _numbers(file.identity), known)
        for file, known in files
    ]
    return zlib.compress(pickle.dumps(rows), 1)


def _numbers(identity: Identity) -> tuple[int, ...]:
    return (
        identity.device,
        identity.inode,
        identity.size,
        identity.mtime_ns,
        identity.ctime_ns,
    )


def _unpack(packed: bytes) -> list[tuple[MusicFile, bool]]:
    return [
        (MusicFile(path=Path(path), identity=numbers and _identity(*numbers)), known)
        for path, numbers, known in pickle.loads(zlib.decompress(packed))
    ]


def _identity(device: int, inode: int, size: int, mtime_ns: int, ctime_ns: int) -> Identity:
    return Identity(device=device, inode=inode, size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns)
