"""Files that are there whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import Any, BinaryIO

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


@contextmanager
def all_or_nothing(folder: Path) -> Iterator[Path]:
    """Give a scratch folder; its files move to `folder` once all of them are whole.

    Raises:
        DataError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="part.", dir=folder) as scratch:
            yield Path(scratch)
            for file in sorted(Path(scratch).iterdir()):
                file.replace(folder / file.name)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {reason(error)}.") from None


def content_digest(path: Path) -> str:
    """Return a digest of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in one step: the old one stays until the new one is whole."""
    write_text(file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text file in one step: the old one stays until the new one is whole."""
    part = file.with_name(f"{file.name}.part")
    # A name of a file that is not UTF-8 becomes an escape, as JSON has them.
    part.write_text(text, "utf-8", errors="backslashreplace")
    part.replace(file)
