"""What a training will be: all that can be looked over before Keras is loaded, which takes long."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError, reason
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet, Track
from trainer.data.recordings import Recordings, load_recordings
from trainer.data.soft_labels import SOFT_LABELS_FILE
from trainer.networks.registry import Network, check_multiples, front_end_for, network
from trainer.training.history import Epoch
from trainer.training.options import FitOptions
from trainer.training.past import past_epochs
from trainer.training.run_folder import Run, load_run
from trainer.training.seen_tracks import (
    Seen,
    load_seen,
    overlaps,
    refuse_seen_tracks,
    seen_as_taught,
    seen_in,
    seen_in_recordings,
)
from trainer.training.start import Start, load_start


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training that can begin, or go on.

    Attributes:
        folder: The run folder.
        options: Its options.
        data: The data sets, taken together.
        front_end: Of the network.
        tracks: The tracks to train on.
        left_out: Names of those without labels that are recordings kept aside.
        held_out: The tracks to validate on.
        past: The epochs that are done already.
        start: The run whose weights are the first, if there is one.
        teachers: The runs whose predictions are learnt.
        recordings: Those whose vectors are learnt as well, without what is kept aside.
        shares: Share of the windows of each data set that was given one.
        seen: What the network will have seen, itself and through `start`, `teachers` and what made
            soft labels; None if the training goes on, since its run folder says so then.
    """

    folder: Path
    options: FitOptions
    data: DataSet
    front_end: FrontEnd
    tracks: tuple[Track, ...]
    left_out: tuple[str, ...]
    held_out: tuple[Track, ...]
    past: tuple[Epoch, ...]
    start: Start | None
    teachers: tuple[Run, ...]
    recordings: Recordings | None
    shares: Mapping[str, float]
    seen: Seen | None


def plan(folder: Path, options: FitOptions, *, resume: bool) -> Plan:
    """Look over what a training needs.

    Raises:
        DataError: data, first weights or folder cannot be used.
    """
    past = past_epochs(folder, options, resume=resume, load=load_run)
    data = prepared.load([Path(path) for path in options.data], options.fold)
    tracks = data.split(*options.train_splits)
    if not tracks:
        raise DataError(f"No tracks in {' and '.join(options.train_splits)}.")
    if missing := set(data.labels) - {track.genre for track in tracks}:
        raise DataError(f"No training tracks for {', '.join(sorted(missing))}.")
    held_out = () if "valid" in options.train_splits else data.split("valid")
    known = network(options.arch, data.front_end)
    front_end = known.front_end_for(data.front_end)
    check_multiples(front_end.rows, front_end.grid, known.stride * options.shrink)
    check_block(options, known)
    start = None if past else _start(options, front_end)
    teachers = tuple(_teacher(folder, options, data) for folder in options.teachers)
    kept_aside = [track for track in data.tracks if track.split not in options.train_splits]
    tracks, left_out = _without_recordings_of(kept_aside, tracks, front_end)
    recordings, also_left_out = _recordings(options, data, kept_aside)
    shares = _shares(options, tracks)
    # What made soft labels teaches as well, through them.
    guessed = [Path(path) for path in options.data if (Path(path) / SOFT_LABELS_FILE).exists()]
    ancestors = {run.folder: str(run.folder) for run in (start, *teachers) if run}
    ancestors |= {path: f"What labelled {path}" for path in guessed}
    return Plan(
        folder=folder,
        options=options,
        data=data,
        front_end=front_end,
        tracks=tracks,
        left_out=left_out + also_left_out,
        held_out=held_out,
        past=past,
        start=start,
        teachers=teachers,
        recordings=recordings,
        shares=shares,
        seen=None if past else _seen(folder, tracks, recordings, held_out, front_end, ancestors),
    )


def check_block(options: FitOptions, known: Network) -> None:
    """Raise DataError if the network does not have the block that training is to begin with."""
    blocks = known.blocks
    if options.unfreeze_from > blocks + 1:
        raise DataError(
            f"{options.arch} has {blocks} blocks; --unfreeze-from takes 1 to {blocks + 1}, which "
            "trains only the head."
            if blocks
            else f"{options.arch} has no blocks to train from; take --unfreeze-layers."
        )


def _without_recordings_of(
    kept_aside: Sequence[Track], tracks: tuple[Track, ...], front_end: FrontEnd
) -> tuple[tuple[Track, ...], tuple[str, ...]]:
    """Leave out tracks with soft labels that are recordings to be scored on, and name them.

    Music that nobody has labelled may well hold what somebody else has.
    """
    soft = [track for track in tracks if track.soft_label]
    if not soft:
        return tracks, ()
    found = overlaps(seen_in(soft, front_end), seen_in(kept_aside, front_end))
    names = {overlap.track for overlap in found}
    kept = tuple(t for t in tracks if not (t.soft_label and t.full_name in names))
    return kept, tuple(sorted(names))


def _recordings(
    options: FitOptions, data: DataSet, kept_aside: Sequence[Track]
) -> tuple[Recordings | None, tuple[str, ...]]:
    """Return the recordings of a teacher's vectors without those kept aside, and name these."""
    if not options.recordings:
        return None, ()
    recordings = load_recordings(Path(options.recordings))
    if recordings.front_end != data.front_end:
        raise DataError(f"{options.recordings} has another front end than {options.data[0]}.")
    if not recordings.split("train").size:
        raise DataError(f"{options.recordings} has no tracks in train.")
    drawn = seen_in_recordings(recordings, "train")
    found = {overlap.track for overlap in overlaps(drawn, seen_in(kept_aside, data.front_end))}
    return recordings.without(found), tuple(sorted(found))


def _seen(
    folder: Path,
    tracks: Sequence[Track],
    recordings: Recordings | None,
    held_out: Sequence[Track],
    front_end: FrontEnd,
    ancestors: Mapping[Path, str],
) -> Seen:
    """Return what the network will have seen, itself and through the runs before it.

    Args:
        folder: Its run folder.
        tracks: The tracks it will be trained on.
        recordings: Those whose vectors it will learn as well.
        held_out: The tracks to validate on, none of which it may have seen.
        front_end: Of the tracks.
        ancestors: Folders of runs that it learns from, and of data that were labelled by runs; each
            with how to call what it learns from.

    Raises:
        DataError: it has seen some of the validation tracks.
    """
    for ancestor, name in ancestors.items():
        refuse_seen_tracks(name, held_out, front_end, load_seen(ancestor))
    own = seen_in(tracks, front_end)
    if recordings:
        own = own.joined([seen_as_taught(recordings)])
    refuse_seen_tracks(str(folder), held_out, front_end, own)
    return own.joined(load_seen(ancestor).of_run(ancestor.name) for ancestor in ancestors)


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
    total = sum(shares.values())
    all_given, all_drawn = set(shares) == sources, math.isclose(total, 1)
    too_many = total > 1 and not all_drawn
    if min(shares.values(), default=0) < 0 or too_many or all_given != all_drawn:
        raise DataError("The shares of --share must be 0 or more and leave room for the others.")
    return shares


def _start(options: FitOptions, front_end: FrontEnd) -> Start | None:
    """Return the run whose weights are the start, if there is one; a file of weights must open."""
    if not options.init:
        check_weights_file(options.weights)
        return None
    start = load_start(Path(options.init))
    # First, since networks of other architectures often have other windows as well.
    if start.arch != options.arch:
        raise DataError(f"{options.init} trained {start.arch}, not {options.arch}.")
    if start.front_end != front_end:
        raise DataError(f"{options.init} has another front end.")
    _check_kept_aside(start.folder, start.train_splits, start.fold, options)
    return start


def check_weights_file(weights: str) -> None:
    """Raise DataError if `--weights` names a file that cannot be opened."""
    if weights not in ("none", "imagenet"):
        try:
            Path(weights).open("rb").close()
        except OSError as error:
            raise DataError(f"{weights} cannot be read ({reason(error)}).") from None


def _teacher(folder: str, options: FitOptions, data: DataSet) -> Run:
    """Return the run of a network that takes the same data, whatever its architecture."""
    run = load_run(Path(folder))
    if (run.labels, run.front_end) != (
        data.labels,
        front_end_for(run.options.arch, data.front_end),
    ):
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
