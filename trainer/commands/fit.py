"""`genretag-train fit`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tagger.runtime.interrupt import said_when_stopped
from trainer.commands import options as shared
from trainer.commands.choices import options_of_training, takes_choices, without_effect
from trainer.training.run_folder import load_run, read_options


@takes_choices
def fit(
    context: typer.Context,
    run: shared.NewRun,
    data: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DATA", help="Prepared data sets, taken together."),
    ] = None,
    repeat: shared.Repeat = None,
    resume: shared.Resume = False,
    train_split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPLIT",
            help="Train on this split (repeatable): train, valid, test; default: train.",
        ),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="For data in folds: validate on this fold, train on the others."
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(metavar="N", help="Stop after N epochs without a better validation."),
    ] = None,
    seed: shared.Seed = 1,
    **choices: Any,
) -> None:
    """Train a network to tell genres."""
    given = shared.given_options(context)
    begun = read_options(repeat) if repeat else None
    if not repeat and shared.goes_on(run, resume=resume, data=data):
        begun = load_run(run).options
    options = options_of_training(
        data,
        begun,
        given,
        choices,
        train_splits=tuple(train_split or ("train",)),
        fold=fold,
        patience=patience,
        seed=seed,
    )
    with said_when_stopped(lambda: shared.how_to_go_on("fit", run)):
        from trainer.training.display import TrainingDisplay
        from trainer.training.plan import plan

        planned = plan(run, options, resume=resume)
        with TrainingDisplay(options) as display:
            for sentence in without_effect(given, options):
                display.say(sentence)
            from trainer.training.fit import fit as fit_run

            fit_run(planned, report=display.say, progress=display.progress)
