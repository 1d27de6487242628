"""The user's settings: one TOML file; `EXAMPLE` shows what can be in it."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from tagger.errors import ConfigError, reason
from tagger.options import ScanOptions
from tagger.paths import chosen_home
from tagger.settings.schema import Config, FolderRule, ReviewSettings, Source, WriteSettings
from tagger.settings.values import checked, names, nearest

FILE_NAME = "config.toml"
_NO_KEYS = ("paths", "config", "given")  # of a scan: they concern the command line alone

EXAMPLE = """\
# Settings of genretag. What is on the command line, or in the environment (GENRETAG_SCAN_TOP=2),
# takes the place of what is here.

[scan]
# Every option of "genretag scan" can stand here, such as:
# min_confidence = 0.6
# top = 2
# exclude = ["Podcasts", "*/Live/*"]
# mtime = "bump"
# nice = true
# for = "4h"
# log = "~/genretag.log"
# after = "mpc --quiet update"

[genres]
# A genre can get another name, several names, or none; then it is never written:
# Hip-Hop = "Rap"
# Jazz = ["Jazz", "Instrumental"]
# Pop = []

[parents]
# A broader genre that is written beside a name, after it:
# Disco = "Dance"
# Metal = ["Rock"]

[genre_words]
# Words in your tags that "genretag audit" does not know, with the genres that they are kinds of:
# "Dungeon Synth" = "Metal"
# Schlager = ["Pop", "Country"]

[write]
# No other genres than these are written:
# whitelist = ["Rap", "Jazz", "Instrumental"]
# What separates several genres in ID3v2.3, which has no lists:
# id3v23_separator = "/"
# For players that read one value: all genres of a file in one, separated by this:
# joined = "; "
# Note beside a genre that scan writes where it came from, in GENRE_SOURCE:
# provenance = true

[review]
# What plays a track in "genretag review":
# player = "ffplay -nodisp -autoexit -ss {start} -t {seconds} {file}"

# Other settings for a folder and what is below it; of several, the innermost counts:
# [[folder]]
# path = "~/Music/Live"
# min_confidence = 0.8
# album = true
#
# [[folder]]
# path = "~/Music/Podcasts"
# skip = true
"""


def default_file() -> Path:
    """Return the path of the configuration: in GENRETAG_HOME, or in the platform's folder."""
    if home := chosen_home():
        return home / FILE_NAME
    import platformdirs

    return Path(platformdirs.user_config_dir("genretag", appauthor=False)) / FILE_NAME


def load(file: Path | None = None) -> Config:
    """Read a file that was named, or the default one if it exists.

    Raises:
        ConfigError: it cannot be read, or has a wrong key or value.
    """
    chosen = file or default_file()
    try:
        source = Source(file=chosen, text=chosen.read_text("utf-8-sig"))
        content = tomllib.loads(source.text)
    except (FileNotFoundError, NotADirectoryError):
        if file is None:
            return Config(source=Source(file=chosen))
        raise ConfigError(f"There is no configuration file {chosen}.") from None
    except OSError as error:
        raise ConfigError(f"The configuration {chosen} cannot be read ({reason(error)}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{chosen} is not in UTF-8; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{chosen} is not valid TOML: {error}.") from None
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
    from tagger.tags.genre_names import plain, spelling

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
