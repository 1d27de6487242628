"""What runs on the workers of a cluster: files in, predictions out.

A worker opens files for reading only, and keeps nothing but the model. It knows a file by the path
that it has there, which never comes back.
"""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Timer

from tagger import SHIPPED_MODEL, __version__
from tagger.cluster.batches import Answer, RemoteFile
from tagger.errors import ClusterError, GenretagError, reason
from tagger.identity import MusicFile, digest_of
from tagger.inference.model import GenreModel
from tagger.options import Device
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.pipeline.predict import predict
from tagger.state.cache import CacheLocation
from tagger.tags.formats import is_music
from tagger.tracks import Features, PredictedTrack, Prediction, Status, Track, joined


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """What a worker needs to know of a scan; paths are those of the worker.

    Attributes:
        model: the model file; None: that of the package.
        digest: SHA-256 of the model file, which has to be the same everywhere.
        device: to run the model on.
        batch_size: strips in one call of the model; None: what suits the device.
        seconds: of each track to analyse; None: all of it.
        timeout: seconds that one file may take.
        cache: predictions of earlier scans, where a worker can reach them.
        folders: that a worker has to see, since the files are in them.
    """

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
    return _model(settings, threads).device_name


def release() -> None:
    """Let go of the model: workers may outlive a scan by months."""
    with _loading:
        _loaded.clear()


def analyse(files: Sequence[RemoteFile], settings: WorkerSettings, threads: int) -> list[Answer]:
    """Decode files and run the model on them; gives an answer for each, in their order.

    Several threads may do this at the same time.

    Raises:
        ClusterError: the worker cannot take part; it may have joined since the scan began.
    """
    model = _model(settings, threads)
    extractor = Extractor(
        ExtractSettings(
            front_end=model.metadata.front_end,
            grid=model.metadata.grid,
            seconds=settings.seconds,
            fingerprints=True,
            cache=settings.cache,
        )
    )
    with closing(extractor):
        extracted = _extracted(files, extractor, settings.timeout)
        predicted = predict(extracted, model, settings.batch_size or model.strips_at_once())
        return list(map(_answer, predicted))


def _extracted(
    files: Sequence[RemoteFile], extractor: Extractor, timeout: float
) -> Iterator[Features | PredictedTrack]:
    for file in files:
        parts = extractor.parts(MusicFile(path=Path(file.path), identity=None))
        extracted = joined(_within(timeout, parts, Track(path=Path(file.path))))
        difference = _difference(file, extracted)
        if not difference:
            yield extracted
            continue
        yield PredictedTrack(
            track=replace(extracted.track, fingerprint=None),
            prediction=Prediction(status=Status.UNREADABLE, error=difference),
        )


def _within(
    seconds: float, parts: Iterator[Features | PredictedTrack], track: Track
) -> Iterator[Features | PredictedTrack]:
    """Pass on the parts of a track, which may take so long in all, the model not counted."""
    try:
        while True:
            begun = time.monotonic()
            with _ended_after(seconds):
                part = next(parts, None)
            seconds -= time.monotonic() - begun
            if part is None:
                return
            yield part
    except MemoryError:
        yield PredictedTrack(
            track=track,
            prediction=Prediction(status=Status.UNREADABLE, error="needs too much memory"),
        )


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End the process if this takes too long: nothing else stops a decoder that hangs.

    The coordinator finds the file as it finds one that makes the decoder crash.
    """
    timer = Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _difference(file: RemoteFile, extracted: Features | PredictedTrack) -> str:
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


_loaded: dict[tuple[bytes, Device], GenreModel] = {}
"""The model of this process, by its digest; all threads share it."""

_loading = Lock()


def _model(settings: WorkerSettings, threads: int) -> GenreModel:
    """Return the model of this process; the first call checks it and the folders.

    Raises:
        ClusterError: the worker cannot take part.
    """
    key = settings.digest, settings.device
    with _loading:
        if key not in _loaded:
            _loaded.clear()  # a scan needs one, and each takes memory
            try:
                _check(settings)
                path = Path(settings.model) if settings.model else None
                _loaded[key] = GenreModel(path, settings.device, threads=threads)
            except GenretagError as error:
                raise ClusterError(
                    f"The worker {socket.gethostname()} cannot start: {error}"
                ) from None
        return _loaded[key]


def _check(settings: WorkerSettings) -> None:
    """Compare the model with the coordinator's, and look for the folders.

    Raises:
        ClusterError: the model is another one or missing, or a folder is.
    """
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
