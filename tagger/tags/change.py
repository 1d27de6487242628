"""A change of the genre of one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tagger.identity import Identity
from tagger.tags.containers.base import Splice
from tagger.tags.content import Content
from tagger.tags.places.base import Items, Texts


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the places of a file hold of its genre."""

    texts: Mapping[str, Texts]  # of each place, word for word
    items: Mapping[str, Items]  # of each place, as bytes

    @property
    def shown(self) -> Texts:
        """The texts of the first place that has any."""
        return next((texts for texts in self.texts.values() if texts), ())


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of the genre of one file, ready to be made."""

    path: Path  # of the file itself, links resolved
    temporary: Path
    identity: Identity
    old: Held
    new: Held
    splices: tuple[Splice, ...]  # none: there is nothing to change
    meaning: Texts | None  # the genres that the file is to have; None: whatever it had before
    kind: type  # mutagen's class for the file
    others: object  # the other tags as mutagen has them, and
    content: Content  # all but the genre as the bytes have it: both are to stay as they are
