"""Where a genre came from, as genretag notes it beside the genre: program, model and confidence.

The note also holds the genre. Where that is no longer what the tag says, somebody has edited it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tagger import __version__

_PROGRAM = "genretag "
_SEPARATOR = "; "
_PARTS = 4


def is_ours(text: str) -> bool:
    """Tell whether genretag wrote a note; other programs may use the same field."""
    return text.startswith(_PROGRAM)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a genre was written by.

    Attributes:
        version: of genretag.
        model: the name of the model file.
        confidence: of the surest genre, 0 to 1.
        genres: that were written, as one text.
    """

    model: str
    confidence: float
    genres: str
    version: str = __version__

    def __str__(self) -> str:
        """Return the note, such as "genretag 0.1.0; vgg16-gtzan; 0.81; Jazz"."""
        model = self.model.replace(_SEPARATOR.strip(), ",")
        parts = (f"{_PROGRAM}{self.version}", model, f"{self.confidence:.2f}", self.genres)
        return _SEPARATOR.join(parts)

    @classmethod
    def parse(cls, note: str) -> Self | None:
        """Read a note; None if genretag has not written it."""
        parts = note.split(_SEPARATOR, _PARTS - 1)
        if not is_ours(note) or len(parts) < _PARTS:
            return None
        try:
            confidence = float(parts[2])
        except ValueError:
            return None
        return cls(
            version=parts[0].removeprefix(_PROGRAM),
            model=parts[1],
            confidence=confidence,
            genres=parts[3],
        )


def joined(genres: Sequence[str]) -> str:
    """Return genres as one text."""
    return _SEPARATOR.join(genres)


def is_machine_made(genres: Sequence[str], note: str) -> bool:
    """Tell whether genretag wrote these genres and nobody has edited them since."""
    known = Provenance.parse(note)
    return bool(genres) and known is not None and known.genres == joined(genres)
