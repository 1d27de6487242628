"""The work of `genretag review`: shows a screen, waits for a key, saves what was decided."""

import sys
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from tagger.errors import ExitCode, UsageError
from tagger.output.console import complain, printable
from tagger.pipeline.decide import Rules
from tagger.review.document import Document
from tagger.review.keys import Keys
from tagger.review.player import Player
from tagger.review.screen import frame, goodbye
from tagger.review.session import Review, rows_of
from tagger.settings.file import load


def run_review(table: Path, *, uncertain: bool, config_file: Path | None) -> ExitCode:
    """Go through the tracks of a table.

    Args:
        table: a CSV that scan saved.
        uncertain: only uncertain tracks.
        config_file: the configuration, if it is not the default one.

    Raises:
        PathError: the table cannot be read or saved.
        UsageError: there is no terminal.
    """
    settings = load(config_file)
    document = Document(table)
    rules = Rules(min_confidence=0, vocabulary=settings.vocabulary)
    rows = rows_of(document.table, rules, uncertain=uncertain)
    if not rows:
        complain(f"There is no track to review in {table}.")
        return ExitCode.DONE
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A review needs a terminal. Elsewhere, edit the table in a spreadsheet.")
    player = Player(settings.review.player)
    try:
        review = _loop(Review(rows=rows).at_path(document.bookmark), document, player)
    finally:
        player.stop()
    print(goodbye(review, printable(table)))
    document.leave_bookmark(review.row.path)
    if review.decisions:
        print(f"Write them into the files with: genretag apply {printable(table)}")
    return ExitCode.DONE


def _loop(review: Review, document: Document, player: Player) -> Review:
    """Show track after track until the user quits, or presses Ctrl-C."""
    console = Console(highlight=False)
    keys = Keys(player, partial(_ask, console))
    message = "This is where you stopped; b goes back." if review.at else ""
    with console.screen(hide_cursor=True):
        while True:
            shown = frame(
                review,
                name=str(document.file),
                width=console.width,
                height=console.height,
                message=printable(message),
            )
            console.clear()
            console.print(shown, end="", no_wrap=True, overflow="crop")
            try:
                key = typer.getchar()
                player.stop()
                step = keys.press(key, review)
            except (KeyboardInterrupt, EOFError):
                return review
            if step.review is None:
                return review
            if step.review.decisions != review.decisions:
                document.save(step.review.changes())
            review, message = step.review, step.message


def _ask(console: Console) -> str:
    """Let the user type a genre; Ctrl-C is none."""
    console.show_cursor(True)
    try:
        return console.input(Text("\nGenre (several with ; between): "))
    except (KeyboardInterrupt, EOFError):
        return ""
    finally:
        console.show_cursor(False)
