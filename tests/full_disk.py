"""A disk that is full, as far as a test can have one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def room(size: int | None) -> Iterator[None]:
    """Let the system refuse what makes a file longer, in the middle of writing it."""
    if size is None:
        yield
        return
    resource = pytest.importorskip("resource")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
