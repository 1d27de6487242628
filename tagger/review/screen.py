"""What a review looks like: one track on a terminal of 80 columns and 24 lines, or more."""

from rich.text import Text

from tagger.output.console import count_of, cut, end_of, printable
from tagger.review.session import Decision, Review, Row
from tagger.tracks import Action, Status

MOST_CANDIDATES = 9  # one for each digit
_NAME, _BAR = 22, 30  # columns
_LINES_AROUND = 15  # the candidates
_KEYS = (
    (("Enter", "take the guess"), ("1-9", "take this genre"), ("c", "type a genre")),
    (("s", "leave alone"), ("space", "next"), ("b", "back"), ("p", "play")),
    (("u", "undo"), ("q", "quit; everything is saved")),
)


def frame(review: Review, *, name: str, width: int, height: int, message: str = "") -> Text:
    """Return the whole screen for the track that is shown.

    Args:
        review: the state.
        name: of the table.
        width: of the terminal.
        height: of the terminal.
        message: about the last key.
    """
    row = review.row
    wide = width - 1  # a letter in the last column makes some terminals begin a new line
    decided = f"{len(review.decisions)} decided now"
    title = f"Track {review.at + 1} of {len(review.rows)}, {decided}"
    file = printable(row.path.name)
    lines = [
        Text(f"{title}   {cut(printable(name), max(wide - len(title) - 3, 1))}", "dim"),
        Text(),
        Text(cut(file, wide), "bold"),
        Text(end_of(printable(row.path.parent), wide), "dim"),
        Text(),
        *_candidates(row, min(MOST_CANDIDATES, max(height - _LINES_AROUND, 2)), wide),
        Text(),
        Text(cut(f"In the file: {_names(row.existing) or 'no genre'}", wide)),
        Text(cut(f"{_mark(review)}{_words(review.decision, row)}", wide), "bold"),
        Text(),
        *(_keys(keys) for keys in _KEYS),
        Text(cut(message, wide), "yellow"),
    ]
    return Text("\n").join(lines[: height - 2])  # the last two are for what is typed


def _candidates(row: Row, most: int, wide: int) -> list[Text]:
    lines = []
    width = min(_BAR, wide - _NAME - 12)
    for number, candidate in enumerate(row.candidates[:most], 1):
        probability = candidate.probability or 0.0
        bar = "█" * round(probability * width)
        percent = "" if candidate.probability is None else f"{probability:4.0%}"
        lines.append(
            Text.assemble(
                (f" {number}  ", "cyan"),
                f"{cut(_names(candidate.genres), _NAME):<{_NAME}} {percent:>4}  ",
                (bar, "cyan"),
            )
        )
    return lines


def _mark(review: Review) -> str:
    return "Decided: " if review.at in review.decisions else "The table: "


def _words(decision: Decision, row: Row) -> str:
    if decision.action is Action.WRITE:
        return f"write {_names(decision.genres)}"
    if decision.action is Action.KEEP:
        return f"keep {_names(row.existing)}"
    if row.status == Status.UNCERTAIN and decision.genres == row.genres:
        return "leave alone (uncertain)"
    return "leave alone"


def _keys(keys: tuple[tuple[str, str], ...]) -> Text:
    line = Text()
    for number, (key, meaning) in enumerate(keys):
        line.append("   " if number else "")
        line.append(key, "cyan")
        line.append(f" {meaning}")
    return line


def _names(genres: tuple[str, ...]) -> str:
    return printable(", ".join(genres))


def goodbye(review: Review, name: str) -> str:
    """Return the last sentence."""
    if not review.decisions:
        return f"Nothing was decided; {name} is as it was."
    return f"{count_of(len(review.decisions), 'decision')} saved in {name}."
