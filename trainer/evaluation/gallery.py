"""The surest mistakes as pictures: what the network was given, and what it said over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagger.inference.vote import Probabilities
from tagger.output.console import printable
from trainer.data.dataset import Track
from trainer.evaluation.drawing import ACCENT, GREY, new_figure, percent, styled, title
from trainer.evaluation.predictions import Mistake, WindowPredictions
from trainer.evaluation.results import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 6
ROW = 1.5  # inches a mistake


@dataclass(frozen=True, kw_only=True)
class Example:
    """A mistake with what led to it.

    Attributes:
        mistake: The track, its genre and the predicted one.
        strip: The longest strip of the track `[rows, frames]`.
        true: Probability of the true genre in each window `[windows]`.
        predicted: Probability of the predicted genre in each window `[windows]`.
    """

    mistake: Mistake
    strip: NDArray[Any]
    true: Probabilities
    predicted: Probabilities


def examples(
    found: Evaluation, tracks: Sequence[Track], predicted: WindowPredictions
) -> list[Example]:
    """Return the surest mistakes with their strips and windows."""
    places = {name: place for place, name in enumerate(predicted.names)}
    shown = []
    for mistake in found.mistakes[:SHOWN]:
        place = places[mistake.track]
        windows = predicted.of(place)
        shown.append(
            Example(
                mistake=mistake,
                strip=max(tracks[place].load(), key=lambda strip: strip.shape[1]),
                true=windows[:, found.labels.index(mistake.genre)],
                predicted=windows[:, found.labels.index(mistake.predicted)],
            )
        )
    return shown


@styled
def gallery(shown: Sequence[Example], protocol: str) -> "Figure":
    """Draw each mistake in a row: its strip, and the probabilities of two genres over its windows.

    The true genre is grey, the predicted one has the accent colour.
    """
    figure = new_figure(9, 0.9 + ROW * len(shown))
    rows = figure.subplots(len(shown), 2, squeeze=False, gridspec_kw={"width_ratios": [3, 2]})
    for (left, right), example in zip(rows, shown, strict=True):
        mistake = example.mistake
        left.imshow(example.strip.astype(np.float32), origin="lower", aspect="auto", cmap="magma")
        left.set(xticks=[], yticks=[])
        name = printable(mistake.track)
        left.set_title(
            f"{name[:60]}: {mistake.predicted} ({mistake.confidence:.0%})", fontsize=9, pad=4
        )
        windows = np.arange(1, len(example.true) + 1)
        marker = "o" if len(windows) == 1 else ""
        for values, label, colour in (
            (example.true, mistake.genre, GREY),
            (example.predicted, mistake.predicted, ACCENT),
        ):
            right.plot(windows, values, color=colour, marker=marker, label=label)
        right.set(ylim=(0, 1.02), xticks=[windows[0], windows[-1]])
        # Between the two: what a sure mistake says is near the top, and what it is near the bottom.
        right.legend(loc="center right", fontsize=8, frameon=False, ncols=2)
        right.grid(axis="y")
        percent(right.yaxis)
    rows[-1][1].set_xlabel("window")
    title(figure, "The surest mistakes", f"of {protocol}")
    return figure
