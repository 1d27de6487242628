"""The names that a user wants for the genres of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tagger.tags.genre_names import plain, spelling


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What is written for the labels of a model.

    Attributes:
        names: names that take the place of a label's own, by labels or their ID3v1 spellings; a
            label with none is never written.
        parents: names that are written beside a name, in any spelling of it.
    """

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def names_of(self, label: str) -> tuple[str, ...]:
        """Return the names that a label gets in a tag; none if it is not written.

        Parents come last, since some players show the first genre alone.
        """
        spelled = spelling(label)
        found = [*self.names.get(label, self.names.get(spelled, (spelled,)))]
        above = {plain(name): parents for name, parents in self.parents.items()}
        for name in found:  # it grows: a parent can have parents
            found += [parent for parent in above.get(plain(name), ()) if parent not in found]
        return tuple(dict.fromkeys(found))
