"""Makes the report of a scan, track by track."""

from dataclasses import replace
from typing import TextIO

from tagger.audit.findings import Auditor
from tagger.errors import PathError, reason
from tagger.pipeline.albums import album_of
from tagger.report.columns import Columns
from tagger.report.covers import cover_url
from tagger.report.page import Heading, render
from tagger.tags.credits import read_names
from tagger.tracks import Action, Result

_MOST_COVERS = 2000  # of about two kilobytes


class ReportWriter:
    """Collects the results of a scan, and writes the page at its end."""

    def __init__(
        self, stream: TextIO, auditor: Auditor, heading: Heading, *, threshold: float
    ) -> None:
        """Begin a report.

        Args:
            stream: takes the page.
            auditor: compares results with existing genres.
            heading: of the page.
            threshold: the minimum confidence, 0 to 1.
        """
        self._stream = stream
        self._auditor = auditor
        self._heading = heading
        self._columns = Columns(auditor.labels, threshold)
        self._album: object = None
        self._cover: int | None = None

    def write(self, result: Result) -> None:
        """Add a track."""
        if result.action is Action.WRITTEN:
            result = replace(result, existing=result.genres, machine_made=True)
        names = read_names(result.path)
        album = (album_of(result.path), names.album)
        if album != self._album:
            self._album = album
            self._cover = None
            # What could not be analysed, in a process of its own, is not decoded in this one.
            wanted = not result.status.is_failure and len(self._columns.covers) < _MOST_COVERS
            if wanted and (url := cover_url(result.path)):
                self._cover = len(self._columns.covers)
                self._columns.covers.append(url)
        self._columns.add(result, names, self._auditor.audit(result), self._cover)

    def finish(self) -> None:
        """Write the page.

        Raises:
            PathError: it cannot be written.
        """
        try:
            self._stream.write(render(self._heading, self._columns.packed()))
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise PathError(f"The report cannot be written: {reason(error)}.") from None
