"""Tables of plain text."""

import shutil
from collections.abc import Sequence
from io import StringIO
from typing import Any

WIDTH = 80  # of tables, unless the terminal is wider


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Lay out rows in right-aligned columns, the first one left-aligned.

    The first row is the header. Where there is too little room, the first column is folded.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    header, *lines = ([str(cell) for cell in row] for row in rows)
    for place, name in enumerate(header):
        found.add_column(
            Text(name),
            justify="right" if place else "left",
            overflow="fold",
            no_wrap=bool(place),
        )
    for line in lines:
        found.add_row(*map(Text, line))
    width = max(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    text = StringIO()
    Console(file=text, width=width, color_system=None, legacy_windows=False).print(found)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip("\n").split("\n"))
