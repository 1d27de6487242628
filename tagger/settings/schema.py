"""What a configuration file can say, as frozen records: a key is a field here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tagger.settings.lines import line_of
from tagger.tags.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True)
class WriteSettings:
    """`[write]`: how genres are written, by every command that writes new ones."""

    whitelist: tuple[str, ...] | None = None  # no other genres are written; None: all are
    id3v23_separator: str = "/"  # between several genres in ID3v2.3, which has no lists
    joined: str = ""  # not empty: all genres of a file become one value, separated by this
    provenance: bool = False  # note beside a genre where it came from


@dataclass(frozen=True, kw_only=True)
class ReviewSettings:
    """`[review]`: how `genretag review` works."""

    player: str | None = None  # a command with {file}, {start} and {seconds}; None: the first found


@dataclass(frozen=True, kw_only=True)
class FolderRule:
    """`[[folder]]`: other settings for a folder and what is below it; None: as elsewhere."""

    path: Path  # absolute
    skip: bool | None = None
    album: bool | None = None
    min_confidence: float | None = None


def set_fields(settings: WriteSettings | ReviewSettings | FolderRule) -> dict[str, Any]:
    """Return what is not left at its default, as values of JSON."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(settings).items()
        if value is not None and value != settings.__dataclass_fields__[name].default
    }


@dataclass(frozen=True, kw_only=True)
class Source:
    """The file that settings were read from."""

    file: Path
    text: str = field(default="", repr=False)

    def place(self, section: str, key: str = "", index: int = 0) -> str:
        """Return the file with the line of a section or key, to begin a sentence with."""
        line = line_of(self.text, section, key, index)
        return f"{self.file}, line {line}" if line else str(self.file)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of a file.

    Attributes:
        source: the file.
        scan: options of `scan`, by the names of its parameters.
        genres: the names that take the place of a genre's own.
        parents: broader genres that are written beside a name.
        genre_words: words of the library's tags, each with the genres that it is a kind of.
        write: how genres are written.
        review: how `genretag review` works.
        folders: rules for folders, in the order of the file.
    """

    source: Source = field(compare=False)
    scan: Mapping[str, Any] = field(default_factory=dict)
    genres: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    genre_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    write: WriteSettings = WriteSettings()
    review: ReviewSettings = ReviewSettings()
    folders: tuple[FolderRule, ...] = ()

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that genres of the model get."""
        return Vocabulary(names=self.genres, parents=self.parents)
