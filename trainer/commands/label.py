"""`genretag-train label`."""

from pathlib import Path
from typing import Annotated

import typer

from tagger.output.console import count_of
from tagger.runtime.interrupt import said_when_stopped
from trainer.data.soft_labels import SOFT_LABELS_FILE


def label(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Prepared data set; its genres are not used.")
    ],
    teacher: Annotated[
        list[Path],
        typer.Option(
            metavar="RUN",
            help="Run folder of fit, or of pretrain if --probe is given, that tells the genres "
            "(repeatable: the mean of several).",
        ),
    ],
    probe: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Labelled data set that turns what a pretrained network learnt into genres "
            "(repeatable).",
        ),
    ] = None,
) -> None:
    """Give music without genres soft labels, for fit to learn from."""
    with said_when_stopped(lambda: "stopped; nothing was written."):
        from trainer.training.display import PrepareDisplay
        from trainer.training.labelling import label as label_tracks

        with PrepareDisplay(unit="tracks") as display:
            found = label_tracks(data, teacher, probe or (), progress=display.progress)
    typer.echo(f"{data / SOFT_LABELS_FILE}: {count_of(len(found.files), 'track')}, likeliest genre")
    likeliest = [found.labels[index] for index in found.values.argmax(1)]
    for genre in found.labels:
        typer.echo(f"  {genre:<12} {likeliest.count(genre)}")
