"""The commands for one track at a time: `explain` and `review`."""

from pathlib import Path
from typing import Annotated

import typer

from tagger.arguments import (
    WHOLE_TRACK,
    ConfigFile,
    Json,
    ModelOption,
    PlainCommand,
    Seconds,
    parse_probability,
    run,
)
from tagger.options import ScanOptions
from tagger.precedence import SettingsFile


def add_to(app: typer.Typer) -> None:
    """Add these commands to an application."""
    app.command(
        "explain", cls=PlainCommand, epilog="Example: genretag explain song.mp3 --image song.svg"
    )(explain)
    app.command("review", cls=PlainCommand, epilog="Example: genretag review genres.csv")(review)


def explain(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A music file.")],
    image: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw it into a file as well, an .svg or .png."),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            parser=parse_probability,
            metavar="P",
            help="Least probability (0 to 1) of a genre that is written; by default the value in"
            " the model file.",
        ),
    ] = None,
    seconds: Seconds = "30",  # type: ignore[assignment]
    model: ModelOption = None,
    config: SettingsFile = None,
    json: Json = False,
) -> None:
    """Show how one track comes to its genre, window by window.

    The file is analysed anew; nothing is written into it. Settings of scan in the configuration
    file apply.
    """
    options = ScanOptions(
        paths=(file,),
        min_confidence=min_confidence,
        seconds=None if seconds == WHOLE_TRACK else seconds,
        model=model,
        config=config,
    )
    from tagger.commands.explain import run_explain

    run(lambda: run_explain(options, image, as_json=json))


def review(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV that scan saved.")],
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="Show uncertain tracks only.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Go through a table track by track, and decide about each.

    Take a guess, change it, or leave the file alone. The table is saved after each decision, for
    genretag apply. No music file is changed.
    """
    from tagger.commands.review import run_review

    run(lambda: run_review(table, uncertain=uncertain, config_file=config))
