"""What stands in the file with the user's settings, checked."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_type_hints

from tagger.errors import ConfigError
from tagger.options import ScanOptions
from tagger.settings.schema import Config, FolderRule, ReviewSettings, Source, WriteSettings
from tagger.settings.values import checked, names, nearest
from tagger.tags.genre_names import plain, spelling

_NO_KEYS = ("paths", "config", "given")  # of a scan: they concern the command line alone


def parse(source: Source) -> Config:
    """Return the settings of a file.

    Raises:
        ConfigError: it is not valid TOML, or has a wrong key or value.
    """
    try:
        content = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source.file} is not valid TOML: {error}.") from None
    for section, table in content.items():
        _check_section(source, section, table)
    scan = {
        name.rstrip("_"): hint  # "for" is a word of Python
        for name, hint in _fields(ScanOptions).items()
        if name not in _NO_KEYS
    }
    write = _checked(source, "write", content.get("write", {}), _fields(WriteSettings))
    review = _checked(source, "review", content.get("review", {}), _fields(ReviewSettings))
    return Config(
        source=source,
        scan=_checked(source, "scan", content.get("scan", {}), scan),
        genres=_genres(source, "genres", content.get("genres", {})),
        parents=_genres(source, "parents", content.get("parents", {})),
        genre_words=_genres(source, "genre_words", content.get("genre_words", {})),
        write=WriteSettings(**write),
        review=ReviewSettings(**review),
        folders=tuple(_folders(source, content.get("folder", []))),
    )


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


def _check_section(source: Source, section: str, table: object) -> None:
    tables = ("scan", "genres", "parents", "genre_words", "write", "review")
    known = {**dict.fromkeys(tables, dict), "folder": list}
    if section not in known:
        raise ConfigError(
            f"{source.place(section)}: unknown setting {section!r}.{nearest(section, known)}"
        )
    if not isinstance(table, known[section]):
        form, what = f"[{section}]", "a table"
        if known[section] is list:
            form, what = f"[{form}]", "a list of tables"
        raise ConfigError(f"{source.place(section)}: {form} must be {what}.")


def _fields(record: type) -> dict[str, Any]:
    return get_type_hints(record)


def _checked(
    source: Source,
    section: str,
    table: Mapping[str, object],
    fields: Mapping[str, Any],
    *,
    index: int = 0,
) -> dict[str, Any]:
    """Return the values of a section by the fields that take them."""
    found = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        try:
            if name not in fields:
                raise ValueError(f"unknown setting {key!r}.{nearest(name, fields)}")
            found[name] = checked(key, value, fields[name])
        except ValueError as error:
            raise ConfigError(f"{source.place(section, key, index)}: {error}") from None
    return found


def _genres(
    source: Source, section: str, table: Mapping[str, object]
) -> dict[str, tuple[str, ...]]:
    found = {}
    for key, value in table.items():
        try:
            found[key] = names(key, value)
        except ValueError as error:
            raise ConfigError(f"{source.place(section, key)}: {error}") from None
    return found


def _folders(source: Source, tables: Iterable[object]) -> Iterator[FolderRule]:
    for index, table in enumerate(tables):
        place = source.place("folder", index=index)
        if not isinstance(table, dict):
            raise ConfigError(f"{place}: [[folder]] must be a list of tables.")
        found = _checked(source, "folder", table, _fields(FolderRule), index=index)
        if "path" not in found:
            raise ConfigError(f"{place}: [[folder]] needs a path.")
        yield FolderRule(**found)
