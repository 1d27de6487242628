"""Everything that can go wrong in a way that the user can do something about.

The command line turns a `GenretagError` into its sentence and its exit code; nothing else is
ever shown without a traceback. A `TrackError` concerns one music file: it becomes that file's
row in the results, and the scan goes on.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit status of a command."""

    DONE = 0
    COULD_NOT_RUN = 1
    USAGE = 2
    SOME_FILES_FAILED = 3
    LOCKED = 4
    AFTER_FAILED = 5  # all is done, but the command of --after was not
    # As a shell shows a program that a signal ended: 128 and the number of the signal.
    HUNG_UP = 129
    INTERRUPTED = 130
    NOT_READ = 141  # SIGPIPE: nobody reads the output any more
    TERMINATED = 143


class GenretagError(Exception):
    """The command cannot go on; the message is one sentence for the user."""

    exit_code = ExitCode.COULD_NOT_RUN


class UsageError(GenretagError):
    """Options that contradict each other or the model."""

    exit_code = ExitCode.USAGE


class PathError(GenretagError):
    """A path given on the command line cannot be used."""


class ModelError(GenretagError):
    """A model file cannot be used."""


class DeviceError(GenretagError):
    """The device that was asked for is not available."""


class ClusterError(GenretagError):
    """The workers of a cluster cannot be used, or are gone."""


class StateError(GenretagError):
    """The journal or the cache cannot be used."""


class LockedError(GenretagError):
    """Another run holds the lock."""

    exit_code = ExitCode.LOCKED


class ConfigError(GenretagError):
    """The configuration file cannot be used."""


class StoppedError(GenretagError):
    """Ctrl-C, with a sentence on what was kept."""

    exit_code = ExitCode.INTERRUPTED


class DataError(GenretagError):
    """Training data cannot be used."""


def reason(error: BaseException) -> str:
    """Return the words of the system or a library in one line, without the path."""
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return text.splitlines()[0].lower()


class TrackError(GenretagError):
    """One music file gives no genre."""


class UnreadableError(TrackError):
    """The file should hold audio but cannot be read or decoded."""


class UnreachableError(UnreadableError):
    """The disk or network that the file is on fails, which may be over the next time."""


class UnsupportedError(TrackError):
    """The file is not of a kind that holds audio for us."""


class TooShortError(TrackError):
    """The audio is shorter than one window of the model."""


class NoMusicError(TrackError):
    """The analysed part of the track is no music."""


class SilentError(NoMusicError):
    """The analysed part of the track is silent."""


class SteadyError(NoMusicError):
    """The analysed part of the track is noise or a tone: nothing in it changes, as in no music."""


class SpeechError(NoMusicError):
    """The analysed part of the track is speech without music."""


class TagError(TrackError):
    """The tags of a file cannot be read or written."""


class UnreachableTagError(TagError):
    """The disk or network that the tags are on fails, which may be over the next time."""


class OversizedTagError(TagError):
    """A tag is beyond the bounds of any music: no library should be made to read it."""
