"""From one file to its strip and its genres."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tagger.audio.decode import decode
from tagger.audio.frontend import FrontEnd, WindowGrid
from tagger.errors import (
    SilentError,
    TagError,
    TooShortError,
    TrackError,
    UnreadableError,
    UnsupportedError,
    reason,
)
from tagger.identity import Identity
from tagger.tags.content import fingerprint
from tagger.tags.families import read_genres
from tagger.tags.formats import can_hold_tags, is_music
from tagger.tracks import Heard, Opinion, Status

_STATUS = {
    SilentError: Status.SILENT,
    TooShortError: Status.TOO_SHORT,
    UnreadableError: Status.UNREADABLE,
    UnsupportedError: Status.UNSUPPORTED,
}


@dataclass(frozen=True)
class Listening:
    """What is listened to, and how."""

    front_end: FrontEnd
    grid: WindowGrid
    seconds: float | None = 30.0  # from the middle of each track; None: all of it
    jobs: int = 1
    recall: Callable[[bytes], Opinion | None] | None = None  # asks for one by the fingerprint


def listen(path: Path, how: Listening) -> Heard:
    """Decode one file, compute its strip and read its genres; never raises for a bad file.

    A recording that is known from before, in whatever file, is not decoded.
    """
    heard = _listen(path, how)
    if heard.audio is not None:
        with suppress(OSError):
            if Identity.of(path) == heard.identity:
                return heard
        return replace(heard, audio=None)  # what was heard is not what is there now
    return heard


def _listen(path: Path, how: Listening) -> Heard:
    existing: tuple[str, ...] = ()
    tag_error = ""
    identity: Identity | None = None
    audio: bytes | None = None
    try:
        if path.is_dir():
            raise UnreadableError("is a folder that may not be looked into")
        if not is_music(path):
            raise UnsupportedError("is not a kind of music file that is known here")
        with suppress(OSError):  # decoding it will say what is wrong
            identity = Identity.of(path)
        if how.recall is not None:
            with suppress(OSError):
                audio = fingerprint(path)
        if how.recall is not None and audio and (opinion := how.recall(audio)):
            return _known(path, identity, audio, opinion)
        samples = decode(path, how.front_end.sample_rate, how.seconds)
        existing, tag_error = genres_of(path)
        if samples.size < how.front_end.samples_for(how.grid.window):
            raise TooShortError("is shorter than one window of the model")
        strip = how.grid.whole(how.front_end.compute(samples))
    except TrackError as error:
        status = _STATUS[type(error)]
        return Heard(
            path, existing, status=status, error=str(error), identity=identity, audio=audio
        )
    except Exception as error:  # the next file is not to suffer from what an odd one brings about
        return Heard(path, existing, status=Status.UNREADABLE, error=f"is odd: {reason(error)}")
    seconds = samples.size / how.front_end.sample_rate
    return Heard(path, existing, strip, seconds, error=tag_error, identity=identity, audio=audio)


def _known(path: Path, identity: Identity | None, audio: bytes, opinion: Opinion) -> Heard:
    existing, tag_error = ((), "") if opinion.status.is_failure else genres_of(path)
    return Heard(
        path,
        existing,
        None,
        opinion.seconds,
        opinion.status,
        opinion.error or (tag_error if opinion.probabilities else ""),
        identity,
        audio,
        opinion.probabilities,
    )


def genres_of(path: Path) -> tuple[tuple[str, ...], str]:
    """Return the genres of a file, or why they cannot be read."""
    try:
        return read_genres(path) if can_hold_tags(path) else (), ""
    except TagError as error:
        return (), str(error)
