"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tagger.errors import DataError, reason

PARTS = ".*.part"  # what files are called until they are whole


@contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """Write a file under another name, and give it its own when all of it is there.

    Raises:
        DataError: it cannot be written, on a full disk say; what was there before stays.
    """
    part = file.with_name(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            yield stream
        part.replace(file)
    except OSError as error:
        raise DataError(
            f"{file} cannot be written ({reason(error)}); once it can, repeat the command: "
            "what is done is kept."
        ) from None
    finally:
        with suppress(OSError):
            part.unlink()
