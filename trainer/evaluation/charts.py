"""Charts of a run and of several, as PNG and SVG.

One accent colour says what matters, grey the rest; lines and dots are labelled where they are, and
every chart says what was counted. Drawn without pyplot, so nothing global changes and no display
is needed.
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

    from trainer.evaluation.entry import Entry
    from trainer.evaluation.results import Evaluation
    from trainer.training.history import Epoch

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


def _styled(draw: Callable[Arguments, "Figure"]) -> Callable[Arguments, "Figure"]:
    """Draw in our style, and leave that of the process alone."""

    @wraps(draw)
    def styled(*args: Arguments.args, **kwargs: Arguments.kwargs) -> "Figure":
        import matplotlib as mpl

        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return styled


def save(figure: "Figure", stem: Path) -> None:
    """Write a chart as `stem.png` and `stem.svg`."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure.savefig(stem.with_name(f"{stem.name}.png"), dpi=DOTS_PER_INCH)
        figure.savefig(stem.with_name(f"{stem.name}.svg"), metadata={"Date": None})


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure((width, height))


def _percent(axis: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1, decimals=0))


@_styled
def confusion(found: "Evaluation") -> "Figure":
    """Draw the confusion matrix: counts, coloured by their share of the true genre."""
    from matplotlib.colors import LinearSegmentedColormap

    counts = np.array(found.track.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = len(found.labels)
    figure = _figure(max(6, 3.2 + 0.55 * side), 2.4 + 0.46 * side)
    axes = figure.add_subplot()
    axes.imshow(
        shares,
        LinearSegmentedColormap.from_list("accent", ["white", LIGHT]),
        vmin=0,
        vmax=1,
        aspect="auto",
    )
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(
                *(column, row, str(count)),
                ha="center",
                va="center",
                fontweight="bold" if row == column else "normal",
            )
    margins: dict[str, Any] = {"ha": "center", "va": "center", "color": ACCENT}
    for place, (recall, precision) in enumerate(
        zip(found.track.recall, found.track.precision, strict=True)
    ):
        axes.text(side + 0.1, place, f"{recall:.0%}", **margins)
        axes.text(place, side - 0.1, f"{precision:.0%}", **margins)
    axes.text(side + 0.1, -0.8, "recall", **margins)
    axes.text(-0.7, side - 0.1, "precision", **margins | {"ha": "right"})
    axes.set_xticks(range(side), found.labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(side), found.labels)
    axes.tick_params("x", pad=24)
    # Thin white lines between the cells.
    axes.set_xticks(np.arange(side + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(side + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#f0f0f0", linewidth=1)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("heard as")
    axes.set_ylabel("true genre")
    low, high = found.track.accuracy_interval
    _title(
        figure,
        f"{found.track.accuracy:.1%} right (95 % interval {low:.1%} – {high:.1%})",
        found.protocol,
    )
    return figure


@_styled
def reliability(found: "Evaluation") -> "Figure":
    """Draw accuracy over confidence, before and after temperature scaling."""
    calibration = found.calibration
    figure = _figure(6, 6.4)
    above, below = figure.subplots(
        2, sharex=True, gridspec_kw={"height_ratios": [4, 1], "hspace": 0.04}
    )
    above.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    above.text(0.02, 0.05, "as sure as right", color=GREY, rotation=42, rotation_mode="anchor")
    for name, bins, error, colour in (
        ("before", calibration.before, calibration.error_before, GREY),
        ("after", calibration.after, calibration.error_after, ACCENT),
    ):
        # The gaps to the diagonal, weighed by the dots, are the error.
        above.vlines(bins.confidence, bins.confidence, bins.accuracy, color=colour, linewidth=1)
        above.scatter(
            bins.confidence,
            bins.accuracy,
            s=12 + 500 * np.array(bins.tracks) / found.track.tracks,
            color=colour,
            label=f"{name} temperature scaling: expected calibration error {error:.1%}",
            zorder=3,
        )
        below.plot(bins.confidence, bins.tracks, color=colour)
    above.set(xlim=(0, 1), ylim=(0, 1.04), ylabel="of them right")
    above.grid()
    legend = above.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1), frameon=False, handletextpad=0.4
    )
    for handle in legend.legend_handles:
        handle.set_sizes([40])
    below.set(xlabel="confidence", ylabel="tracks", ylim=(0, None))
    below.grid(axis="y")
    for axis in (above.yaxis, below.xaxis):
        _percent(axis)
    _title(
        figure,
        f"How far confidence can be trusted (temperature {found.temperature:.2f})",
        found.protocol,
    )
    return figure


@_styled
def curves(epochs: Sequence["Epoch"], name: str, found: "Evaluation") -> "Figure":
    """Draw losses, accuracies and learning rate over the epochs."""
    from matplotlib.ticker import MaxNLocator

    numbers = [epoch.epoch for epoch in epochs]

    def values(key: str) -> list[float]:
        return [getattr(epoch, key) for epoch in epochs]

    validated = bool(np.isfinite(values("track_accuracy")).any())
    panels: list[tuple[str, list[tuple[str, str, str]]]] = [
        ("loss", [("loss", "training windows", GREY)]),
        ("learning rate", [("learning_rate", "", GREY)]),
    ]
    if validated:
        panels[0][1].append(("track_loss", "validation tracks", ACCENT))
        accuracies = [("window_accuracy", "windows", GREY), ("track_accuracy", "tracks", ACCENT)]
        panels.insert(1, ("accuracy in validation", accuracies))
    heights = [1.0 if title == "learning rate" else 2.2 for title, _ in panels]
    figure = _figure(7.5, 1.2 + 1.25 * sum(heights))
    rows: Sequence[Axes] = figure.subplots(
        len(panels), sharex=True, gridspec_kw={"height_ratios": heights}
    )
    for axes, (title, lines) in zip(rows, panels, strict=True):
        axes.grid(axis="y")
        axes.set_ylabel(title)
        for key, _, colour in lines:
            axes.plot(numbers, values(key), color=colour, marker="o" if len(epochs) == 1 else "")
        _label_ends(axes, numbers[-1], [(values(k)[-1], label, c) for k, label, c in lines])
        if title == "accuracy in validation":
            _percent(axes.yaxis)
            best = max(epochs, key=lambda epoch: (epoch.track_accuracy, -epoch.track_loss))
            axes.plot(best.epoch, best.track_accuracy, "o", color=ACCENT)
            axes.annotate(
                f"best: {best.track_accuracy:.1%}",
                (best.epoch, best.track_accuracy),
                (0, 7),
                textcoords="offset points",
                ha="center" if best.epoch < numbers[-1] else "right",
                color=ACCENT,
            )
            axes.margins(y=0.15)
    rows[-1].set_xlabel("epoch")
    rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    end = f"heard rightly in the end: {found.track.accuracy:.1%} of {found.protocol}"
    _title(figure, f"Training of {name}", end)
    return figure


def _label_ends(axes: "Axes", end: float, labels: Sequence[tuple[float, str, str]]) -> None:
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


@_styled
def comparison(entries: Sequence["Entry"], protocol: str) -> "Figure":
    """Draw the accuracy of runs and, where the tracks are the same, what they gain."""
    figure = _figure(9, 1.7 + 0.5 * len(entries))
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [3, 2]})
    places = range(len(entries))
    for place, entry in zip(places, entries, strict=True):
        low, high = entry.track_accuracy_interval
        left.plot([low, high], [place, place], color=ACCENT, linewidth=2, solid_capstyle="round")
        left.plot(entry.track_accuracy, place, "o", color=ACCENT, markersize=8)
        left.annotate(
            *(f"{entry.track_accuracy:.1%}", (entry.track_accuracy, place), (0, 8)),
            textcoords="offset points",
            ha="center",
            color=ACCENT,
        )
        if entry.gain is None or entry.gain_interval is None:
            words = "the reference" if place == 0 else "other tracks"
            right.text(0, place, f" {words}", va="center", color=GREY)
            continue
        colour = ACCENT if entry.gain_is_clear else GREY
        right.plot(entry.gain_interval, [place, place], color=colour, solid_capstyle="round")
        right.plot(entry.gain, place, "o", color=colour, markersize=8)
        right.annotate(
            *(f"{100 * entry.gain:+.1f}", (entry.gain, place), (0, 8)),
            textcoords="offset points",
            ha="center",
            color=colour,
        )
    left.set_yticks(places, [entry.name for entry in entries])
    left.set_ylim(len(entries) - 0.5, -0.7)
    left.set_xlabel("tracks right, 95 % interval")
    right.axvline(0, color=GREY, linewidth=1)
    right.set_xlabel(f"gain over {entries[0].name} in points, track by track")
    right.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
    _percent(left.xaxis)
    for axes in (left, right):
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
    _title(figure, "Accuracy of the runs", protocol)
    return figure


def _title(figure: "Figure", title: str, subtitle: str) -> None:
    """Put a title over the whole figure, and in grey below it what was counted."""
    width, height = figure.get_size_inches()
    lines = wrap(subtitle, int(13 * width))  # letters in an inch
    top = 0.42 + 0.2 * len(lines)  # inches
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - top / height))
    figure.text(0.02, 1 - 0.12 / height, title, va="top", fontsize=12, fontweight="bold")
    figure.text(0.02, 1 - 0.38 / height, "\n".join(lines), va="top", color=GREY)
