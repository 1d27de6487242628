"""What a training will be: all that can be looked over before Keras is loaded, which takes long."""

from collections.abc import Mapping, Sequence
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
from trainer.training.start import Start, load_start


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
    start: Start | None  # whose weights are the first
    teachers: tuple[Run, ...]
    shares: Mapping[str, float]  # of the windows, by data set


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
    start = None if past else _start(options, front_end)
    teachers = tuple(_teacher(folder, options, data) for folder in options.teachers)
    shares = _shares(options, tracks)
    return Plan(folder, options, data, front_end, tracks, held_out, past, start, teachers, shares)


def _shares(options: FitOptions, tracks: Sequence[Track]) -> dict[str, float]:
    """Return the share of windows of each data set that was given one."""
    shares = {}
    for text in options.shares:
        name, _, share = text.rpartition("=")
        try:
            shares[name] = float(share)
        except ValueError:
            raise DataError(f"--share takes NAME=SHARE, such as songs=0.6, not {text!r}.") from None
    sources = {track.source for track in tracks}
    if unknown := sorted(set(shares) - sources):
        raise DataError(
            f"--share names {unknown[0]!r}; the data sets with training tracks are "
            f"{', '.join(sorted(sources))}."
        )
    rest = 1 - sum(shares.values())
    if (
        min(shares.values(), default=0) < 0
        or rest < -1e-9
        or (rest > 1e-9) == (set(shares) == sources)
    ):
        raise DataError("The shares of --share must be 0 or more and leave room for the others.")
    return shares


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


def _start(options: FitOptions, front_end: FrontEnd) -> Start | None:
    """Return the run whose weights are the start, if there is one; a file of weights must open."""
    if not options.init:
        if options.weights not in ("none", "imagenet"):
            try:
                Path(options.weights).open("rb").close()
            except OSError as error:
                raise DataError(f"{options.weights} cannot be read ({reason(error)}).") from None
        return None
    start = load_start(Path(options.init))
    if start.front_end != front_end:
        raise DataError(f"{options.init} has another front end.")
    if start.arch != options.arch:
        raise DataError(f"{options.init} trained {start.arch}, not {options.arch}.")
    _check_kept_aside(start.folder, start.train_splits, start.fold, options)
    return start


def _teacher(folder: str, options: FitOptions, data: DataSet) -> Run:
    """Return the run of a network that hears the same data, whatever its architecture."""
    run = load_run(Path(folder))
    if (run.labels, run.front_end) != (data.labels, network(run.options.arch).hear(data.front_end)):
        raise DataError(f"{folder} has other genres or another front end.")
    _check_kept_aside(run.folder, run.options.train_splits, run.options.fold, options)
    run.there(run.final)
    return run


def _check_kept_aside(
    folder: Path, train_splits: Sequence[str], fold: int | None, options: FitOptions
) -> None:
    """Refuse a run that knows the tracks that this one will be scored on."""
    more = set(train_splits) - set(options.train_splits)
    if more or fold not in (None, options.fold):
        raise DataError(
            f"{folder} was trained on tracks that are kept aside here, and would flatter every "
            "figure; take a run of the same --train-split and --fold."
        )
