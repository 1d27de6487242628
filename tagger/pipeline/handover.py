"""The parts of a long track, from the thread that receives them to the scan that takes them."""

from collections.abc import Iterator
from concurrent.futures import CancelledError
from queue import SimpleQueue
from threading import Semaphore

from tagger.tracks import Features, PredictedTrack

_AHEAD = 2  # parts that wait to be taken: a minute of music each


class Handover:
    """A queue with an end; who puts parts into it waits while some are not taken."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: SimpleQueue[Features | PredictedTrack | BaseException | None] = SimpleQueue()
        self._room = Semaphore(_AHEAD)
        self._dropped = False

    def put(self, part: Features | PredictedTrack) -> None:
        """Add a part, as soon as there is room.

        Raises:
            CancelledError: nobody will take it.
        """
        self._room.acquire()
        if self._dropped:
            raise CancelledError
        self._parts.put(part)

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more parts come, because of an error or because these are all."""
        self._parts.put(error)

    def drop(self) -> None:
        """Say that nobody will take a part any more, so that nobody waits for room."""
        self._dropped = True
        self._room.release()

    def __iter__(self) -> Iterator[Features | PredictedTrack]:
        """Take the parts.

        Raises:
            BaseException: what the parts ended with.
        """
        while (part := self._parts.get()) is not None:
            self._room.release()
            if isinstance(part, BaseException):
                raise part
            yield part
