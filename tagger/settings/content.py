"""What stands in the file with the user's settings, checked."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_type_hints

from tagger.errors import ConfigError
from tagger.options import ScanOptions
from tagger.settings.schema import Config, FolderRule, ReviewSettings, Source, WriteSettings
from tagger.settings.values import checked, names, nearest
from tagger.tags.genre_names import plain, spelling

T = TypeVar("T")

_NO_KEYS = ("paths", "config", "given")  # of a scan: they concern the command line alone


def parse(source: Source) -> Config:
    """Return the settings of a file.

    Raises:
        ConfigError: it is not valid TOML, or has wrong keys or values, each in a line of its own.
    """
    try:
        content = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source.file} is not valid TOML: {error}.") from None
    problems = [*_wrong_sections(source, content)]
    if problems:
        raise ConfigError("\n".join(problems))
    scan = {
        name.rstrip("_"): hint  # "for" is a word of Python
        for name, hint in _fields(ScanOptions).items()
        if name not in _NO_KEYS
    }
    read = _Sections(source, content)
    config = Config(
        source=source,
        scan=read.fields("scan", scan),
        genres=read.genres("genres"),
        parents=read.genres("parents"),
        genre_words=read.genres("genre_words"),
        write=WriteSettings(**read.fields("write", _fields(WriteSettings))),
        review=ReviewSettings(**read.fields("review", _fields(ReviewSettings))),
        folders=tuple(read.folders()),
    )
    if read.problems:
        raise ConfigError("\n".join(read.problems))
    return config


def unknown_genres(config: Config, labels: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each configured genre that the model does not know, with its place.

    Args:
        config: what the file says.
        labels: those of the model.
    """
    labels = [*labels]
    known = [*map(spelling, labels), *labels]
    named = [("genres", genre, genre) for genre in config.genres]
    for word, meant in config.genre_words.items():
        named += [("genre_words", word, genre) for genre in meant]
    for section, key, genre in named:
        if genre not in known:
            place = config.source.place(section, key)
            yield f"{place}: the model has no genre {genre!r}.{nearest(genre, known)}"
    written = [name for label in labels for name in config.vocabulary.names_of(label)]
    spellings = {*map(plain, written)}
    expected = [("parents", child, child) for child in config.parents]
    expected += [("write", "whitelist", name) for name in config.write.whitelist or ()]
    for section, key, name in expected:
        if plain(name) not in spellings:
            place = config.source.place(section, key)
            yield f"{place}: no genre is written as {name!r}.{nearest(name, written)}"


def _wrong_sections(source: Source, content: Mapping[str, object]) -> Iterator[str]:
    """Yield a sentence for each section that is unknown, or is not the kind of table it must be."""
    tables = ("scan", "genres", "parents", "genre_words", "write", "review")
    known = {**dict.fromkeys(tables, dict), "folder": list}
    for section, table in content.items():
        place = source.place(section)
        if section not in known:
            yield f"{place}: unknown setting {section!r}.{nearest(section, known)}"
        elif not isinstance(table, known[section]):
            form, what = f"[{section}]", "a table"
            if known[section] is list:
                form, what = f"[{form}]", "a list of tables"
            yield f"{place}: {form} must be {what}."


def _fields(record: type) -> dict[str, Any]:
    return get_type_hints(record)


class _Sections:
    """Reads the sections of a file, and goes on where one has a wrong key or value.

    Attributes:
        problems: a sentence for each wrong key or value.
    """

    def __init__(self, source: Source, content: Mapping[str, Any]) -> None:
        self.problems: list[str] = []
        self._source = source
        self._content = content

    def fields(self, section: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a section by the fields that take them."""
        return self._checked(section, self._content.get(section, {}), fields)

    def genres(self, section: str) -> dict[str, tuple[str, ...]]:
        """Return the names in a section, by the word that they belong to."""
        table = self._content.get(section, {})
        return self._read(section, table, lambda key, value: (key, names(key, value)))

    def folders(self) -> Iterator[FolderRule]:
        """Yield the rules for folders that are as they should be."""
        for index, table in enumerate(self._content.get("folder", [])):
            place = self._source.place("folder", index=index)
            if not isinstance(table, dict):
                self.problems.append(f"{place}: [[folder]] must be a list of tables.")
                continue
            found = self._checked("folder", table, _fields(FolderRule), index=index)
            if "path" in found:
                yield FolderRule(**found)
            elif "path" not in table:
                self.problems.append(f"{place}: [[folder]] needs a path.")

    def _checked(
        self, section: str, table: Mapping[str, object], fields: Mapping[str, Any], index: int = 0
    ) -> dict[str, Any]:
        def one(key: str, value: object) -> tuple[str, Any]:
            name = key.replace("-", "_")
            if name not in fields:
                raise ValueError(f"unknown setting {key!r}.{nearest(name, fields)}")
            return name, checked(key, value, fields[name])

        return self._read(section, table, one, index)

    def _read(
        self,
        section: str,
        table: Mapping[str, object],
        one: Callable[[str, object], tuple[str, T]],
        index: int = 0,
    ) -> dict[str, T]:
        found: dict[str, T] = {}
        for key, value in table.items():
            try:
                name, read = one(key, value)
                found[name] = read
            except ValueError as error:
                self.problems.append(f"{self._source.place(section, key, index)}: {error}")
        return found
