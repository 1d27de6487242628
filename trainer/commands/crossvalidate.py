"""`genretag-train crossvalidate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tagger.runtime.interrupt import said_when_stopped
from trainer.commands import options as shared
from trainer.commands.choices import options_of_training, takes_choices, without_effect
from trainer.training.options import Keep
from trainer.training.run_folder import Run, read_options


@takes_choices
def crossvalidate(
    context: typer.Context,
    run: Annotated[
        Path,
        typer.Option(
            "--run", metavar="FOLDER", help="Folder for the run folders and their figures."
        ),
    ],
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DATA", help="Data sets prepared with --split kfold, taken together."
        ),
    ] = None,
    repeat: shared.Repeat = None,
    seeds: Annotated[
        list[int] | None,
        typer.Option(
            "--seeds",
            "--seed",
            metavar="N",
            help="Train every fold with this seed (repeatable); default: 1.",
        ),
    ] = None,
    keep: Annotated[
        Keep | None,
        typer.Option(
            help="Score the weights of the best epoch, which flatters, the last ones, or their "
            "moving average; default: what the training comes to."
        ),
    ] = None,
    **choices: Any,
) -> None:
    """Train on all folds but one, in turn, and score each network on the fold left out.

    The same command continues after an interruption, and with more --epochs trains longer.
    """
    given = shared.given_options(context)
    begun = read_options(repeat) if repeat else None
    options = options_of_training(data, begun, given, choices)
    with said_when_stopped(lambda: "stopped; the same command goes on after the last whole epoch."):
        from trainer.evaluation.crossvalidate import crossvalidate as run_all
        from trainer.training.display import TrainingDisplay
        from trainer.training.plan import Plan

        def train(planned: Plan) -> Run:
            from trainer.networks.backend import keras
            from trainer.training.fit import fit

            keras.backend.clear_session()  # frees what it keeps of the network before
            with TrainingDisplay(planned.options) as display:
                return fit(planned, report=display.say, progress=display.progress)

        for text in without_effect(given, options):
            typer.echo(text)
        run_all(
            run,
            options,
            seeds=tuple(dict.fromkeys(seeds or (1,))),
            keep=keep,
            train=train,
            report=typer.echo,
        )
