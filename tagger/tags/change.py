"""A change of the genre of one file."""

from dataclasses import dataclass
from pathlib import Path

from tagger.identity import Identity
from tagger.tags.content import Content
from tagger.tags.families import Texts


@dataclass(frozen=True)
class Change:
    """A change of the genre of one file, ready to be made."""

    path: Path  # of the file itself, links resolved
    temporary: Path
    identity: Identity
    old: Texts
    new: Texts
    meaning: Texts | None  # the genres that the new texts are to mean; None: whatever they mean
    old_id3v1: int | None  # the number of the genre in an ID3v1 tag; None: there is no such tag
    new_id3v1: int | None
    kind: type  # mutagen's class for it
    others: object  # the other tags as mutagen has them, and
    content: Content  # all but the genre as the bytes have it: both are to stay as they are
