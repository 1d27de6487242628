"""What `genretag explain` prints: the features and the windows over time, the vote, the reasons."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tagger.audio.log_mel import MelStrip
from tagger.output.console import count_of, cut, printable, show_table
from tagger.output.heatmap import colours, levels
from tagger.pipeline.explain import Analysis, Explanation
from tagger.pipeline.reasons import percent
from tagger.tracks import Action, Status

MOST_GENRES = 6  # that are shown over time
_WIDEST = 100  # columns of the terminal
_LEFT = 11  # columns beside the picture
_LEAST_LINES, _MOST_LINES = 6, 16  # of it, each two cells high
_OTHER_LINES = 17  # around it
_SHADES = " ░▒▓█"
_BARS = " ▁▂▃▄▅▆▇█"


def show(explanation: Explanation, model: str) -> None:
    """Print an explanation; on a terminal with the features as a picture.

    Args:
        explanation: of one track.
        model: its name, and the device that it runs on.
    """
    console = Console(highlight=False)
    analysis = explanation.analysis
    print(printable(explanation.result.path))
    if analysis is not None:
        print(f"{_part(analysis)}; {model}")
        print()
        if console.is_terminal:
            for line in picture(analysis, console):
                console.print(line, no_wrap=True)
        else:
            _table(analysis)
        print()
    for sentence in verdict(explanation):
        console.print(Text(sentence), soft_wrap=not console.is_terminal)


def verdict(explanation: Explanation) -> Iterator[str]:
    """Yield what the result is, why, and what a scan would do about it."""
    result = explanation.result
    if not result.ranking:
        yield f"{result.status.replace('_', ' ').capitalize()}: the file {result.error}."
    else:
        genre, confidence = result.ranking[0]
        here, needed = percent(confidence, explanation.minimum), explanation.minimum
        if result.status is Status.UNCERTAIN:
            yield (
                f"Uncertain: {printable(genre)} comes first with a confidence of {here}, but"
                f" {percent(needed, confidence)} are needed."
            )
        else:
            yield f"{printable(genre)}, with a confidence of {here}; {needed:.0%} are needed."
        yield from explanation.reasons
    existing = printable(", ".join(result.existing))
    yield f"The genre in the file: {existing or 'none'}."
    yield f"With --write-tags, a scan {_would(explanation)}."


def _would(explanation: Explanation) -> str:
    result = explanation.result
    if result.action is Action.WRITE:
        return f"would write {printable(', '.join(result.genres))}"
    if result.action is Action.KEEP:
        return "would keep this genre (see --overwrite and --append)"
    why = f", which {result.error}" if result.error and result.ranking else ""
    return f"would leave the file alone{why}"


def clock(seconds: float) -> str:
    """Return a point in time as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _part(analysis: Analysis) -> str:
    end = analysis.start + analysis.seconds
    first, last = analysis.spans[0]
    windows = count_of(len(analysis.windows), "window")
    return f"{clock(analysis.start)} to {clock(end)}, {windows} of {last - first:.1f} s"


def picture(analysis: Analysis, console: Console) -> Iterator[Text]:
    """Yield the lines of the features and, below them, of the best genres over time."""
    total = len(analysis.windows)
    right = len("  100%  ") + max(len("first in"), len(f"{total} of {total}"))
    width = min(console.width, _WIDEST) - _LEFT - right
    lines = min(max(console.height - _OTHER_LINES, _LEAST_LINES), _MOST_LINES)
    coloured = console.color_system is not None and not console.no_color
    cells = levels(analysis.strip, lines * (2 if coloured else 1), width)
    names = _axis(analysis, lines)
    for number in range(lines):
        line = _coloured(cells[2 * number : 2 * number + 2]) if coloured else _shaded(cells[number])
        yield Text(f"{names.get(number, ''):>{_LEFT - 1}} ") + line
    start, end = clock(analysis.start), clock(analysis.start + analysis.seconds)
    yield Text(f"{'':{_LEFT}}{start}{end:>{width - len(start)}}  vote  first in")
    firsts, timeline = analysis.firsts(), analysis.timeline(width)
    for rank, label in enumerate(analysis.ranked[:MOST_GENRES]):
        name = cut(printable(analysis.names[label]), _LEFT - 1)
        first = f"{firsts[label]} of {total}" if firsts[label] else ""
        yield Text.assemble(
            (f"{name:<{_LEFT}}", "bold" if rank == 0 else ""),
            (_bars(timeline[:, label]), "cyan"),
            f"  {analysis.probabilities[label]:4.0%}  {first}",
        )


def _axis(analysis: Analysis, lines: int) -> dict[int, str]:
    """Return the texts beside the picture, by line."""
    front_end = analysis.metadata.front_end
    if not isinstance(front_end, MelStrip):
        return {}
    return {
        0: f"{front_end.fmax / 1000:.0f} kHz",
        lines // 2: "log-mel",
        lines - 1: f"{front_end.fmin:.0f} Hz",
    }


def _coloured(cells: NDArray[np.float64]) -> Text:
    """Return a line of half blocks: the upper row of cells is the text, the lower one behind it."""
    line = Text()
    for upper, lower in zip(*colours(cells), strict=True):
        style = Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
        line.append("▀", style)
    return line


def _shaded(cells: NDArray[np.float64]) -> Text:
    return Text("".join(_SHADES[round(value * (len(_SHADES) - 1))] for value in cells))


def _bars(probabilities: Sequence[float] | NDArray[np.float32]) -> str:
    return "".join(_BARS[round(float(p) * (len(_BARS) - 1))] for p in probabilities)


def _table(analysis: Analysis) -> None:
    """Print the windows as lines, for other programs and for files."""
    labels = analysis.ranked[:MOST_GENRES]
    names = [printable(analysis.names[label]) for label in labels]
    rows = [
        (f"{clock(start)}-{clock(end)}", *(f"{window[label]:.0%}" for label in labels))
        for (start, end), window in zip(analysis.spans, analysis.windows, strict=True)
    ]
    vote = ("vote", *(f"{analysis.probabilities[label]:.0%}" for label in labels))
    show_table(("window", *names), [*rows, vote])


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain values."""
    result, analysis = explanation.result, explanation.analysis
    found: dict[str, Any] = {
        "path": os.fspath(result.path),
        "status": result.status,
        "genre": result.genres or result.guess,
        "confidence": round(result.ranking[0][1], 4) if result.ranking else None,
        "min_confidence": explanation.minimum,
        "reasons": list(explanation.reasons),
        "existing_genre": list(result.existing),
        "action": result.action,
        "error": result.error or None,
    }
    if analysis is None:
        return found
    labels = analysis.metadata.labels
    return {
        **found,
        "start": round(analysis.start, 2),
        "seconds": round(analysis.seconds, 2),
        "probabilities": _by_label(labels, analysis.probabilities),
        "vote": _by_label(labels, analysis.vote),
        "windows": [
            {
                "start": round(start, 2),
                "end": round(end, 2),
                "probabilities": _by_label(labels, window),
            }
            for (start, end), window in zip(analysis.spans, analysis.windows, strict=True)
        ],
    }


def _by_label(labels: Sequence[str], values: NDArray[np.float32]) -> dict[str, float]:
    return {label: round(float(value), 4) for label, value in zip(labels, values, strict=True)}
