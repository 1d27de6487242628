"""The mean of several runs as one network, and the figures of that network.

It is the mean of probabilities, not of logits (Lakshminarayanan et al. 2017): each network has one
vote, and none that is very sure outvotes the others; and what comes out are probabilities again,
whose logarithm is never worse on average than the mean of the networks' own.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet
from trainer.evaluation.calibration import PRECISION_GOAL
from trainer.evaluation.evaluate import predict_windows, windows_per_second
from trainer.evaluation.figures import VALIDATION, Figures, check_same_kind
from trainer.evaluation.results import Subject, evaluate_predictions, protocol
from trainer.evaluation.text import confidence, interval
from trainer.training.options import Keep
from trainer.training.run_folder import Run
from trainer.training.seen_tracks import refuse_seen_tracks

if TYPE_CHECKING:
    import keras


def check_mean(runs: Sequence[Run]) -> None:
    """Refuse runs that have no mean.

    Raises:
        DataError: they have other genres or another front end, or one is named twice.
    """
    first, *others = runs
    if len({run.folder.resolve() for run in runs}) < len(runs):
        raise DataError("One of the runs is named twice; the mean takes each once.")
    for other in others:
        for name in ("labels", "front end"):
            if other.network[name] != first.network[name]:
                raise DataError(
                    f"{other.folder} has another {name} than {first.folder}; there is no mean of "
                    "the two."
                )


def mean_network(runs: Sequence[Run], keep: Keep) -> "keras.Model":
    """Build one network that gives the mean of the probabilities of several.

    Raises:
        DataError: weights are not there.
    """
    members = [run.deployed(keep) for run in runs]
    from trainer.networks.backend import keras, layers

    for number, member in enumerate(members, 1):
        member.name = f"member_{number}"
    given = keras.Input(members[0].input_shape[1:], name="given")
    return keras.Model(given, layers.Average(name="mean")([member(given) for member in members]))


def data_of(run: Run) -> DataSet:
    """Read the data sets that a run was trained on."""
    return prepared.load([Path(folder) for folder in run.options.data], run.options.fold)


def figures_of_mean(
    runs: Sequence[Run],
    keep: Keep,
    model: "keras.Model",
    data: DataSet,
    named: Sequence[Run],
    report: Callable[[str], None],
) -> Figures:
    """Score the mean of runs on the validation tracks, which chooses its settings.

    Args:
        runs: The runs.
        keep: Which of their weights.
        model: Their mean.
        data: Of the first run.
        named: Where no track is left to score: the run whose settings and figures count, or the
            runs, one for each, whose mean is scored in place of this one.
        report: Takes the accuracy.

    Raises:
        DataError: a run was trained on the tracks that would be scored, or a run that is named is
            a network of another kind.
    """
    if len(named) == 1:
        for run in runs:
            check_same_kind(run, named[0])
        return Figures(metrics=named[0].metrics(), borrowed=True)
    if named:
        if len(named) != len(runs):
            raise DataError(
                f"--figures-from names {len(named)} runs for the mean of {len(runs)}; name one, or "
                "one for each in the same order."
            )
        for run, other in zip(runs, named, strict=True):
            check_same_kind(run, other)
        check_mean(named)
        model, data = mean_network(named, keep), data_of(named[0])
    scored = named or runs
    tracks = data.split(VALIDATION)
    try:
        for run in scored:
            if VALIDATION in run.options.train_splits:
                raise DataError(f"{run.folder} was trained on the validation tracks.")
            refuse_seen_tracks(str(run.folder), tracks, run.front_end, run.seen)
    except DataError as error:
        raise DataError(
            f"{error} Name an evaluated run whose settings and figures count with --figures-from."
        ) from None
    unrecorded = dict.fromkeys(name for run in scored for name in run.seen.unknown)
    subject = Subject(
        split=VALIDATION,
        protocol=protocol(VALIDATION, data.flattering, unrecorded),
        weights=keep,
        architecture=" + ".join(run.options.arch for run in scored),
        parameters=model.count_params(),
        windows_per_second=windows_per_second(model, tracks, scored[0].front_end),
    )
    found = evaluate_predictions(
        subject, predict_windows(model, tracks, scored[0]), goal=_precision_goal(scored)
    )
    report(
        f"The mean of {len(scored)} runs is right in {found.track.accuracy:.1%} (95 % interval "
        f"{interval(found.track.accuracy_interval)}) of {found.protocol}."
    )
    report("\n".join(confidence(found)))
    return Figures(metrics=found.to_dict(), borrowed=bool(named))


def _precision_goal(runs: Sequence[Run]) -> float:
    """Return the strictest goal that one of the runs was evaluated with."""
    goals = []
    for run in runs:
        with suppress(DataError):  # it was not evaluated
            goals.append(float(run.metrics()["settings"]["precision_goal"]))
    return max(goals, default=PRECISION_GOAL)
