"""Opens a music file for FFmpeg, and nothing but that file.

FFmpeg can do more than read music. Some of its formats are lists of other files or of network
addresses, and which format a file has, it finds out from the content alone. So only the containers
of music are let through, and none of them reaches any other file or protocol.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tagger.errors import TagError, UnreachableError, UnreadableError, UnsupportedError, reason
from tagger.tags.containers.apev2 import start_of_ape_audio
from tagger.tags.containers.base import data_of, open_at_once
from tagger.tags.formats import demuxers_for, format_of

if TYPE_CHECKING:
    from av.container import InputContainer


def open_audio(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    A pipe is opened without waiting for whoever would write into it, and refused then.

    Raises:
        UnreadableError: it is not there, or may not be read.
        UnsupportedError: it is not a regular file.
    """
    try:
        stream: BinaryIO = open(path, "rb", opener=open_at_once)  # noqa: SIM115
    except IsADirectoryError:
        raise UnreadableError("is a folder") from None
    except PermissionError:
        what = "is a folder that cannot be listed" if path.is_dir() else "may not be read"
        raise UnreadableError(f"{what} (no permission)") from None
    except OSError as error:
        raise UnreadableError(f"cannot be reached ({reason(error)})") from None
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    stream.close()
    raise UnsupportedError("is not a regular file")


@contextmanager
def open_container(stream: BinaryIO) -> Iterator["InputContainer"]:
    """Let FFmpeg open a file, and turn its errors, then and later on, into ours.

    Raises:
        UnreachableError: the disk or the network fails.
        UnreadableError: empty, damaged, not audio at all, or not of the kind that its name says.
        UnsupportedError: no audio stream in it.
    """
    import av

    if stream.seek(0, os.SEEK_END) == 0:
        raise UnreadableError("is empty")
    source = _Source(stream)
    options = {
        "format_whitelist": ",".join(demuxers_for(source.name)),
        "protocol_whitelist": "",  # bytes come from the source; nothing else can be opened
    }
    try:
        # FFmpeg hands `options` on to the decoders that it looks into a file with: without this
        # limit it would decode the cover.
        with av.open(
            source,
            mode="r",
            metadata_errors="replace",
            options={"max_pixels": "1"},
            container_options=options,
        ) as container:
            if not container.streams.audio:
                raise source.error or UnsupportedError("holds no audio")
            yield container
    except (av.FFmpegError, OSError, EOFError) as error:
        if source.error is None:
            raise UnreadableError(_words(error, source.name)) from None
    # A decoder goes on with what it has, as at the end of the file.
    if source.error is not None:
        raise UnreachableError(f"cannot be read ({reason(source.error)})")


def _unseen(stream: BinaryIO) -> int:
    """Return the size of what FFmpeg is not to see: it knows no ID3v2 tag before Monkey's Audio."""
    try:
        return start_of_ape_audio(data_of(stream)) or 0
    except (ValueError, IndexError, TagError):
        return 0


def _words(error: Exception, name: str) -> str:
    """Return what is wrong with a file that FFmpeg does not read."""
    import av

    kind = format_of(name)
    if isinstance(error, av.ArgumentError) and kind is not None:  # not one of our containers
        return f"is not audio of the kind that its name says ({kind.name}), or is damaged"
    # A decoder that stumbles may say so in the words of the file system, or ask for patches.
    misleading = isinstance(error, (PermissionError, av.PatchWelcomeError))
    said = "" if misleading else f" ({reason(error)})"
    return f"is not audio, or is damaged{said}"


class _Source:
    """An open file as PyAV takes it.

    Its methods never raise, since PyAV prints what it cannot pass on, with a traceback.

    Attributes:
        name: of no file, so that it cannot be mistaken for a protocol; its suffix helps FFmpeg
            where the first bytes say little.
        error: the first that reading met.
    """

    def __init__(self, stream: BinaryIO) -> None:
        """Begin with the first byte of an open file that FFmpeg is to see."""
        self._start = 0
        self._stream = stream
        self.name = f"file{Path(str(stream.name)).suffix.lower()}"
        self.error: OSError | None = None
        try:
            self._start = _unseen(stream)
        except OSError as error:
            self.error = error
        stream.seek(self._start)

    def seekable(self) -> bool:
        return self._stream.seekable()

    def read(self, size: int) -> bytes:
        if self.error is None:
            try:
                return self._stream.read(size)
            except OSError as error:
                self.error = error
        return b""

    def seek(self, offset: int, whence: int) -> int:
        try:
            skipped = self._start if whence == os.SEEK_SET else 0
            return self._stream.seek(skipped + offset, whence) - self._start
        except (OSError, ValueError):  # damaged containers point before their beginning
            return -1

    def tell(self) -> int:
        return self._stream.tell() - self._start
