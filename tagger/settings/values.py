"""Checks the values of settings by the types of the fields that take them."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from tagger.runtime.deadline import parse_duration


def checked(key: str, value: object, hint: Any) -> Any:
    """Return a value as the field, or the option, that takes it needs it.

    Args:
        key: its name in the file.
        value: as TOML gives it.
        hint: the type of the field.

    Raises:
        ValueError: it is another kind of value; the message is a sentence.
    """
    if key in _BY_KEY:
        return _BY_KEY[key](key, value)
    kinds = get_args(hint) or (hint,)
    for kind, check in _BY_TYPE.items():
        if kind in kinds:
            return check(key, value)
    if value not in kinds:
        raise ValueError(f"{key} must be one of {', '.join(map(repr, kinds))}.")
    return value


def names(key: str, value: object) -> tuple[str, ...]:
    """Return one name, or a list of them, as a tuple.

    Raises:
        ValueError: it is neither.
    """
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(n, str) and n.strip() for n in given):
        raise ValueError(f"{key!r} must be a name in quotes, or a list of names.")
    return tuple(given)


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return a sentence that suggests a word for a misspelt one, empty if none is like it.

    Args:
        word: that is not known.
        known: words to choose from.
        likeness: that a known word needs, between 0 and 1, where 1 is the same word.
    """
    by_plain = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_plain, n=1, cutoff=likeness)
    return f" Did you mean {by_plain[close[0]]!r}?" if close else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _switch(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{key} must be true or false.")


def _count(key: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"{key} must be a whole number, 1 or more.")


def _texts(key: str, value: object) -> list[str]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise ValueError(f"{key} must be a list of texts in quotes.")


def _path(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a path in quotes.")
    try:
        return str(Path(value).expanduser())
    except RuntimeError:  # as Path says it of "~somebody"
        raise ValueError(f"{key}: the home folder in {value!r} is not known.") from None


def _text(key: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{key} must be a text in quotes.")


def _folder(key: str, value: object) -> Path:
    path = Path(_path(key, value))
    if not path.is_absolute():
        raise ValueError(f"{key} must be a whole path, such as '~/Music/Live'.")
    return path


def _probability(key: str, value: object) -> object:
    if _is_number(value) and 0 <= value <= 1:  # type: ignore[operator]
        return value
    raise ValueError(f"{key} must be a number between 0 and 1.")


def _seconds(key: str, value: object) -> object:
    if value == "full" or (_is_number(value) and value > 0):  # type: ignore[operator]
        return value
    raise ValueError(f"{key} must be a number of seconds, or 'full'.")


def _player(key: str, value: object) -> str:
    text = _text(key, value)
    if "{file}" in text:
        return text
    raise ValueError(f"{key} must be a command that names {{file}}.")


def _separator(key: str, value: object) -> str:
    text = _text(key, value)
    if text.isprintable():
        return text
    raise ValueError(f"{key} must be a text without control characters.")


def _duration(key: str, value: object) -> str:
    text = _text(key, value)
    try:
        parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    return text


Check = Callable[[str, object], Any]

_BY_KEY: Mapping[str, Check] = {
    "for": _duration,
    "id3v23_separator": _separator,
    "joined": _separator,
    "min_confidence": _probability,
    "path": _folder,
    "player": _player,
    "seconds": _seconds,
    "whitelist": names,
}
"""Keys whose values are more particular than their type."""

_BY_TYPE: Mapping[Any, Check] = {
    bool: _switch,
    int: _count,
    Ellipsis: _texts,  # a tuple of any length
    Path: _path,
    str: _text,
}
