"""Charts of a run and of several, as PNG and SVG; every chart says what was counted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.evaluation.calibration import BINS
from trainer.evaluation.drawing import (
    ACCENT,
    GREY,
    INK,
    LIGHT,
    label_ends,
    new_figure,
    percent,
    styled,
    title,
)
from trainer.evaluation.scores import share_text
from trainer.evaluation.selection import risk_and_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trainer.evaluation.entry import Entry
    from trainer.evaluation.results import Evaluation
    from trainer.evaluation.scores import Confusion
    from trainer.training.history import Epoch


@styled
def confusion(found: "Confusion") -> "Figure":
    """Draw the confusion matrix: counts, coloured by their share of the true genre."""
    from matplotlib.colors import LinearSegmentedColormap

    counts = np.array(found.track.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = len(found.labels)
    figure = new_figure(max(6, 3.2 + 0.55 * side), 2.4 + 0.46 * side)
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
    for place, (recall, precision, _) in enumerate(found.track.of_genres):
        axes.text(side + 0.1, place, share_text(recall), **margins)
        axes.text(place, side - 0.1, share_text(precision), **margins)
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
    axes.set_xlabel("predicted")
    axes.set_ylabel("true genre")
    low, high = found.track.accuracy_interval
    title(
        figure,
        f"{found.track.accuracy:.1%} right (95 % interval {low:.1%} – {high:.1%})",
        found.protocol,
    )
    return figure


@styled
def reliability(found: "Evaluation") -> "Figure":
    """Draw accuracy over confidence as bars with intervals, and how many tracks each stands for.

    The plain vote is a grey dot in each bin, the confidence as it is used a bar. Bins without
    tracks are left out.
    """
    calibration = found.calibration
    figure = new_figure(6, 6.4)
    above, below = figure.subplots(
        2, sharex=True, gridspec_kw={"height_ratios": [4, 1], "hspace": 0.04}
    )
    above.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    above.text(0.02, 0.05, "as sure as right", color=GREY, rotation=42, rotation_mode="anchor")
    before, after = calibration.before, calibration.after
    width = 0.9 / BINS
    above.bar(
        after.confidence,
        after.accuracy,
        width,
        color=LIGHT,
        label=f"calibrated: expected calibration error {calibration.error_after:.1%}",
    )
    low, high = np.array(after.interval).T
    above.vlines(after.confidence, low, high, color=ACCENT, linewidth=1.5)
    above.scatter(
        before.confidence,
        before.accuracy,
        s=24,
        color=GREY,
        label=f"plain vote: expected calibration error {calibration.error_before:.1%}",
        zorder=3,
    )
    above.set(xlim=(0, 1), ylim=(0, 1.04), ylabel="share right, 95 % interval")
    above.grid(axis="y")
    above.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), frameon=False, handletextpad=0.4)
    bars = below.bar(after.confidence, after.tracks, width, color=LIGHT)
    below.bar_label(bars, fontsize=8, color=INK)
    below.set(xlabel="confidence", ylabel="tracks")
    below.margins(y=0.35)
    for axis in (above.yaxis, below.xaxis):
        percent(axis)
    title(
        figure,
        f"How far confidence can be trusted (temperature {found.settings.temperature:.2f})",
        found.protocol,
    )
    return figure


@styled
def risk_coverage(found: "Evaluation") -> "Figure":
    """Draw the share of mistakes among the surest tracks over the share of tracks written."""
    selection, settings = found.selection, found.settings
    if selection is None:
        raise ValueError("settings were fitted to other tracks")
    risk, coverage = risk_and_coverage(selection.confidence, selection.right)
    figure = new_figure(6.5, 4.4)
    axes = figure.add_subplot()
    axes.plot(coverage, 1 - risk, color=ACCENT)
    axes.axhline(settings.precision_goal, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(
        *(0.99, settings.precision_goal, f"goal: {settings.precision_goal:.0%} right"),
        ha="right",
        va="bottom",
        color=GREY,
    )
    worth = found.confidence
    if worth and worth.written_right is not None:
        axes.plot(worth.written, worth.written_right, "o", color=ACCENT, markersize=8)
        axes.annotate(
            f"minimum {settings.min_confidence:.2f}: {worth.written:.0%} written, "
            f"{worth.written_right:.0%} right",
            (worth.written, worth.written_right),
            (0, 9),
            textcoords="offset points",
            ha="center" if worth.written > 0.3 else "left",  # noqa: PLR2004
            color=ACCENT,
        )
    axes.set(xlim=(0, 1), ylim=(0, 1.06), xlabel="share written", ylabel="of it right")
    axes.grid()
    percent(axes.xaxis)
    percent(axes.yaxis)
    title(
        figure,
        "What a minimum confidence buys",
        f"cross-validated by artist, {len(selection.right)} tracks that settings were fitted to",
    )
    return figure


@styled
def curves(epochs: Sequence["Epoch"], name: str, found: "Evaluation") -> "Figure":
    """Draw losses, accuracies and learning rate over the epochs."""
    from matplotlib.ticker import MaxNLocator

    numbers = [epoch.epoch for epoch in epochs]

    def values(key: str) -> list[float]:
        return [getattr(epoch, key) for epoch in epochs]

    validated = bool(np.isfinite(values("track_accuracy")).any())
    panels: list[tuple[str, list[tuple[str, str, str]]]] = [
        ("cross-entropy (nats)", [("loss", "training windows", GREY)]),
        ("learning rate", [("learning_rate", "", GREY)]),
    ]
    if validated:
        panels[0][1].append(("track_loss", "validation tracks", ACCENT))
        accuracies = [("window_accuracy", "windows", GREY), ("track_accuracy", "tracks", ACCENT)]
        panels.insert(1, ("accuracy in validation", accuracies))
    heights = [1.0 if panel == "learning rate" else 2.2 for panel, _ in panels]
    figure = new_figure(7.5, 1.2 + 1.25 * sum(heights))
    rows: Sequence[Axes] = figure.subplots(
        len(panels), sharex=True, gridspec_kw={"height_ratios": heights}
    )
    for axes, (name_of_panel, lines) in zip(rows, panels, strict=True):
        axes.grid(axis="y")
        axes.set_ylabel(name_of_panel)
        for key, _, colour in lines:
            axes.plot(numbers, values(key), color=colour, marker="o" if len(epochs) == 1 else "")
        label_ends(axes, numbers[-1], [(values(k)[-1], label, c) for k, label, c in lines])
        if name_of_panel == "accuracy in validation":
            percent(axes.yaxis)
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
    end = f"right in the end: {found.track.accuracy:.1%} of {found.protocol}"
    title(figure, f"Training of {name}", end)
    return figure


@styled
def comparison(entries: Sequence["Entry"], protocol: str) -> "Figure":
    """Draw the accuracy of runs and, where the tracks are the same, what they gain."""
    figure = new_figure(9, 1.7 + 0.5 * len(entries))
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
        if entry.gain is None:
            words = "the reference" if place == 0 else "other tracks"
            right.text(0, place, f" {words}", va="center", color=GREY)
            continue
        gain = entry.gain
        colour = ACCENT if gain.is_clear else GREY
        right.plot(gain.interval, [place, place], color=colour, solid_capstyle="round")
        right.plot(gain.gain, place, "o", color=colour, markersize=8)
        right.annotate(
            *(f"{100 * gain.gain:+.1f}", (gain.gain, place), (0, 8)),
            textcoords="offset points",
            ha="center",
            color=colour,
        )
    left.set_yticks(places, [entry.name for entry in entries])
    left.set_ylim(len(entries) - 0.5, -0.7)
    left.set_xlabel("tracks right, 95 % interval")
    right.axvline(0, color=GREY, linewidth=1)
    right.set_xlabel(f"gain over {entries[0].name} in points, by artist")
    right.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
    percent(left.xaxis)
    for axes in (left, right):
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
    title(figure, "Accuracy of the runs", protocol)
    return figure
