"""Iterators in blocks, and until told to stop."""

from collections.abc import Iterable, Iterator
from itertools import islice
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def blocks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Divide into lists of `size` items; the last one may be shorter."""
    iterator = iter(items)
    while block := list(islice(iterator, size)):
        yield block


def until(stop: Event, items: Iterable[T]) -> Iterator[T]:
    """Yield items until told to stop."""
    for item in items:
        yield item
        if stop.is_set():
            return
