"""From one music file to its features: strip, fingerprint and genres."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from tagger.audio.decode import decode_blocks, decode_stream
from tagger.audio.demux import open_audio
from tagger.audio.frontend import FrontEnd, Waveform, WindowGrid
from tagger.audio.strips import strips
from tagger.errors import (
    OversizedTagError,
    SilentError,
    SpeechError,
    SteadyError,
    TagError,
    TooShortError,
    TrackError,
    UnreachableError,
    UnreachableTagError,
    UnreadableError,
    UnsupportedError,
    reason,
)
from tagger.identity import Identity, MusicFile, identity_of
from tagger.state.cache import CacheLocation, PredictionReader
from tagger.tags.containers.base import data_of
from tagger.tags.formats import can_hold_tags, is_music
from tagger.tracks import Features, PredictedTrack, Prediction, Source, Status, Track, joined

_STATUS = {
    OversizedTagError: Status.UNREADABLE,
    SilentError: Status.SILENT,
    SpeechError: Status.UNCERTAIN,
    SteadyError: Status.UNCERTAIN,
    TooShortError: Status.TOO_SHORT,
    UnreachableError: Status.UNREADABLE,
    UnreachableTagError: Status.UNREADABLE,
    UnreadableError: Status.UNREADABLE,
    UnsupportedError: Status.UNSUPPORTED,
}

_UNREACHABLE = UnreachableError, UnreachableTagError

_CHANGED = "was changed, or went away, while it was analysed"
_REHEARSED = "genretag"  # a genre that no file has


@dataclass(frozen=True, kw_only=True)
class ExtractSettings:
    """How features are extracted."""

    front_end: FrontEnd
    grid: WindowGrid
    seconds: float | None = 30.0  # decoded from the middle of each track; None: all of it
    timeout: float = 120.0  # seconds that one file may take in a process of its own
    fingerprints: bool = False  # made of the audio, for the cache
    cache: CacheLocation | None = None  # of predictions, looked up by fingerprint


class Extractor:
    """Extracts features from one file after another; to be closed in the end."""

    def __init__(
        self, settings: ExtractSettings, examined: Callable[[Track], None] | None = None
    ) -> None:
        """Prepare to extract features.

        Args:
            settings: how.
            examined: is told what is known of each file before it is decoded.
        """
        self._settings = settings
        self._tell = examined
        self._cached = PredictionReader(settings.cache) if settings.cache else None

    def close(self) -> None:
        """Close the cache."""
        if self._cached is not None:
            self._cached.close()

    def extract(self, file: MusicFile) -> Features | PredictedTrack:
        """Open one file and extract its features; those of a long one come with its `rest`.

        See `parts`.
        """
        return joined(self.parts(file))

    def parts(self, file: MusicFile) -> Iterator[Features | PredictedTrack]:
        """Open one file and yield its features part by part, while it is decoded.

        Raises for no bad file, unless it needs more memory than there is.

        Yields:
            Features. Where there are none, a prediction: of the same audio in whatever file, from
            the cache; or one that says why the file gives no features, or no more of them.

        Raises:
            MemoryError: there is too little of it.
        """
        parts = self._parts(file.path)
        last = next(parts)
        for part in parts:
            yield last
            last = part
        track = last.track
        if track.identity is not None and identity_of(file.path) != track.identity:
            # Neither cache nor tags are to keep what was extracted.
            last = replace(last, track=replace(track, fingerprint=None, refusal=_CHANGED))
        yield last

    def _parts(self, path: Path) -> Iterator[Features | PredictedTrack]:
        track = Track(path=path)
        try:
            if not is_music(path):
                _refuse(path)
            with open_audio(path) as stream:
                track = self._examined(path, stream)
                if (cached := self._lookup(track)) is not None:
                    yield cached
                    return
                # Before decoding: the tags may be good where the audio is not, and what is out of
                # bounds in them keeps a decoder busy too.
                track = _with_genres(track)
                if self._tell is not None:
                    self._tell(track)
                how = self._settings
                for part in strips(self._waveform(stream), how.front_end, how.grid):
                    yield Features(
                        track=track, strip=part.strip, seconds=part.end, start=part.start
                    )
        except TrackError as error:
            if isinstance(error, _UNREACHABLE):  # the next scan may have better luck
                track = replace(track, fingerprint=None)
            prediction = Prediction(status=_STATUS[type(error)], error=str(error))
            yield PredictedTrack(track=track, prediction=prediction)
        except MemoryError:
            raise
        except Exception as error:  # one bad file must not end the scan of all others
            problem = f"could not be analysed ({reason(error)})"
            yield PredictedTrack(
                track=replace(track, fingerprint=None),
                prediction=Prediction(status=Status.UNREADABLE, error=problem),
            )

    def _waveform(self, stream: BinaryIO) -> Iterable[Waveform]:
        """Return the part of an open file that is analysed, in blocks."""
        rate, seconds = self._settings.front_end.sample_rate, self._settings.seconds
        if seconds is None:
            return decode_blocks(stream, rate)
        return [decode_stream(stream, rate, seconds)]

    def _examined(self, path: Path, stream: BinaryIO) -> Track:
        """Return a track with the identity of the open file and, for the cache, its fingerprint."""
        identity = Identity.from_status(os.fstat(stream.fileno()))
        if not self._settings.fingerprints:
            return Track(path=path, identity=identity)
        from tagger.tags.content import fingerprint_of  # a scan of known files starts without it

        try:
            return Track(path=path, identity=identity, fingerprint=fingerprint_of(data_of(stream)))
        except OSError:  # decoding will say what is wrong
            return Track(path=path, identity=identity)

    def _lookup(self, track: Track) -> PredictedTrack | None:
        """Return the cached prediction for the audio of a track.

        Raises:
            OversizedTagError, UnreachableTagError: see `_with_genres`.
        """
        if self._cached is None or track.fingerprint is None:
            return None
        prediction = self._cached(track.fingerprint)
        if prediction is None:
            return None
        return PredictedTrack(
            track=_with_genres(track), prediction=prediction, source=Source.FINGERPRINT
        )


def _refuse(path: Path) -> None:
    """Raise for what has no suffix of a music file."""
    try:
        os.scandir(path).close()
    except NotADirectoryError:
        pass
    except FileNotFoundError as error:
        raise UnreadableError(f"cannot be reached ({reason(error)})") from None
    except OSError as error:  # the walk yields a folder only where it could not list it
        raise UnreadableError(f"is a folder that cannot be listed ({reason(error)})") from None
    else:
        raise UnreadableError("is a folder that could not be listed a moment ago")
    raise UnsupportedError("has no known suffix of a music file")


def _with_genres(track: Track) -> Track:
    """Return a track with its genres, or why they cannot be read, or no other could be written.

    Raises:
        OversizedTagError: a tag is beyond all bounds, so the file is better left alone.
        UnreachableTagError: the disk or network fails: nothing that is found now would be true.
    """
    track = with_tags(track)
    return track if track.tag_error else replace(track, refusal=refusal_of(track.path))


def refusal_of(path: Path) -> str:
    """Return why no genre could be written into a file; empty if nothing speaks against it.

    A change is planned and rehearsed, which takes a small part of the time of decoding. Free space
    and the folder are not looked at, see `Surroundings`: the answer is kept as long as the file is
    as it is. Nor is the mode of a file in a folder that may not be written at all, as a library
    that is mounted to be read: the results may be for elsewhere.

    Raises:
        OversizedTagError, UnreachableTagError: see `_with_genres`.
    """
    if not can_hold_tags(path):
        return ""
    from tagger.writing.permissions import READ_ONLY, may_write
    from tagger.writing.planning import plan, rehearse_content

    try:
        if may_write(path.parent) and not may_write(path):
            return READ_ONLY
        rehearse_content(plan(path, genres=[_REHEARSED]))
    except (OversizedTagError, UnreachableTagError):
        raise
    except TagError as error:
        return str(error)
    return ""


def with_tags(track: Track) -> Track:
    """Return a track with its genres as its tags have them now, or why they cannot be read.

    Raises:
        OversizedTagError, UnreachableTagError: see `_with_genres`.
    """
    from tagger.tags.genre_fields.layouts import open_layout, read_only_genres

    can_be_written = can_hold_tags(track.path)
    try:
        if not can_be_written:
            return replace(track, existing=read_only_genres(track.path))
        layout = open_layout(track.path)
        return replace(track, existing=layout.genres, genre_source=layout.source, tag_error="")
    except (OversizedTagError, UnreachableTagError):
        raise
    except TagError as error:
        # Where nothing is written, no genre can get lost.
        problem = str(error) if can_be_written else ""
        return replace(track, existing=(), genre_source="", tag_error=problem)
