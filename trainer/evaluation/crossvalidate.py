"""`genretag-train crossvalidate`: a training for each fold and seed, and their figures."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from trainer.data import dataset as prepared
from trainer.evaluation import charts, drawing
from trainer.evaluation.crossvalidation import (
    CrossValidation,
    FoldPredictions,
    cross_validation,
    describe,
)
from trainer.evaluation.evaluate import predict_windows
from trainer.files import all_or_nothing, json_bytes
from trainer.training.options import FitOptions, Keep
from trainer.training.plan import Plan, plan
from trainer.training.run_folder import Run, load_run
from trainer.training.seen_tracks import refuse_seen_tracks


def crossvalidate(
    folder: Path,
    options: FitOptions,
    *,
    seeds: Sequence[int],
    keep: Keep | None,
    train: Callable[[Plan], Run],
    report: Callable[[str], None],
) -> CrossValidation:
    """Train a network for each fold and seed, and score each on the fold that it has not seen.

    Runs that are finished are not trained again, and one that was interrupted goes on.

    Args:
        folder: Holds a run folder for each fold and seed, and gets the figures.
        options: Of each training, but for fold and seed.
        seeds: The seeds.
        keep: Which weights are scored; None: those that the trainings come to.
        train: Carries out a training.
        report: Takes what is said.

    Raises:
        DataError: the data is not in folds, or a run is of other options.
    """
    data = tuple(map(Path, options.data))
    folds = prepared.folds_of(data)
    keep = keep or options.final
    parts = []
    for seed in seeds:
        for fold in folds:
            report(f"Fold {fold} of {len(folds)}, seed {seed}")
            # A training that stopped when the scored tracks got no better would flatter.
            own = replace(options, fold=fold, seed=seed, patience=None, train_splits=("train",))
            planned = plan(folder / f"fold-{fold}-seed-{seed}", own, resume=True)
            done = len(planned.past) == own.epochs
            run = load_run(planned.folder) if done else train(planned)
            refuse_seen_tracks(str(run.folder), planned.held_out, run.front_end, run.seen)
            predicted = predict_windows(run.deployed(keep), planned.held_out, run)
            parts.append(FoldPredictions(fold=fold, seed=seed, predicted=predicted))
    found = cross_validation(parts, keep)
    with all_or_nothing(folder) as scratch:
        (scratch / "crossvalidation.json").write_bytes(json_bytes(found.to_dict()))
        drawing.save(charts.confusion(found), scratch / "confusion")
        for seed, predictions in found.predictions.items():
            predictions.write(scratch / f"predictions-seed-{seed}.csv")
    report(f"{describe(found)}\n\nFigures, predictions and a chart are in {folder}.")
    return found
