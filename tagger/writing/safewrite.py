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
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tagger.errors import TagError, reason
from tagger.identity import Identity
from tagger.options import Mtime
from tagger.tags.change import Change
from tagger.tags.content import id3v1, items_of, look, same_audio
from tagger.tags.families import TaggedFile, open_tags
from tagger.tags.genres import NO_ID3V1_GENRE, id3v1_number

TEMPORARY_PREFIX = ".genretag-"

_COPY_SIZE = 1 << 18  # bytes
_FICLONE = 0x40049409  # ioctl of Linux: share the blocks of another file, copy on write


def plan(
    path: Path,
    *,
    genres: Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
    id3v1_genre: int | None = None,
    expected: Identity | None = None,
    tags: TaggedFile | None = None,
) -> Change:
    """Look at a file and say what is to be changed; nothing is touched.

    Args:
        path: the file.
        genres: what its tag is to mean, or
        texts: what its tag is to hold, word for word, and
        id3v1_genre: the number that goes into an ID3v1 tag then.
        expected: what the file was when it was looked at before.
        tags: its tags, if they were opened since then.

    Raises:
        TagError: the file cannot be read, or is no longer the one that was looked at.
    """
    try:
        real = path.resolve(strict=True)
        identity = Identity.of(real)
    except (OSError, RuntimeError) as error:
        raise TagError(f"cannot be reached ({reason(error)})") from None
    if expected is not None and identity != expected:
        raise TagError("was changed since it was listened to")
    tags = tags or open_tags(real)
    new = tuple(texts) if texts is not None else tags.texts_for(genres or ())
    tail = id3v1(real)
    if genres is not None:
        id3v1_genre = id3v1_number(genres[0]) if genres else NO_ID3V1_GENRE
    name = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{real.suffix}"
    return Change(
        real,
        real.with_name(name),
        identity,
        tags.texts,
        new,
        None if genres is None else tuple(genres),
        tail[-1] if tail else None,
        id3v1_genre if tail else None,
        type(tags.file),
        tags.others(),
        look(real),
    )


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
            _copy(change.path, change.temporary)
            _edit(change)
            lost = _keep_attributes(change.path, change.temporary, mtime)
            if lost and strict_owner:
                raise TagError(
                    f"was left alone: its {' and '.join(sorted(lost))} could not be kept"
                )
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
        raise TagError("may not be written (it is read-only, or its folder is)") from None
    except OSError as error:
        raise TagError(f"could not be written ({reason(error)})") from None


def _copy(source: Path, target: Path) -> None:
    """Copy a file's content into a new file, sharing blocks where the file system can."""
    # The rename would succeed in a writable folder, but "read only" is meant.
    effective = os.access in os.supports_effective_ids
    if not os.access(source, os.W_OK, effective_ids=effective):
        raise PermissionError
    with source.open("rb", buffering=0) as original, target.open("xb", buffering=0) as copy:
        if sys.platform == "linux":
            import fcntl

            with contextlib.suppress(OSError):
                fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
                return
        # In large pieces: what `sendfile` does page by page costs half as much again.
        buffer = memoryview(bytearray(_COPY_SIZE))
        while size := original.readinto(buffer):
            rest = buffer[:size]
            while rest:
                rest = rest[copy.write(rest) :]


def _edit(change: Change) -> None:
    """Set the genre in the copy, and compare it with the original."""
    tags = open_tags(change.temporary, change.kind)
    try:
        tags.texts = change.new
        tags.save()
    except OSError:
        raise
    except Exception as error:  # whatever an odd file makes of the library: the copy is thrown away
        raise TagError(f"could not be tagged ({reason(error)})") from None
    _restore_id3v1(change)
    _compare(change, open_tags(change.temporary, change.kind))


def _restore_id3v1(change: Change) -> None:
    """Put an ID3v1 tag back, which mutagen rebuilds or drops, with only its genre changed."""
    if change.new_id3v1 is None:
        return
    new = id3v1(change.path)[:-1] + bytes([change.new_id3v1])
    with change.temporary.open("r+b") as file:
        file.seek(-len(new) if id3v1(change.temporary) else 0, os.SEEK_END)
        file.write(new)


def _compare(change: Change, written: TaggedFile) -> None:
    if written.texts != change.new or change.meaning not in (None, written.genres):
        raise TagError("was left alone: its kind of tag cannot hold this genre as it is")
    if written.others() != change.others:
        raise TagError("was left alone: another tag would have changed")
    if change.content.items - items_of(change.temporary):
        raise TagError("was left alone: another tag would have been lost")
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
