"""`genretag-train pretrain`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from tagger.errors import UsageError
from tagger.runtime.interrupt import said_when_stopped
from trainer.commands import options as shared
from trainer.training.augmentation import Augmentation
from trainer.training.options import PretrainOptions
from trainer.training.pretraining_folder import load_pretraining


def pretrain(
    context: typer.Context,
    run: shared.NewRun,
    data: Annotated[
        Path | None,
        typer.Argument(metavar="DATA", help="Prepared data set; its genres are not used."),
    ] = None,
    resume: shared.Resume = False,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.onnx|MODULE:FUNCTION",
            help="Let this teacher make the targets, if the data set has none.",
        ),
    ] = None,
    probe: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Score the features on this labelled data set with a linear probe (repeatable).",
        ),
    ] = None,
    probe_every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Epochs from one linear probe to the next.")
    ] = 4,
    arch: shared.Arch = "vgg16",
    weights: shared.Weights = "none",
    batch_norm: shared.BatchNorm = None,
    epochs: shared.Epochs = 60,
    batches: shared.Batches = 60,
    batch_size: Annotated[int, typer.Option(min=1, metavar="N", help="Windows in a batch.")] = 64,
    learning_rate: shared.LearningRate = 1e-3,
    warm_up: shared.WarmUp = 200,
    weight_decay: shared.WeightDecay = 0.05,
    dropout: Annotated[
        float, typer.Option(min=0, max=0.99, metavar="SHARE", help="Share of dropout.")
    ] = 0.1,
    average: shared.Average = 2.0,
    augment: Annotated[
        Literal["off", "mild"], typer.Option(help="How much to vary windows.")
    ] = "mild",
    shrink: shared.Shrink = 1,
    precision: shared.PrecisionOption = "float32",
    seed: shared.Seed = 1,
) -> None:
    """Pretrain a network on the vectors of a teacher, without labels."""
    options = PretrainOptions(
        data=str(data or ""),
        teacher=teacher,
        probe=tuple(map(str, probe or ())),
        probe_every=probe_every,
        arch=arch,
        weights=weights,
        batch_norm=batch_norm,
        epochs=epochs,
        batches=batches,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warm_up=warm_up,
        weight_decay=weight_decay,
        dropout=dropout,
        average=average,
        shrink=shrink,
        precision=precision,
        seed=seed,
        augmentation=Augmentation.mild() if augment == "mild" else Augmentation.off(),
    )
    if shared.goes_on(run, resume=resume, data=data):
        begun = load_pretraining(run).options
        given = shared.given_options(context)
        options = replace(begun, **shared.changes(given, options))
    if not options.data:
        raise UsageError("Name a prepared data set.")
    with said_when_stopped(lambda: shared.how_to_go_on("pretrain", run)):
        from trainer.training.display import PrepareDisplay, TrainingDisplay
        from trainer.training.pretrain_plan import plan_pretraining

        if options.teacher:
            from trainer.data.teacher import write_targets

            with PrepareDisplay(unit="tracks") as shown:
                write_targets(Path(options.data), options.teacher, shown.progress)
        planned = plan_pretraining(run, options, resume=resume)
        with TrainingDisplay(options) as display:
            from trainer.training.pretrain import pretrain as pretrain_run

            pretrain_run(planned, report=display.say, progress=display.progress)
