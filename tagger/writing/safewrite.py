"""Changes the tags of a file so that no accident leaves anything but the old or the new file.

The change is made in a copy beside the original, read back and compared, and takes the original's
place in one rename. Whoever looks, at whatever moment, sees the whole old file or the whole new.

- A symbolic link stays; the file it leads to is replaced.
- Of several hard links to a file, the one that was named gets the new file; the others keep the
  old one. Writing into a file that has other names would change it behind their back.
- Mode, owner, group and extended attributes (on Linux) are those of the original, as far as the
  user may set them; the modification time on request.
"""

import contextlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from io import FileIO as RawFile
from pathlib import Path

from tagger.errors import TagError, reason
from tagger.identity import Identity
from tagger.options import Mtime
from tagger.tags.change import Change
from tagger.tags.containers.base import open_at_once, open_data
from tagger.tags.content import content_of, same_audio
from tagger.tags.genre_fields.layouts import understood
from tagger.tags.mutagen_tags import open_tags
from tagger.writing.permissions import READ_ONLY, check_permissions, may_write, not_kept
from tagger.writing.planning import NOT_RECOGNISED, check_content, check_fields

_COPY_SIZE = 1 << 18  # bytes
_FICLONE = 0x40049409  # ioctl of Linux: share the blocks of another file, copy on write


def flush(path: Path) -> None:
    """Have a file, or a folder's list of names, on the disk before going on."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such thing for folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make(
    change: Change,
    *,
    mtime: Mtime = "now",
    strict_owner: bool = False,
    flush_folder: Callable[[Path], object] = flush,
) -> frozenset[str]:
    """Make a planned change; when this returns, it is on the disk.

    Args:
        change: what `plan` said.
        mtime: the modification time that the file gets.
        strict_owner: refuse a file whose owner, group or permissions cannot be kept.
        flush_folder: has a folder's list of names on the disk.

    Returns:
        What of owner, group and permissions could not be kept.

    Raises:
        TagError: it was not made; the original is untouched and the copy is gone.
    """
    try:
        try:
            _copy(change)
            _verify(change)
            lost = _keep_attributes(change.path, change.temporary, mtime)
            if lost and strict_owner:
                raise TagError(not_kept(lost))
            flush(change.temporary)
            if Identity.of(change.path) != change.identity:
                raise TagError("was changed while it was being written")
            change.temporary.replace(change.path)
        except BaseException:
            with contextlib.suppress(OSError):
                change.temporary.unlink(missing_ok=True)
            raise
        # The file is new and whole whether or not this succeeds; the rename is safe from a power
        # cut only if it does.
        with contextlib.suppress(OSError):
            flush_folder(change.path.parent)
        return lost
    except PermissionError:
        check_permissions(change.path)  # which knows more reasons
        raise TagError(READ_ONLY) from None
    except OSError as error:
        raise TagError(f"could not be written ({reason(error)})") from None


def _copy(change: Change) -> None:
    """Write the changed file beside the original, sharing blocks where the file system can.

    Raises:
        TagError: what stands at the path is not the file that was looked at.
    """
    # The rename would succeed in a writable folder, but "read only" is meant.
    if not may_write(change.path):
        raise PermissionError
    with (
        open(change.path, "rb", buffering=0, opener=open_at_once) as original,
        change.temporary.open("xb", buffering=0) as copy,
    ):
        if Identity.of_open(original) != change.identity:
            raise TagError("was changed while it was being written")
        in_place = not any(splice.growth for splice in change.splices)
        if in_place and _share_blocks(original, copy):
            for splice in change.splices:
                copy.seek(splice.start)
                _write(copy, splice.new)
            return
        position = 0
        for splice in sorted(change.splices, key=lambda splice: (splice.start, splice.stop)):
            _copy_part(original, copy, position, splice.start)
            _write(copy, splice.new)
            position = splice.stop
        _copy_part(original, copy, position, change.identity.size)


def _share_blocks(original: RawFile, copy: RawFile) -> bool:
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
            return True
    return False


def _copy_part(original: RawFile, copy: RawFile, start: int, stop: int) -> None:
    # In large pieces: what `sendfile` does page by page costs half as much again.
    buffer = memoryview(bytearray(min(_COPY_SIZE, max(0, stop - start))))
    original.seek(start)
    while start < stop:
        size = original.readinto(buffer[: stop - start])
        if not size:
            raise TagError("was changed while it was being written")
        _write(copy, buffer[:size])
        start += size


def _write(copy: RawFile, content: bytes | memoryview) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[copy.write(rest) :]


def _verify(change: Change) -> None:
    """Read the copy back and compare it with the original, by our own reader and by mutagen."""
    with understood():
        copy = open_data(change.temporary)
        check_fields(change, copy)
        check_content(change, content_of(copy))
    try:
        tags = open_tags(change.temporary)
    except TagError:
        tags = None
    if tags is None or type(tags.file) is not change.kind:
        raise TagError(NOT_RECOGNISED)
    if tags.others() != change.others:
        raise TagError("was left alone: another tag would have changed")
    if not same_audio(change.path, change.temporary):
        raise TagError("was left alone: its audio would have changed")


def _keep_attributes(source: Path, target: Path, mtime: Mtime) -> frozenset[str]:
    """Give the copy the attributes of the original; return what could not be kept."""
    original, copy = source.stat(), target.stat()
    lost = set(_keep_owner(target, original, copy))
    shutil.copystat(source, target)  # extended attributes, access lists among them, mode, times
    if stat.S_IMODE(target.stat().st_mode) != stat.S_IMODE(original.st_mode):
        lost.add("permissions")
    modified = {
        "now": copy.st_mtime_ns,
        "bump": original.st_mtime_ns + 10**9,
        "keep": original.st_mtime_ns,
    }
    os.utime(target, ns=(original.st_atime_ns, modified[mtime]))
    return frozenset(lost)


def _keep_owner(target: Path, original: os.stat_result, copy: os.stat_result) -> Iterator[str]:
    """Set owner and group, each on its own: a member may set the group of a file, nobody else."""
    if not hasattr(os, "chown"):
        return
    for name, user, group in (
        ("group", -1, original.st_gid if original.st_gid != copy.st_gid else -1),
        ("owner", original.st_uid if original.st_uid != copy.st_uid else -1, -1),
    ):
        if (user, group) != (-1, -1):
            try:
                os.chown(target, user, group)
            except PermissionError:
                yield name
