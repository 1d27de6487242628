"""Between the walk and listening: what is known already is not listened to again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from tagger.errors import StateError
from tagger.identity import Identity
from tagger.runtime.iteration import blocks
from tagger.state.cache import Cache, Recall
from tagger.tracks import Heard, Judged, Opinion, Status

P = ParamSpec("P")
T = TypeVar("T")

_BLOCK = 128  # files looked up together


@dataclass(frozen=True)
class Survey:
    """What a look at all files gave, before anything is listened to."""

    files: int = 0
    known: int = 0
    unsettled: int = 0  # not known, and changed a moment ago


class Forgetful:
    """Stands for the memory where there is none."""

    recall: Recall | None = None

    def survey(self, files: Iterable[Path]) -> Survey:
        """Count the files."""
        return Survey(sum(1 for _ in files))

    def split(self, files: Iterable[Path]) -> Iterator[Path | Heard]:
        """Yield the files as they are."""
        yield from files

    def keep(self, tracks: Iterable[Judged]) -> Iterator[Judged]:
        """Yield the tracks as they are."""
        yield from tracks

    def skips(self, track: Heard) -> bool:
        """Leave nothing out."""
        return False

    def done(self, track: Heard) -> None:
        """Forget a track."""

    def close(self) -> None:
        """Have nothing to write."""


class Memory(Forgetful):
    """What one listener remembers, and learns, in the course of a scan.

    With `only_new`, files that are known are left out, and so are those that change while they are
    looked at: the next run will find them. A cache that fails on the way is told of once, and the
    scan goes on without it; but what is new cannot be known without.
    """

    def __init__(
        self, cache: Cache, listener: int, *, only_new: bool, tell: Callable[[str], None]
    ) -> None:
        self._cache: Cache | None = cache
        self._listener = listener
        self._only_new = only_new
        self._tell = tell
        self.recall = Recall(cache.file, listener)

    def survey(self, files: Iterable[Path]) -> Survey:
        """Count the files, those that are known, and those that may still be changing."""
        count = known = unsettled = 0
        for _, identity, heard in self._looked_up(files):
            count += 1
            known += heard is not None
            unsettled += heard is None and identity is not None and not identity.settled
        return Survey(count, known, unsettled)

    def split(self, files: Iterable[Path]) -> Iterator[Path | Heard]:
        """Yield what is known of each file, or else the file."""
        for path, identity, heard in self._looked_up(files):
            if not self._only_new:
                yield heard or path
            elif heard is None and (identity is None or identity.settled):
                yield path

    def keep(self, tracks: Iterable[Judged]) -> Iterator[Judged]:
        """Note the opinions of tracks on their way."""
        for track in tracks:
            heard = track.heard
            if heard.audio is not None and not heard.by_looks and not heard.remembered:
                error = "" if heard.status is Status.OK else heard.error
                opinion = Opinion(heard.status, error, heard.seconds, track.probabilities)
                self._try(self._learn_opinion, heard.audio, opinion)
            yield track

    def skips(self, track: Heard) -> bool:
        """Tell whether a file has changed since it was opened and is left for the next run."""
        if not self._only_new or track.identity is None:
            return False
        return not track.identity.settled or identity_of(track.path) != track.identity

    def done(self, track: Heard) -> None:
        """Note that all is done about a file as it is now."""
        if track.by_looks or track.audio is None or track.identity is None:
            return
        if track.identity.settled:
            self._try(self._learn_file, track, track.identity, track.audio)

    def close(self) -> None:
        """Write what was learnt."""
        self._try(Cache.flush)

    def _looked_up(
        self, files: Iterable[Path]
    ) -> Iterator[tuple[Path, Identity | None, Heard | None]]:
        for block in blocks(files, _BLOCK):
            looks = [(path, identity_of(path)) for path in block]
            found = self._try(Cache.find, looks, self._listener)
            if found is None:
                if self._only_new:
                    raise StateError("What is new cannot be known without the cache.")
                found = [None] * len(block)
            for (path, identity), heard in zip(looks, found, strict=True):
                yield path, identity, heard

    def _learn_opinion(self, cache: Cache, audio: bytes, opinion: Opinion) -> None:
        cache.learn_opinion(audio, self._listener, opinion)

    def _learn_file(self, cache: Cache, track: Heard, identity: Identity, audio: bytes) -> None:
        error = track.error if track.status is Status.OK else ""  # of its tags
        cache.learn_file(track.path, identity, audio, track.existing, error)

    def _try(
        self, work: Callable[Concatenate[Cache, P], T], *args: P.args, **kw: P.kwargs
    ) -> T | None:
        """Use the cache; when it fails, say so and use it no more."""
        if self._cache is None:
            return None
        try:
            return work(self._cache, *args, **kw)
        except StateError as error:
            self._cache = None
            self._tell(str(error))
            return None


def identity_of(path: Path) -> Identity | None:
    """Look at a file; opening it will say why it cannot be looked at."""
    try:
        return Identity.of(path)
    except OSError:
        return None
