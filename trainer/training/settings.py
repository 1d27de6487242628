"""Options as a TOML file that people can read, and that is checked when it comes back."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tagger.errors import DataError, reason

Options = TypeVar("Options")


def to_toml(options: Any) -> str:
    """Write a dataclass, those within it as tables; TOML has no word for None: it is left out."""
    import tomli_w

    def without_none(table: dict[str, Any]) -> dict[str, Any]:
        return {
            name: without_none(value) if isinstance(value, dict) else value
            for name, value in table.items()
            if value is not None
        }

    return tomli_w.dumps(without_none(asdict(options)))


def read_toml(kind: type[Options], file: Path) -> Options:
    """Read a dataclass.

    Raises:
        DataError: the file cannot be read, or its options are not those of the dataclass.
    """
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as TOML: {reason(error)}.") from None
    return from_table(kind, table, file)


def from_table(kind: type[Options], table: Mapping[str, Any], source: Path) -> Options:
    """Make a dataclass of plain values; what is missing gets its default.

    Raises:
        DataError: an option is unknown, missing, or of another type; `source` is named.
    """
    hints = get_type_hints(kind)
    needed = {
        field.name
        for field in fields(kind)  # type: ignore[arg-type]
        if field.default is MISSING and field.default_factory is MISSING
    }
    if unknown := sorted(set(table) - set(hints)):
        raise DataError(f"{source}: there is no option {unknown[0]!r} in this version.")
    if missing := sorted(needed - set(table)):
        raise DataError(f"{source}: the option {missing[0]!r} is missing.")
    values = {}
    for name, value in table.items():
        if is_dataclass(hints[name]) and isinstance(value, Mapping):
            values[name] = from_table(hints[name], value, source)
            continue
        values[name] = tuple(value) if isinstance(value, list) else value
        if not _fits(values[name], hints[name]):
            raise DataError(f"{source}: {value!r} is no value for {name!r}.")
    return kind(**values)


def _fits(value: Any, hint: Any) -> bool:
    """Tell whether a value is of a type as options have them."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in arguments
    if origin in (Union, UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, arguments[0]) for item in value)
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)
