"""The cache as one scan uses it: lookup before the analysis, storing after it.

`ResultCache` knows what the predictions of the scan depend on, and survives a cache that fails on
the way. `NullCache` takes its place where there is no cache.
"""

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from tagger.errors import StateError
from tagger.identity import MusicFile
from tagger.state.cache import Cache, CacheKey, CacheLocation
from tagger.tracks import PredictedTrack, Source

P = ParamSpec("P")
T = TypeVar("T")


class NullCache:
    """Knows nothing and keeps nothing.

    Attributes:
        location: where predictions can be looked up by fingerprint; None: nowhere.
    """

    location: CacheLocation | None = None

    def lookup(self, files: Sequence[MusicFile]) -> list[PredictedTrack | None]:
        """Return what is cached for each file by its stat key."""
        return [None] * len(files)

    def store_prediction(self, predicted: PredictedTrack) -> None:
        """Keep the prediction for a recording."""

    def store_file(self, predicted: PredictedTrack) -> None:
        """Keep the stat key of a file that this scan is done with."""

    def flush(self) -> None:
        """Write what is pending."""


class ResultCache(NullCache):
    """The cache with the key of this scan.

    When the cache fails on the way, that is told once and the scan goes on without it, unless
    `required`: `scan --new` cannot tell new files from others then.
    """

    def __init__(
        self, cache: Cache, key: CacheKey, *, required: bool, tell: Callable[[str], None]
    ) -> None:
        """Use an open cache.

        Args:
            cache: the database.
            key: of this scan.
            required: whether a lookup that fails ends the scan.
            tell: shows a sentence to the user.
        """
        self._cache: Cache | None = cache
        self.location = CacheLocation(file=cache.file, key=key)
        self._key = key
        self._required = required
        self._tell = tell

    def lookup(self, files: Sequence[MusicFile]) -> list[PredictedTrack | None]:
        """Return what is cached for each file by its stat key.

        Raises:
            StateError: the cache cannot be used, and is required.
        """
        found = self._try(Cache.find, files, self._key)
        if found is None:
            if self._required:
                raise StateError("Without the cache, new files cannot be told from others.")
            return super().lookup(files)
        return found

    def store_prediction(self, predicted: PredictedTrack) -> None:
        """Keep the prediction for a recording, if this scan made it."""
        fingerprint = predicted.track.fingerprint
        if predicted.source is Source.ANALYSIS and fingerprint is not None:
            self._try(Cache.store_prediction, fingerprint, self._key, predicted.prediction)

    def store_file(self, predicted: PredictedTrack) -> None:
        """Keep the stat key of a file that this scan is done with, if it can be trusted."""
        identity = predicted.track.identity
        if predicted.source is not Source.STAT_KEY and identity is not None and identity.settled:
            self._try(Cache.store_file, predicted.track)

    def flush(self) -> None:
        """Write what is pending."""
        self._try(Cache.flush)

    def _try(
        self, work: Callable[Concatenate[Cache, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Use the cache; when it fails, say so and use it no more."""
        if self._cache is None:
            return None
        try:
            return work(self._cache, *args, **kwargs)
        except StateError as error:
            self._cache = None
            self._tell(str(error))
            return None
