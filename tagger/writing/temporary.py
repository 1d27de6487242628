"""The names of the copies in which changes are made, beside the files that they are to replace."""

import re
import secrets
from pathlib import Path

TEMPORARY_PREFIX = ".genretag-"
_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + "[0-9a-f]{16}")


def temporary_for(path: Path) -> Path:
    """Return a new name beside a file, with its suffix."""
    return path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{path.suffix}")


def is_temporary_of(temporary: Path, path: Path) -> bool:
    """Tell whether a path may be that of the copy of a file; nothing else is ever removed."""
    name = temporary.name.removesuffix(path.suffix)
    return temporary.parent == path.parent and _NAME.fullmatch(name) is not None
