"""Options as a TOML file that people can read, and that is checked when it comes back."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

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
    import dacite

    config = dacite.Config(
        strict=True,
        type_hooks={
            tuple[str, ...]: _tuple,
            tuple[int, ...]: _tuple,
            float: _number,
            int: _whole_number,
        },
    )
    try:
        return dacite.from_dict(kind, table, config)
    except dacite.UnexpectedDataError as error:
        unknown = sorted(error.keys)[0]
        raise DataError(f"{source}: there is no option {unknown!r} in this version.") from None
    except dacite.MissingValueError as error:
        raise DataError(f"{source}: the option {error.field_path!r} is missing.") from None
    except dacite.WrongTypeError as error:
        name = str(error.field_path).rpartition(".")[2]
        raise DataError(f"{source}: {error.value!r} is no value for {name!r}.") from None


def _tuple(value: Any) -> Any:
    """Take a list as TOML has it; a text is no list of its letters."""
    import dacite

    if not isinstance(value, list):
        raise dacite.WrongTypeError(tuple, value)
    return tuple(value)


def _number(value: Any) -> Any:
    """Take a whole number where any number may stand."""
    return float(value) if type(value) is int else value


def _whole_number(value: Any) -> Any:
    """Refuse true and false, which Python counts as whole numbers."""
    return str(value) if isinstance(value, bool) else value
