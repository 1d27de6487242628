"""Where the files of a scan are analysed: on this machine, or by the workers of a cluster."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from tagger import __version__
from tagger.errors import ClusterError, UsageError
from tagger.identity import MusicFile, digest_of
from tagger.options import ScanOptions
from tagger.output.console import count_of
from tagger.output.scandisplay import ScanDisplay
from tagger.pipeline.lazy_model import LazyModel
from tagger.runtime.interrupt import Stop
from tagger.state.cache import CacheLocation
from tagger.tracks import Features, PredictedTrack

if TYPE_CHECKING:
    from tagger.pipeline.extract import ExtractSettings

PROCESSES_FROM = 1
"""Least number of processes that decode; a smaller one is taken for none but this process."""

_LOCAL = "local:"


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Files being analysed.

    Attributes:
        tracks: with features for the model of this process, or predicted already.
        batch_size: strips in one call of that model.
        where: for the user, such as "on CPU, decoding in 2 processes".
        notice: what the user should know about the device; empty: nothing.
    """

    tracks: Iterator[Features | PredictedTrack]
    batch_size: int = 1
    where: str = ""
    notice: str = ""


def check_cluster(options: ScanOptions) -> None:
    """Check the options that name a cluster, before files are looked for.

    Raises:
        UsageError: one cannot be understood.
    """
    if options.cluster is not None:
        _local_workers(options.cluster)
    if options.path_map:
        from tagger.cluster.paths import PathMap

        PathMap.parse(options.path_map)


@contextmanager
def analysing(
    entries: Iterable[MusicFile | PredictedTrack],
    to_analyse: int,
    model: LazyModel,
    options: ScanOptions,
    cache: CacheLocation | None,
    display: ScanDisplay,
    stop: Stop,
) -> Iterator[Analysis]:
    """Begin to analyse the files of a scan where the options say.

    Args:
        entries: files, and tracks with a cached prediction.
        to_analyse: how many files there are among them.
        model: of the scan.
        options: of the scan.
        cache: where predictions can be looked up by fingerprint.
        display: is told of the workers of a cluster.
        stop: tells the scan to stop.

    Raises:
        ModelError, DeviceError: the model cannot be used.
        ClusterError: the cluster cannot be used.
    """
    with ExitStack() as stack:
        if to_analyse == 0:
            yield Analysis(tracks=_known(entries, model, options, cache))
        elif options.cluster is None:
            yield _here(entries, to_analyse, model, options, cache, stack)
        else:
            yield _by_cluster(entries, to_analyse, model, options, cache, display, stop, stack)


def _known(
    entries: Iterable[MusicFile | PredictedTrack],
    model: LazyModel,
    options: ScanOptions,
    cache: CacheLocation | None,
) -> Iterator[Features | PredictedTrack]:
    """Pass on tracks that were all cached when they were counted, and need nothing that decodes.

    Should the cache have lost one since, the rest is extracted in this process.
    """
    entries = iter(entries)
    for entry in entries:
        if isinstance(entry, PredictedTrack):
            yield entry
            continue
        from tagger.pipeline.workers import extracting

        settings = _extract_settings(model, options, cache)
        with extracting(chain([entry], entries), settings) as tracks:
            yield from tracks


def _here(
    entries: Iterable[MusicFile | PredictedTrack],
    to_analyse: int,
    model: LazyModel,
    options: ScanOptions,
    cache: CacheLocation | None,
    stack: ExitStack,
) -> Analysis:
    from tagger.pipeline.workers import extracting

    jobs = _jobs(options.jobs, to_analyse)
    settings = _extract_settings(model, options, cache)
    tracks = stack.enter_context(extracting(entries, settings, jobs))
    loaded = model.loaded  # meanwhile the workers have begun
    return Analysis(
        tracks=tracks,
        batch_size=options.batch_size or loaded.strips_at_once(),
        where=f"on {loaded.device_name}, decoding in"
        f" {jobs} {'process' if jobs == 1 else 'processes'}",
        notice=f"The GPU is not used: {loaded.notice}." if loaded.notice else "",
    )


def _extract_settings(
    model: LazyModel, options: ScanOptions, cache: CacheLocation | None
) -> "ExtractSettings":
    from tagger.pipeline.extract import ExtractSettings

    return ExtractSettings(
        front_end=model.metadata.front_end,
        grid=model.metadata.grid,
        seconds=options.seconds,
        timeout=options.timeout,
        fingerprints=cache is not None,
        cache=cache,
    )


def _jobs(asked: int | None, files: int) -> int:
    from joblib import cpu_count

    jobs = min(asked or cpu_count(), files)
    return jobs if jobs >= PROCESSES_FROM else 0


def _by_cluster(
    entries: Iterable[MusicFile | PredictedTrack],
    to_analyse: int,
    model: LazyModel,
    options: ScanOptions,
    cache: CacheLocation | None,
    display: ScanDisplay,
    stop: Stop,
    stack: ExitStack,
) -> Analysis:
    try:
        from tagger.cluster import client
    except ModuleNotFoundError:
        raise ClusterError("--cluster needs Dask: pip install 'genretag[cluster]'") from None
    from tagger.cluster.batches import analysed
    from tagger.cluster.paths import PathMap
    from tagger.cluster.worker import WorkerSettings

    assert options.cluster is not None
    paths = PathMap.parse(options.path_map)
    processes = _local_workers(options.cluster)
    settings = WorkerSettings(
        version=__version__,
        model=None if options.model is None else paths.on_workers(options.model.absolute()),
        digest=digest_of(model.path),
        device=options.device,
        batch_size=options.batch_size,
        seconds=options.seconds,
        timeout=options.timeout,
        cache=cache if processes else None,
        folders=tuple(paths.on_workers(path.absolute()) for path in options.paths),
    )
    connected = client.local(processes) if processes else client.scheduled(options.cluster)
    cluster = stack.enter_context(
        closing(
            client.DaskCluster(
                stack.enter_context(connected), settings, display.complain, display.show_workers
            )
        )
    )
    devices = ", ".join(sorted(set(cluster.devices)))
    return Analysis(
        tracks=analysed(
            entries,
            cluster,
            paths,
            files=to_analyse,
            seconds=options.seconds,
            stop=stop,
        ),
        where=f"on {count_of(len(cluster.devices), 'worker')} ({devices})",
    )


def _local_workers(cluster: str) -> int | None:
    """Return the number of processes that "local:N" asks for; None for the address of a scheduler.

    Raises:
        UsageError: N is no number.
    """
    scheme, found, number = cluster.partition(_LOCAL)
    if scheme or not found:
        return None
    if not number.isdecimal() or int(number) == 0:
        raise UsageError(f"--cluster {cluster}: N of local:N is a number of processes, 1 or more.")
    return int(number)
