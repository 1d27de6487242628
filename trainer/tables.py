"""Tables of plain text."""

import shutil
from collections.abc import Sequence
from io import StringIO
from typing import Any

WIDTH = 80  # of tables, unless the terminal is wider
_GAP = 2  # between columns


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Lay out rows in right-aligned columns, the first one left-aligned.

    The first row is the header. Where there is too little room, the first column and the widest one
    are folded, which is left-aligned then.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_edge=False)
    header, *lines = ([str(cell) for cell in row] for row in rows)
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    width = max(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    folded = {0}
    if sum(widths) + _GAP * (len(widths) - 1) > width:
        folded.add(widths.index(max(widths)))
    for place, name in enumerate(header):
        found.add_column(
            Text(name),
            justify="left" if place in folded else "right",
            overflow="fold",
            no_wrap=place not in folded,
        )
    for line in lines:
        found.add_row(*map(Text, line))
    text = StringIO()
    Console(file=text, width=width, color_system=None, legacy_windows=False).print(found)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip("\n").split("\n"))
