"""How charts are drawn: colours, style, titles and files.

One accent colour says what matters, grey the rest; lines and dots are labelled where they are.
Drawn without pyplot, so nothing global changes and no display is needed.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCENT = "#0072b2"  # the blue of Okabe and Ito, told apart from grey by every eye
LIGHT = "#56b4e9"  # their lighter one, on which ink can be read
GREY = "#8c8c8c"
INK = "#222222"
DOTS_PER_INCH = 150
STYLE = {
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": "#e6e6e6",
    "lines.linewidth": 2,
    "svg.hashsalt": "genretag",  # the same figures make the same file
}

Arguments = ParamSpec("Arguments")


def styled(draw: Callable[Arguments, "Figure"]) -> Callable[Arguments, "Figure"]:
    """Draw in our style, and leave that of the process alone."""

    @wraps(draw)
    def in_style(*args: Arguments.args, **kwargs: Arguments.kwargs) -> "Figure":
        import matplotlib as mpl

        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return in_style


def save(figure: "Figure", stem: Path) -> None:
    """Write a chart as `stem.png` and `stem.svg`."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure.savefig(stem.with_name(f"{stem.name}.png"), dpi=DOTS_PER_INCH)
        figure.savefig(stem.with_name(f"{stem.name}.svg"), metadata={"Date": None})


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure, inches wide and high."""
    from matplotlib.figure import Figure

    return Figure((width, height))


def percent(axis: Any) -> None:
    """Label an axis in percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1, decimals=0))


def label_ends(axes: "Axes", end: float, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write what a line is behind its end, the higher one above if they are close."""
    low, high = axes.get_ylim()
    apart = 0.14 * (high - low)
    heights = [value for value, _, _ in labels]
    if len(labels) == 2 and abs(heights[0] - heights[1]) < apart:  # noqa: PLR2004
        middle, sign = np.mean(heights), np.sign(heights[0] - heights[1]) or 1
        heights = [float(middle + sign * apart / 2), float(middle - sign * apart / 2)]
    for height, (_, label, colour) in zip(heights, labels, strict=True):
        axes.annotate(
            *(label, (end, height), (8, 0)),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )


def title(figure: "Figure", text: str, subtitle: str) -> None:
    """Put a title over the whole figure, and in grey below it what was counted."""
    width, height = figure.get_size_inches()
    lines = wrap(subtitle, int(13 * width))  # letters in an inch
    top = 0.42 + 0.2 * len(lines)  # inches
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - top / height))
    figure.text(0.02, 1 - 0.12 / height, text, va="top", fontsize=12, fontweight="bold")
    figure.text(0.02, 1 - 0.38 / height, "\n".join(lines), va="top", color=GREY)
