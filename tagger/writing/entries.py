"""The entries of the journal, and the columns that they are kept in.

A database can be damaged in ways that SQLite does not see, and be edited by anybody. What cannot
be what genretag wrote raises a ValueError.
"""

import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from tagger.identity import Identity
from tagger.tags.change import Held
from tagger.tags.genre_names import Texts

_YEAR_9999 = 253_370_764_800  # seconds since 1970: later times cannot be shown


class State(StrEnum):
    """How far a write has come."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"  # the file is as it was
    UNDONE = "undone"

    @property
    def shown(self) -> str:
        """The word for people."""
        return {State.DONE: "written", State.BEGUN: "unfinished"}.get(self, str(self))


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write of the journal."""

    id: int
    run: int
    path: Path
    temporary: Path
    before: Held
    after: Held
    fingerprint: bytes
    state: State

    @property
    def old(self) -> Texts:
        """The genre texts that it replaced."""
        return self.before.shown

    @property
    def new(self) -> Texts:
        """The genre texts that it wrote."""
        return self.after.shown


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run that wrote, with how many of its writes are in which state."""

    id: int
    started: float
    command: str
    counts: dict[State, int]

    @property
    def started_utc(self) -> str:
        """When it started, in ISO 8601."""
        return datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A file as it was when a scan put it into a table."""

    size: int
    mtime_ns: int
    source: str  # to be noted beside the genres of its row; empty: nothing

    def is_still(self, now: Identity) -> bool:
        """Tell whether a file is as it was, on a drive that may have been mounted again."""
        return (self.size, self.mtime_ns) == (now.size, now.mtime_ns)


def held_column(held: Held) -> str:
    """Return what the fields of a file hold: texts, and bytes in base 64, for each."""
    return json.dumps(
        {
            field: {
                "texts": held.texts.get(field, ()),
                "items": [b64encode(item).decode() for item in items],
            }
            for field, items in held.items.items()
        }
    )


def _read_held(text: Any) -> Held:
    """Read what `held_column` wrote, or the list of texts that was written before bytes were kept.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(text, str):
        raise ValueError("its genres are no text")
    fields = json.loads(text)
    if isinstance(fields, list):
        return Held(texts={"": _texts(fields)}, items={})
    try:
        return Held(
            texts={name: _texts(field["texts"]) for name, field in fields.items()},
            items={name: tuple(map(b64decode, field["items"])) for name, field in fields.items()},
        )
    except (AttributeError, KeyError, TypeError):
        raise ValueError("its genres are not those of a file") from None


def _texts(values: Any) -> Texts:
    if not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
        raise ValueError("its genres are no list of texts")
    return tuple(values)


def read_run(row: tuple[Any, ...], counts: dict[int, dict[State, int]]) -> RunRecord:
    """Read a row of the table `run`.

    Raises:
        ValueError: it is not what genretag writes.
    """
    number, started, command = row
    if not (isinstance(started, float) and 0 <= started < _YEAR_9999):
        raise ValueError("its time is out of range")
    if not isinstance(command, str):
        raise ValueError("its command is no text")
    return RunRecord(id=number, started=started, command=command, counts=counts.get(number, {}))


def read_write(row: tuple[Any, ...]) -> Write:
    """Read a row of the table `write`.

    Raises:
        ValueError: it is not what genretag writes.
    """
    number, run, path, temporary, old, new, fingerprint, state = row
    if not isinstance(fingerprint, bytes):
        raise ValueError("its fingerprint is not bytes")
    return Write(
        id=number,
        run=run,
        path=_read_path(path),
        temporary=_read_path(temporary),
        before=_read_held(old),
        after=_read_held(new),
        fingerprint=fingerprint,
        state=State(state),
    )


def _read_path(value: Any) -> Path:
    if not isinstance(value, bytes) or not value or b"\0" in value:
        raise ValueError("a path cannot be one")
    return Path(os.fsdecode(value))
