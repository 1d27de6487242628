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
from collections.abc import Callable, Collection, Iterator, Sequence
from io import FileIO as RawFile
from pathlib import Path

from tagger.errors import TagError, reason
from tagger.identity import Identity
from tagger.options import Mtime
from tagger.tags.change import Change, Held
from tagger.tags.containers.base import Data, open_data, spliced
from tagger.tags.content import Content, content_of, same_audio
from tagger.tags.genre_fields.base import WriteStyle
from tagger.tags.genre_fields.layouts import layout_of, understood
from tagger.tags.mutagen_tags import open_tags
from tagger.writing.temporary import temporary_for

_READ_ONLY = "may not be written (it is read-only, or its folder is)"
_PLAIN = WriteStyle()

_COPY_SIZE = 1 << 18  # bytes
_FICLONE = 0x40049409  # ioctl of Linux: share the blocks of another file, copy on write


def plan(
    path: Path,
    *,
    genres: Sequence[str] | None = None,
    back_to: Held | None = None,
    expected: Identity | None = None,
    style: WriteStyle = _PLAIN,
) -> Change:
    """Look at a file and say what is to be changed; nothing is touched.

    Args:
        path: the file.
        genres: what its tags are to mean, or
        back_to: what they held before.
        expected: what the file was when it was looked at before.
        style: how several genres are spelled.

    Raises:
        TagError: the file cannot be read, its tags cannot hold the genres, or it is no longer the
            one that was looked at.
    """
    try:
        real = path.resolve(strict=True)
        identity = Identity.of(real)
    except (OSError, RuntimeError) as error:
        raise TagError(f"cannot be reached ({reason(error)})") from None
    if expected is not None and identity != expected:
        raise TagError("was changed since it was analysed")
    with understood():
        data = open_data(real)
        layout = layout_of(data)
        content = content_of(data)
        if back_to is not None:
            items = layout.items_back(back_to.items, back_to.texts)
        else:
            items = layout.items_for(genres or (), style)
        splices = tuple(layout.splices(items))
    tags = open_tags(real)
    return Change(
        path=real,
        temporary=temporary_for(real),
        identity=identity,
        old=Held.of(layout),
        new=Held(
            texts={field.name: field.codec.texts(items[field.name]) for field in layout.fields},
            items=items,
        ),
        splices=splices,
        meaning=None if genres is None else tuple(genres),
        kind=type(tags.file),
        others=tags.others(),
        content=content,
    )


def rehearse(change: Change, *, strict_owner: bool = False) -> None:
    """Find out without writing whether a planned change could be made.

    Raises:
        TagError: it could not, and why.
    """
    check_permissions(change.path, strict_owner=strict_owner)
    growth = sum(splice.growth for splice in change.splices)
    with contextlib.suppress(OSError):
        if shutil.disk_usage(change.path.parent).free < change.identity.size + growth:
            raise TagError("could not be written (no space left on device)")
    rehearse_content(change)


def rehearse_content(change: Change) -> None:
    """Find out whether a file would keep all that it holds, were a planned change made.

    Raises:
        TagError: it would not, and why.
    """
    with understood():
        _check_fields(change, new := spliced(open_data(change.path), change.splices))
        _check_content(change, content_of(new))


def check_permissions(path: Path, *, strict_owner: bool = False) -> None:
    """Find out whether permissions and owners let a file be replaced.

    Raises:
        TagError: they do not, or the file cannot be reached.
    """
    with understood():
        real = path.resolve(strict=True)
        status, folder = real.stat(), real.parent.stat()
    effective = os.access in os.supports_effective_ids
    if not (
        os.access(real, os.W_OK, effective_ids=effective)
        and os.access(real.parent, os.W_OK | os.X_OK, effective_ids=effective)
    ):
        raise TagError(_READ_ONLY)
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in (status.st_uid, folder.st_uid):
        raise TagError("may not be replaced (its folder lets only its owner do that)")
    inherited = folder.st_gid if folder.st_mode & stat.S_ISGID else os.getegid()
    lost = ["group"] if status.st_gid not in (inherited, *os.getgroups(), os.getegid()) else []
    lost += ["owner"] if status.st_uid != os.geteuid() else []
    if lost and strict_owner:
        raise TagError(_not_kept(lost))


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
        raise TagError(_READ_ONLY) from None
    except OSError as error:
        raise TagError(f"could not be written ({reason(error)})") from None


def _copy(change: Change) -> None:
    """Write the changed file beside the original, sharing blocks where the file system can."""
    # The rename would succeed in a writable folder, but "read only" is meant.
    effective = os.access in os.supports_effective_ids
    if not os.access(change.path, os.W_OK, effective_ids=effective):
        raise PermissionError
    with (
        change.path.open("rb", buffering=0) as original,
        change.temporary.open("xb", buffering=0) as copy,
    ):
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
        _check_fields(change, copy)
        _check_content(change, content_of(copy))
    if open_tags(change.temporary, change.kind).others() != change.others:
        raise TagError("was left alone: another tag would have changed")
    if not same_audio(change.path, change.temporary):
        raise TagError("was left alone: its audio would have changed")


def _check_fields(change: Change, data: Data) -> None:
    written = layout_of(data).items
    for name, items in change.new.items.items():
        if written.get(name) != items:
            raise TagError(f"was left alone: its {name} tag would not hold this genre")


def _check_content(change: Change, content: Content) -> None:
    if lost := change.content.items - content.items:
        name = next(iter(lost))[0].decode("utf-8", "replace")
        raise TagError(f"was left alone: another tag would have been lost ({name})")
    if content.fingerprint != change.content.fingerprint:
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


def _not_kept(lost: Collection[str]) -> str:
    return f"was left alone: its {' and '.join(sorted(lost))} could not be kept"


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
