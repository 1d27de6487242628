"""Batches of files that go out to a cluster, and come back as predictions in their order.

Nothing here knows of Dask, or of any other kind of cluster.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Protocol

from tagger.cluster.paths import PathMap
from tagger.identity import MusicFile, identity_of
from tagger.tracks import PredictedTrack, Prediction, Source, Track

FILES = 16  # at most, in a batch
LONG_FILES = 2  # the same where more of each is analysed than
LONG = 60.0  # seconds
BATCHES = 4  # that each slot gets of what is left, so that all finish at about the same time
AHEAD = 2  # batches on their way for each slot: one that is analysed, and the next
FINISHED_AHEAD = 32  # batches for each slot that may be finished while one before them is not


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file as a worker is told of it.

    Attributes:
        path: on the worker.
        size: in bytes, as the coordinator sees it; None: it cannot be asked.
    """

    path: str
    size: int | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a worker found in a file; see `PredictedTrack` and `Track`."""

    prediction: Prediction
    source: Source = Source.ANALYSIS
    fingerprint: bytes | None = None
    existing: tuple[str, ...] = ()
    tag_error: str = ""


class Cluster(Protocol):
    """Workers that analyse batches of files."""

    @property
    def slots(self) -> int:
        """How many batches the workers can analyse at a time; it changes as they come and go."""

    def submit(self, files: Sequence[RemoteFile]) -> str:
        """Begin a batch; returns what names it."""

    def finished(self) -> tuple[str, list[Answer]] | None:
        """Wait a moment for a batch; gives its name and answers.

        Returns:
            None if no batch has finished in that moment.

        Raises:
            ClusterError: the cluster is gone, or a worker cannot take part.
        """


def batch_files(seconds: float | None, files: int, slots: int) -> int:
    """Return how many files the next batch should have.

    Batches get smaller towards the end: with large ones, some slots would have nothing to do while
    others have a whole one to go.

    Args:
        seconds: analysed of each track; None: all of it.
        files: that are left to be analysed.
        slots: see `Cluster`.
    """
    most = FILES if seconds is not None and seconds <= LONG else LONG_FILES
    return max(1, min(most, files // (BATCHES * max(1, slots))))


def analysed(
    entries: Iterable[MusicFile | PredictedTrack],
    cluster: Cluster,
    paths: PathMap,
    *,
    files: int,
    seconds: float | None,
    stop: Event,
) -> Iterator[PredictedTrack]:
    """Have files analysed by a cluster; gives tracks in the order of the files.

    Only a limited number of batches is under way.

    Args:
        entries: files, and tracks with a cached prediction, which take their place among the rest.
        cluster: has the workers.
        paths: of the files on the workers.
        files: to be analysed among the entries.
        seconds: analysed of each track; None: all of it.
        stop: once it is set, nothing else is waited for.

    Raises:
        ClusterError: see `Cluster.finished`.
    """

    def size_of(left: int) -> int:
        return batch_files(seconds, left, cluster.slots)

    window = _Window(_batches(entries, files, size_of), cluster, paths)
    while not stop.is_set():
        window.fill()
        if not window.waiting:
            return
        if window.waiting[0].under_way:
            window.receive()
        else:
            yield from window.waiting.popleft().tracks()


class _Batch:
    """Some entries in their order, and what a worker found in the files among them."""

    def __init__(self, entries: list[MusicFile | PredictedTrack]) -> None:
        self.entries = entries
        self.files = [entry for entry in entries if isinstance(entry, MusicFile)]
        self.answers: list[Answer] = []

    @property
    def under_way(self) -> bool:
        """Tell whether there are files without answer."""
        return len(self.answers) < len(self.files)

    def tracks(self) -> Iterator[PredictedTrack]:
        """Yield the tracks of a batch that is not under way any more."""
        answers = iter(self.answers)
        for entry in self.entries:
            yield _track(entry, next(answers)) if isinstance(entry, MusicFile) else entry


def _batches(
    entries: Iterable[MusicFile | PredictedTrack], left: int, size_of: Callable[[int], int]
) -> Iterator[_Batch]:
    """Divide into batches; what is cached goes along, but no more than `FILES` with each.

    Args:
        entries: files, and tracks with a cached prediction.
        left: files among them.
        size_of: returns how many files the next batch should have, by how many are left.
    """
    batch: list[MusicFile | PredictedTrack] = []
    files = size = 0
    for entry in entries:
        size = size or size_of(left)
        batch.append(entry)
        files += isinstance(entry, MusicFile)
        if files == size or len(batch) >= size + FILES:
            yield _Batch(batch)
            left -= files
            batch, files, size = [], 0, 0
    if batch:
        yield _Batch(batch)


def _track(file: MusicFile, answer: Answer) -> PredictedTrack:
    """Return what a worker found in a file, with what this machine knows of it.

    The stat key of this machine counts, since workers have other device numbers. Of a file that
    changed since the walk it is not known which state the worker analysed.
    """
    track = Track(
        path=file.path,
        identity=file.identity,
        fingerprint=answer.fingerprint,
        existing=answer.existing,
        tag_error=answer.tag_error,
    )
    if answer.fingerprint is not None and identity_of(file.path) != file.identity:
        track = replace(track, fingerprint=None)
    return PredictedTrack(track=track, prediction=answer.prediction, source=answer.source)


class _Window:
    """The batches under way.

    Attributes:
        waiting: in the order of the files, from the first that has not been yielded.
    """

    def __init__(self, batches: Iterator[_Batch], cluster: Cluster, paths: PathMap) -> None:
        self.waiting: deque[_Batch] = deque()
        self._batches = batches
        self._cluster = cluster
        self._paths = paths
        self._begun: dict[str, _Batch] = {}

    def fill(self) -> None:
        """Begin as many batches as may be under way."""
        slots = max(1, self._cluster.slots)
        while len(self._begun) < AHEAD * slots and len(self.waiting) < FINISHED_AHEAD * slots:
            batch = next(self._batches, None)
            if batch is None:
                return
            self.waiting.append(batch)
            if batch.files:
                self._begun[self._cluster.submit(list(map(self._remote, batch.files)))] = batch

    def receive(self) -> None:
        """Wait a moment for a batch, and take its answers."""
        if found := self._cluster.finished():
            name, answers = found
            self._begun.pop(name).answers = answers

    def _remote(self, file: MusicFile) -> RemoteFile:
        return RemoteFile(
            path=self._paths.on_workers(file.path.absolute()),
            size=file.identity.size if file.identity else None,
        )
