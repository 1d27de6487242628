"""An explanation as one picture: the features, and below them the genres over time."""

from pathlib import Path

from tagger.audio.log_mel import MelStrip
from tagger.errors import PathError, UsageError, reason
from tagger.output.canvas import Canvas, new_canvas
from tagger.output.console import cut, printable
from tagger.output.explanation import MOST_GENRES, clock, verdict
from tagger.output.heatmap import colours, levels
from tagger.output.written import is_as_written, remember
from tagger.pipeline.explain import Analysis, Explanation

_WIDTH = 960
_LEFT, _RIGHT = 110, 70  # beside the features
_TOP, _FEATURES = 70, 256  # heights: of the title, of the features
_LANE, _GAP = 36, 8  # height of a genre, and of what is between two
_AXIS, _BOTTOM = 30, 16
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)  # seconds between times
_MOST_TICKS = 8
_BAR, _BEST, _LANE_COLOUR = "#8fb4d9", "#1f6fb5", "#eef2f6"
_TITLE, _TEXT = 17, 13
_LONGEST_TITLE, _LONGEST_VERDICT, _LONGEST_NAME = 90, 125, 14  # letters


def check_image(image: Path) -> None:
    """Refuse early what `save_image` could not do.

    Raises:
        UsageError: the name ends in neither .png nor .svg, or Pillow is missing.
        PathError: there is such a file, and genretag did not make it.
    """
    new_canvas(image.suffix, 1, 1)
    if image.exists() and not is_as_written(image):
        raise PathError(f"{image} exists, and genretag did not make it. Choose another name.")


def save_image(explanation: Explanation, image: Path) -> None:
    """Draw an explanation.

    Raises:
        UsageError: there is nothing to draw.
        PathError: the file cannot be written.
    """
    analysis = explanation.analysis
    if analysis is None:
        raise UsageError(f"There is nothing to draw: the file {explanation.result.error}.")
    lanes = min(MOST_GENRES, len(analysis.names))
    height = _TOP + _FEATURES + _AXIS + lanes * (_LANE + _GAP) + _BOTTOM
    canvas = new_canvas(image.suffix, _WIDTH, height)
    title = cut(printable(explanation.result.path.name), _LONGEST_TITLE)
    canvas.text(_GAP, 28, title, size=_TITLE)
    canvas.text(_GAP, 52, cut(next(verdict(explanation)), _LONGEST_VERDICT), size=_TEXT)
    _draw_features(canvas, analysis)
    _draw_lanes(canvas, analysis, lanes)
    try:
        image.write_bytes(canvas.content())
    except OSError as error:
        raise PathError(f"{image} cannot be written: {reason(error)}.") from None
    remember(image)


def _draw_features(canvas: Canvas, analysis: Analysis) -> None:
    width = _WIDTH - _LEFT - _RIGHT
    canvas.picture(_LEFT, _TOP, colours(levels(analysis.strip, _FEATURES, width)))
    front_end = analysis.metadata.front_end
    if isinstance(front_end, MelStrip):
        for y, name in (
            (_TOP + _TEXT, f"{front_end.fmax / 1000:.0f} kHz"),
            (_TOP + _FEATURES // 2, "log-mel"),
            (_TOP + _FEATURES, f"{front_end.fmin:.0f} Hz"),
        ):
            canvas.text(_LEFT - _GAP, y, name, size=_TEXT, anchor="end")
    step = next((s for s in _TICKS if analysis.seconds / s <= _MOST_TICKS), _TICKS[-1])
    for number in range(int(analysis.seconds // step) + 1):
        x = _LEFT + width * number * step / analysis.seconds
        canvas.rectangle(x, _TOP + _FEATURES, 1, 5, "#222222")
        canvas.text(x, _TOP + _FEATURES + 20, clock(analysis.start + number * step), size=_TEXT)


def _draw_lanes(canvas: Canvas, analysis: Analysis, lanes: int) -> None:
    """Draw a lane for each of the best genres, filled as high as its probability."""
    width = _WIDTH - _LEFT - _RIGHT
    columns = 2 * len(analysis.windows)
    timeline = analysis.timeline(columns)
    for rank, label in enumerate(analysis.ranked[:lanes]):
        top = _TOP + _FEATURES + _AXIS + rank * (_LANE + _GAP)
        middle = top + (_LANE + _TEXT) / 2 - 1
        name = cut(printable(analysis.names[label]), _LONGEST_NAME)
        canvas.text(_LEFT - _GAP, middle, name, size=_TEXT, anchor="end")
        canvas.rectangle(_LEFT, top, width, _LANE, _LANE_COLOUR)
        for column, probability in enumerate(timeline[:, label]):
            height = _LANE * float(probability)
            if height >= 1:
                x = _LEFT + width * column / columns
                colour = _BEST if rank == 0 else _BAR
                canvas.rectangle(x, top + _LANE - height, width / columns, height, colour)
        percent = f"{analysis.probabilities[label]:.0%}"
        canvas.text(_WIDTH - _GAP, middle, percent, size=_TEXT, anchor="end")
