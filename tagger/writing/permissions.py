"""Whether permissions and owners let a file be replaced by a changed copy."""

import os
import stat
from collections.abc import Collection
from pathlib import Path

from tagger.errors import TagError, reason

READ_ONLY = "may not be written (it is read-only, or its folder is)"


def may_write(path: Path) -> bool:
    """Tell whether the user may write a file, or change the names in a folder."""
    mode = os.W_OK | (os.X_OK if path.is_dir() else 0)
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def check_permissions(path: Path, *, strict_owner: bool = False) -> None:
    """Find out whether permissions and owners let a file be replaced.

    Raises:
        TagError: they do not, or the file cannot be reached.
    """
    try:
        real = path.resolve(strict=True)
        status, folder = real.stat(), real.parent.stat()
    except (OSError, RuntimeError) as error:
        raise TagError(f"cannot be reached ({reason(error)})") from None
    if not (may_write(real) and may_write(real.parent)):
        raise TagError(READ_ONLY)
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in (status.st_uid, folder.st_uid):
        raise TagError("may not be replaced (its folder lets only its owner do that)")
    inherited = folder.st_gid if folder.st_mode & stat.S_ISGID else os.getegid()
    lost = ["group"] if status.st_gid not in (inherited, *os.getgroups(), os.getegid()) else []
    lost += ["owner"] if status.st_uid != os.geteuid() else []
    if lost and strict_owner:
        raise TagError(not_kept(lost))


def not_kept(lost: Collection[str]) -> str:
    """Return why a file was left alone whose owner, group or permissions could not be kept."""
    return f"was left alone: its {' and '.join(sorted(lost))} could not be kept"
