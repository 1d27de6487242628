"""What a training will be: all that can be looked over before Keras is loaded, which takes long."""

from dataclasses import dataclass
from pathlib import Path

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError, reason
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet, Track
from trainer.networks.registry import check_multiples, network
from trainer.training.history import Epoch
from trainer.training.options import FitOptions
from trainer.training.run_folder import RUN_FILE, Run, load_run


@dataclass(frozen=True)
class Plan:
    """A training that can begin, or go on."""

    folder: Path
    options: FitOptions
    data: DataSet
    front_end: FrontEnd  # of the network
    tracks: tuple[Track, ...]  # to train on
    held_out: tuple[Track, ...]  # to validate on
    past: tuple[Epoch, ...]  # that are done already
    start: Run | None  # whose weights are the first
    teachers: tuple[Run, ...]


def plan(folder: Path, options: FitOptions, *, resume: bool) -> Plan:
    """Look over what a training needs.

    Raises:
        DataError: data, first weights or folder cannot be used.
    """
    past = _past(folder, options, resume)
    data = prepared.load([Path(path) for path in options.data], options.fold)
    tracks = data.split(*options.train_splits)
    if not tracks:
        raise DataError(f"No tracks in {' and '.join(options.train_splits)}.")
    if missing := set(data.labels) - {track.genre for track in tracks}:
        raise DataError(f"No training tracks for {', '.join(sorted(missing))}.")
    held_out = () if "valid" in options.train_splits else data.split("valid")
    known = network(options.arch)
    front_end = known.hear(data.front_end)
    check_multiples(front_end.rows, front_end.grid, known.stride * options.shrink)
    start = None if past else _start(options, data, front_end)
    teachers = tuple(_teacher(folder, options, data) for folder in options.teachers)
    return Plan(folder, options, data, front_end, tracks, held_out, past, start, teachers)


def _past(folder: Path, options: FitOptions, resume: bool) -> tuple[Epoch, ...]:
    """Return the epochs that are done already."""
    if not (folder / RUN_FILE).exists():
        return ()
    if not resume:
        raise DataError(f"{folder} holds a run already; go on with --resume, or name another.")
    run = load_run(folder)
    if run.options != options:
        raise DataError(f"{folder} was begun with other options; repeat them, or name another.")
    return tuple(run.history.read()) if run.weights("last").exists() else ()


def _start(options: FitOptions, data: DataSet, front_end: FrontEnd) -> Run | None:
    """Return the run whose weights are the start, if there is one; a file of weights must open."""
    if not options.init:
        if options.weights not in ("none", "imagenet"):
            try:
                Path(options.weights).open("rb").close()
            except OSError as error:
                raise DataError(f"{options.weights} cannot be read ({reason(error)}).") from None
        return None
    start = load_run(Path(options.init))
    if (start.labels, start.front_end) != (data.labels, front_end):
        raise DataError(f"{options.init} has other genres or another front end.")
    if start.options.arch != options.arch:
        raise DataError(f"{options.init} trained {start.options.arch}, not {options.arch}.")
    _check_kept_aside(start, options)
    start.there(start.final)
    return start


def _teacher(folder: str, options: FitOptions, data: DataSet) -> Run:
    """Return the run of a network that hears the same data, whatever its architecture."""
    run = load_run(Path(folder))
    if (run.labels, run.front_end) != (data.labels, network(run.options.arch).hear(data.front_end)):
        raise DataError(f"{folder} has other genres or another front end.")
    _check_kept_aside(run, options)
    run.there(run.final)
    return run


def _check_kept_aside(run: Run, options: FitOptions) -> None:
    """Refuse a run that knows the tracks that this one will be judged on."""
    more = set(run.options.train_splits) - set(options.train_splits)
    if more or run.options.fold not in (None, options.fold):
        raise DataError(
            f"{run.folder} was trained on tracks that are kept aside here, and would flatter every "
            "figure; take a run of the same --train-split and --fold."
        )
