"""Where in a TOML file a section or a key stands: the standard library does not tell."""

import re
from collections import Counter

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]")
_KEY = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)'|([\w-]+))\s*[=.]")


def line_of(text: str, section: str, key: str = "", index: int = 0) -> int | None:
    """Return the line of a section, or of a key in it; None if it is written in another way.

    Args:
        text: of the file.
        section: its name.
        key: in the section; empty for the section itself.
        index: which of several sections of this name (`[[folder]]`), from 0.
    """
    passed: Counter[str] = Counter()
    within = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            within = header[2].strip("\"'")
            passed[within] += 1
        current = within == section and passed[within] == index + 1
        if header and current and not key:
            return number
        found = _KEY.match(line)
        name = found and next(group for group in found.groups() if group is not None)
        if name is not None and ((current and name == key) or (not within and name == section)):
            return number
    return None
