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
REPEAT = "; once it can, repeat the command: what is done is kept"
RESUME = (
    "; once it can, --resume goes on after the last whole epoch (crossvalidate does so by itself)"
)


@contextmanager
def writing(path: Path, then: str = REPEAT) -> Iterator[None]:
    """Name the file or folder that is written here if that fails, on a full disk say.

    Args:
        path: What is written.
        then: What the user is told to do, the end of the sentence.

    Raises:
        DataError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be written ({reason(error)}){then}.") from None


@contextmanager
def whole(file: Path, then: str = REPEAT) -> Iterator[BinaryIO]:
    """Write a file under another name, and give it its own when all of it is there.

    Raises:
        DataError: it cannot be written; what was there before stays.
    """
    part = file.with_name(f".{os.getpid()}.part")
    with writing(file, then):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                yield stream
            part.replace(file)
        finally:
            with suppress(OSError):
                part.unlink()


@contextmanager
def all_or_nothing(folder: Path) -> Iterator[Path]:
    """Give a scratch folder; its files move to `folder` once all of them are whole.

    They are written there as they are: errors name `folder`, which the user knows.

    Raises:
        DataError: the folder cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="part.", dir=folder) as scratch:
            yield Path(scratch)
            for file in sorted(Path(scratch).iterdir()):
                file.replace(folder / file.name)


def content_digest(path: Path) -> str:
    """Return a digest of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file as `whole` does."""
    with whole(file) as stream:
        stream.write(json_bytes(content))


def write_text(file: Path, text: str, then: str = REPEAT) -> None:
    """Write a text file as `whole` does."""
    with whole(file, then) as stream:
        stream.write(_encoded(text))


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Return a JSON file that people read as well."""
    return _encoded(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _encoded(text: str) -> bytes:
    """Return UTF-8; the name of a file that is not becomes an escape, as JSON has them."""
    return text.encode("utf-8", "backslashreplace")
