"""The data of a report: one list for each thing that is known of a track."""

import base64
import gzip
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tagger.audit.findings import Finding
from tagger.output.cells import joined_genres, path_cell
from tagger.output.table import COLUMNS
from tagger.tags.credits import TrackNames
from tagger.tags.genre_names import spelling
from tagger.tracks import Result

NO_LABEL = -1


class Columns:
    """Collects the tracks of a report.

    Lists of plain values take a tenth of the memory of records, and as JSON they compress well.

    Attributes:
        covers: data URLs; tracks refer to them by their place.
    """

    def __init__(self, labels: Sequence[str], threshold: float) -> None:
        """Begin with no track.

        Args:
            labels: those of the model, in the order of the probabilities.
            threshold: the minimum confidence, 0 to 1.
        """
        self._labels = labels
        self._threshold = threshold
        self._lists: defaultdict[str, list[str | int | float]] = defaultdict(list)
        self._probabilities = bytearray()  # of each track one byte a label, 255 for certain
        self.covers: list[str] = []

    def add(self, result: Result, names: TrackNames, finding: Finding, cover: int | None) -> None:
        """Add a track.

        Args:
            result: what the scan found.
            names: what its tags call it.
            finding: the verdict on its existing genre.
            cover: place of its cover in `covers`; None: it has none.
        """
        probabilities = result.probabilities or (0.0,) * len(self._labels)
        best = max(range(len(self._labels)), key=probabilities.__getitem__)
        row: dict[str, str | int | float] = {
            # Absolute, since the page is opened, and its table applied, from any folder.
            "path": path_cell(result.path.absolute()),
            "title": names.title,
            "artist": names.artist,
            "album": names.album,
            "albumArtist": names.album_artist,
            "status": result.status,
            "action": result.action,
            "label": best if result.probabilities else NO_LABEL,
            "genre": joined_genres(result.genres or result.guess),
            "confidence": round(finding.confidence or 0, 4),
            "existing": joined_genres(result.existing),
            "existingProbability": round(finding.existing_probability or 0, 4),
            "verdict": finding.verdict,
            "reason": finding.reason,
            "seconds": round(result.seconds, 2),
            "error": result.error,
            "timeline": base64.b64encode(result.timeline).decode("ascii"),
            "cover": NO_LABEL if cover is None else cover,
        }
        for name, value in row.items():
            self._lists[name].append(value)
        self._probabilities += bytes(round(255 * p) for p in probabilities)

    def packed(self) -> str:
        """Return all of it as JSON, compressed by gzip and written in base64."""
        content: dict[str, Any] = {
            "labels": [spelling(label) for label in self._labels],
            "threshold": self._threshold,
            "csvColumns": COLUMNS,
            "tracks": self._lists,
            "probabilities": base64.b64encode(self._probabilities).decode("ascii"),
            "covers": self.covers,
        }
        text = json.dumps(content, separators=(",", ":"))
        return base64.b64encode(gzip.compress(text.encode("ascii"), 6, mtime=0)).decode("ascii")
