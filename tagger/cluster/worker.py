"""What runs on the workers of a cluster: files in, predictions out.

A worker opens files for reading only, and keeps nothing but the model. It knows a file by the path
that it has there, which never comes back.
"""

import socket
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import current_process
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Lock

from tagger import SHIPPED_MODEL, __version__
from tagger.cluster.batches import Answer, RemoteFile
from tagger.errors import ClusterError, GenretagError, reason
from tagger.identity import MusicFile, digest_of, identity_of
from tagger.inference.model import GenreModel
from tagger.options import Device
from tagger.pipeline.extract import ExtractSettings
from tagger.pipeline.isolated import IsolatedExtractor
from tagger.pipeline.predict import predict
from tagger.pipeline.worker_process import Extracted
from tagger.state.cache import CacheLocation
from tagger.tags.formats import is_music
from tagger.tracks import Features, PredictedTrack, Prediction, Status


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """What a worker needs to know of a scan; paths are those of the worker.

    Attributes:
        version: of genretag, which has to be the same everywhere.
        model: the model file; None: that of the package.
        digest: SHA-256 of the model file, which has to be the same everywhere.
        device: to run the model on.
        batch_size: strips in one call of the model; None: what suits the device.
        seconds: of each track to analyse; None: all of it.
        timeout: seconds that one file may take.
        cache: predictions of earlier scans, where a worker can reach them.
        folders: that a worker has to see, since the files are in them.
    """

    version: str
    model: str | None
    digest: bytes
    device: Device
    batch_size: int | None
    seconds: float | None
    timeout: float
    cache: CacheLocation | None
    folders: tuple[str, ...]


def version() -> str:
    """Return the version of genretag, to be compared before anything else is sent."""
    return __version__


def prepare(settings: WorkerSettings, threads: int) -> str:
    """Check a worker and load the model, unless it is loaded; return the name of the device.

    Args:
        settings: of the scan.
        threads: of the machine that are this worker's.

    Raises:
        ClusterError: the worker cannot take part.
    """
    return _loaded_for(settings, threads).model.device_name


def release() -> None:
    """Let go of the model and the processes: workers may outlive a scan by months."""
    with _loading:
        _loaded.clear()


def analyse(files: Sequence[RemoteFile], settings: WorkerSettings, threads: int) -> list[Answer]:
    """Decode files and run the model on them; gives an answer for each, in their order.

    Several threads may do this at the same time. Each has a process beside it that decodes, so a
    file that crashes a decoder, hangs or eats memory costs no other file.

    Raises:
        ClusterError: the worker cannot take part; it may have joined since the scan began.
    """
    loaded = _loaded_for(settings, threads)
    model = loaded.model
    extract = ExtractSettings(
        front_end=model.metadata.front_end,
        grid=model.metadata.grid,
        seconds=settings.seconds,
        timeout=settings.timeout,
        fingerprints=True,
        cache=settings.cache,
    )
    with loaded.extractor(extract) as extractor:
        extracted = (_extracted(file, extractor) for file in files)
        predicted = predict(extracted, model, settings.batch_size or model.strips_at_once())
        return list(map(_answer, predicted))


def _extracted(file: RemoteFile, extractor: IsolatedExtractor) -> Extracted:
    path = Path(file.path)
    extracted = extractor.extract(MusicFile(path=path, identity=identity_of(path)))
    difference = _difference(file, extracted)
    if not difference:
        return extracted
    if isinstance(extracted, Features):
        deque(extracted.rest, maxlen=0)  # the extractor is not done with the file before
    return PredictedTrack(
        track=replace(extracted.track, fingerprint=None),
        prediction=Prediction(status=Status.UNREADABLE, error=difference),
    )


def _difference(file: RemoteFile, extracted: Extracted) -> str:
    """Return how a file differs from the one that the coordinator sees, empty if it does not."""
    identity, here = extracted.track.identity, f"on the worker {socket.gethostname()}"
    if file.size is None:  # the coordinator does not see it either
        return ""
    if isinstance(extracted, PredictedTrack) and identity is None and is_music(file.path):
        return f"{extracted.prediction.error} {here}"
    if identity is not None and identity.size != file.size:
        return f"has {identity.size} bytes {here}, and {file.size} bytes here"
    return ""


def _answer(predicted: PredictedTrack) -> Answer:
    track = predicted.track
    return Answer(
        prediction=predicted.prediction,
        source=predicted.source,
        fingerprint=track.fingerprint,
        existing=track.existing,
        tag_error=track.tag_error,
    )


class _Loaded:
    """The model of this process, and processes that decode for it, which end with it."""

    def __init__(self, model: GenreModel) -> None:
        self.model = model
        self._idle: deque[IsolatedExtractor] = deque()
        Finalize(self, _end, [self._idle], exitpriority=0)  # this process would wait for them

    @contextmanager
    def extractor(self, settings: ExtractSettings) -> Iterator[IsolatedExtractor]:
        """Lend what extracts features with these settings."""
        lent = self._idle_one(settings) or IsolatedExtractor(settings)
        try:
            yield lent
        finally:
            self._idle.append(lent)

    def _idle_one(self, settings: ExtractSettings) -> IsolatedExtractor | None:
        while self._idle:
            with suppress(IndexError):  # another thread was quicker
                extractor = self._idle.pop()
                if extractor.settings == settings:
                    return extractor
                extractor.kill()  # it is from another scan
        return None


def _end(extractors: Iterable[IsolatedExtractor]) -> None:
    for extractor in extractors:
        extractor.kill()


_loaded: dict[tuple[bytes, Device], _Loaded] = {}
"""What this process has loaded, by the digest of the model; all threads share it."""

_loading = Lock()


def _loaded_for(settings: WorkerSettings, threads: int) -> _Loaded:
    """Return what this process has loaded; the first call checks the model and the folders.

    Raises:
        ClusterError: the worker cannot take part.
    """
    key = settings.digest, settings.device
    with _loading:
        if key not in _loaded:
            _loaded.clear()  # a scan needs one, and each takes memory
            # Dask makes its workers daemons, which may start no processes: they could outlive
            # them. Ours end with this one, however it ends.
            current_process().daemon = False
            try:
                _check(settings)
                path = Path(settings.model) if settings.model else None
                _loaded[key] = _Loaded(GenreModel(path, settings.device, threads=threads))
            except GenretagError as error:
                raise ClusterError(
                    f"The worker {socket.gethostname()} cannot start: {error}"
                ) from None
        return _loaded[key]


def _check(settings: WorkerSettings) -> None:
    """Compare version and model with the coordinator's, and look for the folders.

    Raises:
        ClusterError: one is another, or a folder is missing.
    """
    if settings.version != __version__:  # of a worker that joined since the others were asked
        raise ClusterError(f"it has genretag {__version__}, and the scan {settings.version}.")
    path = Path(settings.model or SHIPPED_MODEL)
    try:
        digest = digest_of(path)
    except OSError as error:
        raise ClusterError(
            f"it cannot read the model {path} ({reason(error)}). Copy it there, or say with"
            " --path-map where it is."
        ) from None
    if digest != settings.digest:
        raise ClusterError(f"its model {path} is another one than the coordinator's.")
    for folder in settings.folders:
        if not Path(folder).exists():
            raise ClusterError(
                f"it has no {folder}. Mount the music there, or say with --path-map where it is."
            )
