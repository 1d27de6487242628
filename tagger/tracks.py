"""What is known about a track on its way through a scan, one frozen class a stage."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tagger.audio.frontend import Strip
from tagger.identity import Identity


class Status(StrEnum):
    """What listening to a track gave."""

    OK = "ok"
    UNCERTAIN = "uncertain"  # a genre, but below the minimum confidence
    SILENT = "silent"
    TOO_SHORT = "too_short"
    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"

    @property
    def is_failure(self) -> bool:
        """Tell whether the file could not be read, as opposed to holding nothing to judge."""
        return self in (Status.UNREADABLE, Status.UNSUPPORTED)


class Action(StrEnum):
    """What is to be done, or was done, about a track's tag."""

    WRITE = "write"
    CLEAR = "clear"  # by hand, in the table: remove the genre
    KEEP = "keep"  # it has a genre already
    SKIP = "skip"  # no genre was found for it, or it cannot hold one
    WRITTEN = "written"
    FAILED = "failed"


@dataclass(frozen=True)
class Opinion:
    """What is remembered of a recording that was heard before."""

    status: Status
    error: str = ""  # why there are no probabilities
    seconds: float = 0.0  # of audio that were listened to
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True)
class Heard:
    """A track that was decoded: a strip, or the reason why there is none.

    Of a track that was heard before there is the model's opinion of then in place of a strip.
    """

    path: Path
    existing: tuple[str, ...] = ()  # genres
    strip: Strip | None = None
    seconds: float = 0.0  # of audio that were listened to
    status: Status = Status.OK
    error: str = ""  # why there is no strip, or what is wrong with the tags
    identity: Identity | None = None  # of the file when it was opened
    audio: bytes | None = None  # its fingerprint, if it is to be remembered
    remembered: tuple[float, ...] = ()  # probabilities
    by_looks: bool = False  # known by its identity alone: nothing of it was read this time


@dataclass(frozen=True)
class Judged:
    """A track with the model's opinion: label probabilities `[labels]`, empty without a strip."""

    heard: Heard
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True)
class Result:
    """A track with what follows from the opinion; one line of the CSV."""

    path: Path
    status: Status
    action: Action
    ranking: tuple[tuple[str, float], ...] = ()  # (genre, confidence), the best first
    genres: tuple[str, ...] = ()  # what the tag is to say
    existing: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str = ""
    probabilities: tuple[float, ...] = field(default=(), repr=False)  # in the model's order
    identity: Identity | None = None

    @property
    def failed(self) -> bool:
        """Tell whether the file could not be read or written."""
        return self.status.is_failure or self.action is Action.FAILED
