"""Values of the cache's rows, on their way into SQLite and, checked, on their way back.

A database can be damaged in ways that SQLite does not see, and be edited by anybody. What cannot
be what genretag wrote raises a ValueError; the cache forgets such a row.
"""

import json
import math
from array import array
from typing import Any

from tagger.identity import Identity, MusicFile
from tagger.tracks import Prediction, Status, Track

STAT_KEY = ("inode", "device", "size", "mtime_ns", "ctime_ns")
TRACK = ("fingerprint", "genres", "tag_error", "refusal", "genre_source")
PREDICTION = ("status", "error", "seconds", "probabilities", "timeline")

_GREATEST_SUM = 1.01


def stat_key(identity: Identity) -> tuple[int, ...]:
    """Return the columns `STAT_KEY`."""
    return tuple(sqlite_integer(getattr(identity, name)) for name in STAT_KEY)


def sqlite_integer(value: int) -> int:
    """Return a number as SQLite can hold it; inodes of some file systems have 64 bits or more."""
    return value & (2**63 - 1)


def prediction_row(prediction: Prediction) -> tuple[object, ...]:
    """Return the columns `PREDICTION`."""
    return (
        str(prediction.status),
        prediction.error,
        prediction.seconds,
        array("f", prediction.probabilities).tobytes(),
        prediction.timeline,
    )


def read_prediction(
    status: Any, error: Any, seconds: Any, probabilities: Any, timeline: Any
) -> Prediction:
    """Read the columns `PREDICTION`.

    Raises:
        ValueError: they are not what genretag writes.
    """
    if not isinstance(error, str) or not all(
        isinstance(column, bytes) for column in (probabilities, timeline)
    ):
        raise ValueError("a column has another type")
    if not (isinstance(seconds, float) and 0 <= seconds < math.inf):
        raise ValueError("seconds are out of range")
    values = tuple(array("f", probabilities))
    found = Status(status)
    if (found is Status.OK) != bool(values):
        raise ValueError("the status does not fit the probabilities")
    # A model with a confidence of its own may leave a part to none of the labels.
    if values and not (all(0 <= value <= 1 for value in values) and sum(values) <= _GREATEST_SUM):
        raise ValueError("the probabilities are out of range")
    if len(timeline) % 2 or any(label >= len(values) for label in timeline[::2]):
        raise ValueError("the timeline does not fit the probabilities")
    return Prediction(
        status=found, error=error, seconds=seconds, probabilities=values, timeline=timeline
    )


def read_track(
    file: MusicFile, fingerprint: Any, genres: Any, tag_error: Any, refusal: Any, genre_source: Any
) -> Track:
    """Read the columns `TRACK` of a file.

    Raises:
        ValueError: they are not what genretag writes.
    """
    if not isinstance(fingerprint, bytes):
        raise ValueError("the fingerprint is not bytes")
    if not all(isinstance(text, str) for text in (tag_error, refusal, genre_source)):
        raise ValueError("a column is no text")
    return Track(
        path=file.path,
        identity=file.identity,
        fingerprint=fingerprint,
        existing=_read_genres(genres),
        tag_error=tag_error,
        refusal=refusal,
        genre_source=genre_source,
    )


def _read_genres(genres: Any) -> tuple[str, ...]:
    """Read a JSON list of genres.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(genres, str):
        raise ValueError("genres are no text")
    listed = json.loads(genres)
    if not (isinstance(listed, list) and all(isinstance(genre, str) for genre in listed)):
        raise ValueError("genres are no list of texts")
    return tuple(listed)
