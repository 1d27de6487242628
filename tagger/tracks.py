"""What is known about a track at each stage of a scan, one frozen class a stage.

`MusicFile` (the walk) → `Features` (extraction) → `PredictedTrack` (model, or cache) → `Result`
(decision). A track whose prediction is cached, or that cannot be decoded, skips `Features`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto
from pathlib import Path

from tagger.audio.frontend import Strip
from tagger.identity import Identity


class Status(StrEnum):
    """What the analysis of a track gave."""

    OK = "ok"
    UNCERTAIN = "uncertain"  # a genre, but below the minimum confidence
    SILENT = "silent"
    TOO_SHORT = "too_short"
    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"

    @property
    def is_failure(self) -> bool:
        """Tell whether the file could not be read, as opposed to holding nothing to analyse."""
        return self in (Status.UNREADABLE, Status.UNSUPPORTED)


class Action(StrEnum):
    """What is to be done, or was done, about a track's tag."""

    WRITE = "write"
    CLEAR = "clear"  # by hand, in the table: remove the genre
    KEEP = "keep"  # it has a genre already
    SKIP = "skip"  # no genre was found for it, or it cannot hold one
    WRITTEN = "written"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Track:
    """A music file and what its tags say."""

    path: Path
    identity: Identity | None = None  # when it was opened
    fingerprint: bytes | None = None  # SHA-256 of its audio; None: not to be cached
    existing: tuple[str, ...] = ()  # genres in its tags
    genre_source: str = ""  # what its tags note about where they came from
    tag_error: str = ""  # why the tags cannot be read
    refusal: str = ""  # why no genre could be written, as far as is known without writing


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the analysis of a recording gave; this is what the cache keeps."""

    status: Status
    error: str = ""  # why there are no probabilities
    seconds: float = 0.0  # of audio that were analysed
    probabilities: tuple[float, ...] = ()  # one a label, in the model's order
    timeline: bytes = b""  # the best label over time, see `timeline_of`; empty: not known


class Source(Enum):
    """Where a prediction comes from."""

    ANALYSIS = auto()  # this scan
    FINGERPRINT = auto()  # the cache: the same audio was analysed before, in whatever file
    STAT_KEY = auto()  # the cache: the file is unchanged and was not even opened


@dataclass(frozen=True, kw_only=True)
class Features:
    """A decoded track with what the network takes, in one part or, if it is long, in several.

    Attributes:
        track: as far as it is known by now; the last part has the last word.
        strip: of this part, `[rows, frames]`.
        seconds: of audio that were decoded by the end of this part.
        start: of this part, in seconds from the beginning of what is analysed.
        rest: the parts behind the first one, as they are decoded. If decoding fails, the last of
            them is a prediction that says why, and holds for the whole track.
    """

    track: Track
    strip: Strip
    seconds: float
    start: float = 0.0
    rest: "Iterable[Features | PredictedTrack]" = ()


@dataclass(frozen=True, kw_only=True)
class PredictedTrack:
    """A track with its prediction."""

    track: Track
    prediction: Prediction
    source: Source = Source.ANALYSIS

    @property
    def path(self) -> Path:
        """The path of the track."""
        return self.track.path


def joined(parts: Iterator[Features | PredictedTrack]) -> Features | PredictedTrack:
    """Return the first part of a track with all others as its rest."""
    first = next(parts)
    return replace(first, rest=parts) if isinstance(first, Features) else first


@dataclass(frozen=True, kw_only=True)
class Result:
    """A track with what follows from its prediction; one line of the CSV."""

    path: Path
    status: Status
    action: Action
    ranked: tuple[tuple[tuple[str, ...], float], ...] = ()  # (names, confidence), the best first
    genres: tuple[str, ...] = ()  # what the tag is to say
    existing: tuple[str, ...] = ()
    locked: bool = False  # it would be written, were its folder not one that may not be
    machine_made: bool = False  # genretag wrote the existing genres, by the note in the file
    seconds: float = 0.0
    error: str = ""
    probabilities: tuple[float, ...] = field(default=(), repr=False)  # in the model's order
    timeline: bytes = field(default=b"", repr=False)  # the best label over time
    identity: Identity | None = None

    @property
    def ranking(self) -> tuple[tuple[str, float], ...]:
        """The genres as they are shown, each with its confidence; the best first."""
        return tuple((", ".join(names), confidence) for names, confidence in self.ranked)

    @property
    def guess(self) -> tuple[str, ...]:
        """The names of the best genre, however uncertain it is; none without a prediction."""
        return self.ranked[0][0] if self.ranked else ()

    @property
    def failed(self) -> bool:
        """Tell whether the file could not be read or written."""
        return self.status.is_failure or self.action is Action.FAILED
