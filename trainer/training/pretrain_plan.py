"""What a pretraining will be: all that can be checked before Keras is loaded, which takes long."""

from dataclasses import dataclass
from pathlib import Path

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet
from trainer.data.recordings import Recordings, load_recordings
from trainer.networks.registry import check_multiples, front_end_for, network
from trainer.training.history import PretrainEpoch
from trainer.training.options import PretrainOptions
from trainer.training.past import past_epochs
from trainer.training.plan import check_weights_file
from trainer.training.pretraining_folder import load_pretraining


@dataclass(frozen=True, kw_only=True)
class PretrainPlan:
    """A pretraining that can begin, or go on.

    Attributes:
        folder: The run folder.
        options: Its options.
        recordings: The recordings with their targets.
        front_end: Of the network.
        probe: Labelled tracks for the linear probe, if there are any.
        past: The epochs that are done already.
    """

    folder: Path
    options: PretrainOptions
    recordings: Recordings
    front_end: FrontEnd
    probe: DataSet | None
    past: tuple[PretrainEpoch, ...]


def plan_pretraining(folder: Path, options: PretrainOptions, *, resume: bool) -> PretrainPlan:
    """Check what a pretraining needs.

    Raises:
        DataError: data, first weights or folder cannot be used.
    """
    past = past_epochs(folder, options, resume=resume, load=load_pretraining)
    recordings = load_recordings(Path(options.data))
    if not recordings.split("train").size:
        raise DataError(f"{options.data} has no tracks in train.")
    known = network(options.arch, recordings.front_end)
    front_end = known.front_end_for(recordings.front_end)
    check_multiples(front_end.rows, front_end.grid, known.stride * options.shrink)
    check_weights_file(options.weights)
    probe = prepared.load([Path(path) for path in options.probe]) if options.probe else None
    if probe and front_end_for(options.arch, probe.front_end) != front_end:
        raise DataError(f"{options.probe[0]} has another front end than {options.data}.")
    if probe and not (probe.split("train") and probe.split("valid")):
        raise DataError(f"{options.probe[0]} needs tracks in train and in valid for a probe.")
    return PretrainPlan(
        folder=folder,
        options=options,
        recordings=recordings,
        front_end=front_end,
        probe=probe,
        past=past,
    )
