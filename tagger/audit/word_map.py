"""From the genre words in the tags of a library to the labels of a model."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from tagger.audit.genre_words import GENRE_WORDS
from tagger.tags.genre_names import plain, spelling

Labels = frozenset[str]

_JOINTS = re.compile(r"\band\b|['’]n['’]|\bn\b")
_BETWEEN_GENRES = re.compile(r"[/,;|&+]")
_BETWEEN_WORDS = re.compile(r"[\s_–-]+")


class WordMap:
    """Finds the labels of a model that the genre words of a library stand for.

    A word stands for a label that has its name, for one that it is a kind of ("Hard Rock": Rock),
    and for one that is a kind of it ("Electronic": a label Techno). A word that is not known is
    divided at slashes and commas ("Rock/Pop"); if that does not help, it counts as what it ends
    with ("Swedish Death Metal": Death Metal).
    """

    def __init__(
        self,
        labels: Sequence[str],
        names_of: Callable[[str], Iterable[str]] = lambda _: (),
        own: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Prepare the map for one model.

        Args:
            labels: those of the model.
            names_of: other names that a label gets in tags.
            own: the user's words, each with the genres that it stands for; they take the place of
                those of the built-in table.
        """
        self._known = _built_in(labels)
        for label in labels:
            for name in (label, spelling(label), *names_of(label)):
                self._known[_key(name)] = self._known.get(_key(name), Labels()) | {label}
        self._known |= {
            _key(word): Labels().union(*map(self._search, genres))
            for word, genres in (own or {}).items()
        }
        self._found: dict[str, Labels] = {}

    def labels_of(self, text: str) -> Labels:
        """Return the labels that one genre of a tag stands for; none if it is not known."""
        if text not in self._found:
            self._found[text] = self._search(text)
        return self._found[text]

    def _search(self, text: str) -> Labels:
        if (whole := self._known.get(_key(text))) is not None:
            return whole
        if len(parts := _BETWEEN_GENRES.split(text)) > 1:
            return Labels().union(*map(self._search, parts))
        words = _BETWEEN_WORDS.split(text)
        endings = (_key(" ".join(words[start:])) for start in range(1, len(words)))
        return next((self._known[end] for end in endings if end in self._known), Labels())


def _built_in(labels: Iterable[str]) -> dict[str, Labels]:
    """Return the words of the built-in table, with no label where the model has none for them."""
    by_key = {_key(spelling(label)): label for label in labels}
    known: defaultdict[str, set[str]] = defaultdict(set)
    for genre, text in GENRE_WORDS.items():
        label = by_key.get(_key(genre))
        for word in map(_key, [genre, *text.split(",")]):
            known[word].update([label] if label else [])
            if word in by_key:
                known[_key(genre)].add(by_key[word])
    return {word: Labels(found) for word, found in known.items()}


def _key(word: str) -> str:
    """Return a word without what spellings of it differ in."""
    return plain(unicodedata.normalize("NFKD", _JOINTS.sub(" ", word.casefold())))
