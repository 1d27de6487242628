"""Numbers of a model file, each within bounds: a file may come from anywhere."""

from dataclasses import Field, field
from typing import Any

_MOST_SHOWN = 40  # characters of a value in a sentence


def checked(name: str, value: object, least: float, most: float, *, whole: bool = False) -> Any:
    """Return a number that is within its bounds.

    Args:
        name: what the number is called in its file.
        value: what the file says.
        least: that it may be.
        most: that it may be.
        whole: whether it has to be a whole number.

    Raises:
        ValueError: it is out of bounds, or not a number of this kind; NaN is in no bounds.
    """
    kinds: Any = int if whole else int | float
    if isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most:
        return value if whole else float(value)
    kind = "whole number" if whole else "number"
    raise ValueError(
        f"its {name} is {_shown(value)} and not a {kind} from {_shown(least)} to {_shown(most)}"
    )


def _shown(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else f"{value!r:.{_MOST_SHOWN}}"
    return text if len(text) < _MOST_SHOWN else f"{text}…"


def bounded(default: float, *, least: float, most: float) -> Any:
    """Declare a number of a dataclass that a file may set; `check_field` applies the bounds."""
    return field(default=default, metadata={"bounds": (least, most)})


def check_field(declared: "Field[Any]", value: object) -> Any:
    """Return the value of a field that was declared as `bounded`.

    Raises:
        ValueError: see `checked`.
    """
    return checked(
        declared.name,
        value,
        *declared.metadata["bounds"],
        whole=isinstance(declared.default, int),
    )
