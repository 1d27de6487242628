"""An analysis for other programs, with the cache of a scan."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tagger.commands.rules import check_seconds, rules_for
from tagger.commands.scan_cache import Tell, open_result_cache
from tagger.identity import MusicFile, identity_of
from tagger.options import ScanOptions
from tagger.pipeline.extract import ExtractSettings
from tagger.pipeline.lazy_model import LazyModel
from tagger.pipeline.scan import scan
from tagger.pipeline.workers import extracting
from tagger.tracks import Result


class Analyser:
    """Predicts genres for another program, with the settings and the cache of a scan.

    No music file is opened for writing. It is a context manager that closes the cache.

    Attributes:
        name: of the model.
    """

    def __init__(self, options: ScanOptions, tell: Tell) -> None:
        """Read settings and the metadata of the model, and open the cache.

        Args:
            options: of a dry run; its paths do not count.
            tell: shows a sentence to the user.

        Raises:
            GenretagError: settings or model cannot be used.
        """
        self._model = LazyModel(options.model, options.device)
        self.name = self._model.path.stem
        metadata = self._model.metadata
        self._rules = rules_for(options, metadata, self.name)
        check_seconds(options, metadata)
        self._stack = ExitStack()
        _, self._cache = open_result_cache(options, self._model, self._stack, tell)
        self._settings = ExtractSettings(
            front_end=metadata.front_end,
            grid=metadata.grid,
            seconds=options.seconds,
            fingerprints=self._cache.location is not None,
            cache=self._cache.location,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._stack.close()

    def results(self, paths: Sequence[Path], *, jobs: int = 0) -> Iterator[Result]:
        """Yield the result of each file, in their order.

        Args:
            paths: music files.
            jobs: most processes that decode; 0: none but this one.

        Raises:
            GenretagError: the model cannot be used.
        """
        files = [MusicFile(path=path, identity=identity_of(path)) for path in paths]
        cached = self._cache.lookup(files)
        entries = [found or file for file, found in zip(files, cached, strict=True)]
        missing = cached.count(None)
        with extracting(entries, self._settings, min(jobs, missing)) as tracks:
            strips = self._model.loaded.strips_at_once() if missing else 1
            yield from scan(tracks, self._model, self._rules, batch_size=strips, cache=self._cache)
        self._cache.flush()
