"""Many records in little memory."""

import pickle
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

from tagger.runtime.iteration import blocks

T = TypeVar("T")

_BLOCK = 128  # items that are packed together


class Packed(Sequence[T]):
    """A sequence that keeps its items pickled and compressed, in blocks.

    A record with a path and some texts takes one to three kilobytes as Python objects, and a
    twentieth of that here. To go through all of them unpacks each once; to ask for one unpacks its
    block. Items have to be such that pickle can take them, and should not change.
    """

    def __init__(self, items: Iterable[T]) -> None:
        """Take items from an iterable, which may be larger than memory."""
        self._length = 0
        self._blocks: list[bytes] = []
        for block in blocks(items, _BLOCK):
            self._length += len(block)
            self._blocks.append(zlib.compress(pickle.dumps(block, protocol=5), 1))

    @property
    def memory(self) -> int:
        """The bytes that the sequence takes."""
        return sum(map(len, self._blocks))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        for packed in self._blocks:
            yield from _unpacked(packed)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self._length))]
        at = range(self._length)[place]
        return _unpacked(self._blocks[at // _BLOCK])[at % _BLOCK]  # type: ignore[no-any-return]


def _unpacked(packed: bytes) -> list[Any]:
    return pickle.loads(zlib.decompress(packed))  # type: ignore[no-any-return]
