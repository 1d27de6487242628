"""A change of the genre of one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tagger.identity import Identity
from tagger.tags.containers.base import Splice
from tagger.tags.content import Content
from tagger.tags.genre_fields.base import ID3V1, Items, Layout
from tagger.tags.genre_names import Texts


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the fields of a file hold."""

    texts: Mapping[str, Texts]  # of each genre field, word for word
    items: Mapping[str, Items]  # of each field, source fields too, as bytes

    @property
    def shown(self) -> Texts:
        """The texts of the first field that has any."""
        return next((texts for texts in self.texts.values() if texts), ())

    @classmethod
    def of(cls, layout: Layout) -> "Held":
        """Return what these fields hold."""
        return cls(texts=layout.texts, items=layout.items)

    def says(self, other: "Held") -> bool:
        """Tell whether both say the same, in whatever bytes; a number of ID3v1 says too little."""
        return self._words == other._words

    @property
    def _words(self) -> set[Texts]:
        return {texts for field, texts in self.texts.items() if texts and field != ID3V1}


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
    source: str  # what is noted about where they came from
    kind: type  # mutagen's class for the file
    others: object  # the other tags as mutagen has them, and
    content: Content  # all but the genre as the bytes have it: both are to stay as they are
