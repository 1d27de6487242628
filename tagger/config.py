"""The user's settings: one TOML file.

[scan]                        # any option of `genretag scan`
min_confidence = 0.6
exclude = ["Podcasts"]

[genres]                      # a label of the model, or its usual name
hiphop = "Rap"                # another name
jazz = ["Jazz", "Instrumental"]
Pop = []                      # never written

[genre_words]                 # a word in the tags of the library, for `genretag audit`
"Dungeon Synth" = "Metal"     # the genre that it is a kind of
Schlager = ["Pop", "Country"]
Soundtrack = []               # of no genre of the model

[review]
player = "mpv --start={start} --length={seconds} {file}"
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_type_hints

from tagger.errors import ConfigError, reason
from tagger.options import ScanOptions
from tagger.paths import chosen_home

FILE_NAME = "config.toml"
SECTIONS = ("genre_words", "genres", "review", "scan")
_NO_KEYS = ("paths", "config")  # what a scan is told on the command line alone

EXAMPLE = """\
# Settings of genretag. What is on the command line, or in the environment (GENRETAG_SCAN_TOP=2),
# takes the place of what is here.

[scan]
# Every option of "genretag scan" can stand here, such as:
# min_confidence = 0.6
# top = 2
# exclude = ["Podcasts", "*/Live/*"]
# mtime = "bump"

[genres]
# A genre can get another name, several names, or none; then it is never written:
# Hip-Hop = "Rap"
# Jazz = ["Jazz", "Instrumental"]
# Pop = []

[genre_words]
# Words in your tags that "genretag audit" does not know, with the genres that they are kinds of:
# "Dungeon Synth" = "Metal"
# Schlager = ["Pop", "Country"]

[review]
# What plays a track in "genretag review":
# player = "ffplay -nodisp -autoexit -ss {start} -t {seconds} {file}"
"""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What the file says.

    Attributes:
        genre_words: words of the library's tags, each with the genres that it is a kind of.
        genres: the names that take the place of a genre's own.
        review: settings of `genretag review`: `player`.
        scan: options of `scan`, by their names in `ScanOptions`.
    """

    genre_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    genres: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    review: Mapping[str, str] = field(default_factory=dict)
    scan: Mapping[str, Any] = field(default_factory=dict)

    @property
    def meant_genres(self) -> list[str]:
        """The genres that the user's genre words stand for."""
        return [genre for genres in self.genre_words.values() for genre in genres]


def default_file() -> Path:
    """Return the path of the configuration: in GENRETAG_HOME, or in the platform's folder."""
    if home := chosen_home():
        return home / FILE_NAME
    import platformdirs

    return Path(platformdirs.user_config_dir("genretag", appauthor=False)) / FILE_NAME


def load(file: Path | None) -> Config:
    """Read a file that was named, or the default one if it exists.

    Raises:
        ConfigError: it cannot be read, or has a wrong key or value.
    """
    chosen = file or default_file()
    try:
        text = chosen.read_text("utf-8-sig")
        content = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        if file is None:
            return Config()
        raise ConfigError(f"There is no configuration file {chosen}.") from None
    except OSError as error:
        raise ConfigError(f"The configuration {chosen} cannot be read ({reason(error)}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{chosen} is not in UTF-8; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{chosen} is not valid TOML: {error}.") from None
    for section, table in content.items():
        if section not in SECTIONS:
            raise ConfigError(
                f"{_place(chosen, text, section)}: unknown setting {section!r}."
                f"{nearest(section, SECTIONS)}"
            )
        if not isinstance(table, dict):
            raise ConfigError(f"{_place(chosen, text, section)}: [{section}] must be a table.")
    checked: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    checks = {"genre_words": _genre, "genres": _genre, "review": _review, "scan": _option}
    for section, check in checks.items():
        for key, value in content.get(section, {}).items():
            try:
                name, read = check(key, value)
            except ValueError as error:
                raise ConfigError(f"{_place(chosen, text, key)}: {error}") from None
            checked[section][name] = read
    return Config(**checked)


def unknown_genres(genres: Iterable[str], labels: Iterable[str]) -> list[str]:
    """Return a sentence for each configured genre that the model does not know.

    Args:
        genres: the keys of `[genres]`.
        labels: those of the model.
    """
    from tagger.tags.genre_names import spelling

    names = [*labels]
    known = [*map(spelling, names), *names]
    return [
        f"The model has no genre {genre!r}.{nearest(genre, known)}"
        for genre in genres
        if genre not in known
    ]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests a word for a misspelt one, empty if none is like it."""
    by_plain = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_plain, n=1)
    return f" Did you mean {by_plain[close[0]]!r}?" if close else ""


def _genre(key: str, value: object) -> tuple[str, tuple[str, ...]]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
        raise ValueError(f"{key!r} must be a name in quotes, or a list of names.")
    return key, tuple(names)


def _review(key: str, value: object) -> tuple[str, str]:
    if key != "player":
        raise ValueError(f"unknown setting {key!r}.{nearest(key, ['player'])}")
    if not isinstance(value, str) or "{file}" not in value:
        raise ValueError("player must be a command in quotes that names {file}.")
    return key, value


def _option(key: str, value: object) -> tuple[str, object]:
    """Check an option of `scan` by the types of `ScanOptions`."""
    hints = get_type_hints(ScanOptions)
    name = key.replace("-", "_")
    if name not in hints or name in _NO_KEYS:
        known = [name for name in hints if name not in _NO_KEYS]
        raise ValueError(f"unknown setting {key!r}.{nearest(name, known)}")
    if name == "seconds":
        if value == "full" or (_is_number(value) and value > 0):  # type: ignore[operator]
            return name, value
        raise ValueError(f"{key} must be a number of seconds, or 'full'.")
    if name == "min_confidence":
        if _is_number(value) and 0 <= value <= 1:  # type: ignore[operator]
            return name, value
        raise ValueError(f"{key} must be a number between 0 and 1.")
    return name, _checked(key, value, hints[name])


def _checked(key: str, value: object, hint: Any) -> object:
    choices = get_args(hint)
    if hint is bool:
        if isinstance(value, bool):
            return value
        raise ValueError(f"{key} must be true or false.")
    if hint is int or int in choices:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        raise ValueError(f"{key} must be a whole number, 1 or more.")
    if Ellipsis in choices:  # a tuple of any length
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return value
        raise ValueError(f"{key} must be a list of texts in quotes.")
    if Path in choices:
        if isinstance(value, str):
            return str(Path(value).expanduser())
        raise ValueError(f"{key} must be a path in quotes.")
    if value not in choices:
        raise ValueError(f"{key} must be one of {', '.join(map(repr, choices))}.")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _place(file: Path, text: str, key: str) -> str:
    """Return the file, with the line in which a key or section stands."""
    pattern = re.compile(rf"\s*(\[\s*)?['\"]?{re.escape(key)}['\"]?\s*[\]=.]")
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.match(line):
            return f"{file}, line {number}"
    return str(file)
