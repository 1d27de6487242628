"""The honest figures of a run, on tracks it was not trained on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd, MelStrip
from tagger.errors import DataError
from tagger.inference.vote import Probabilities
from trainer.data import dataset as prepared
from trainer.data.dataset import Track
from trainer.evaluation import charts
from trainer.evaluation.baseline import mfcc_svm
from trainer.evaluation.results import Evaluation, Subject, describe, judge, protocol
from trainer.files import all_or_nothing, write_json
from trainer.networks.registry import network
from trainer.training.batches import inputs
from trainer.training.options import Keep
from trainer.training.run_folder import METRICS_FILE, PREDICTIONS_FILE, Run
from trainer.training.seen import refuse_seen_tracks

if TYPE_CHECKING:
    import keras

SPEED_RUNS = 8


def evaluate(
    run: Run,
    split: str,
    keep: Keep,
    *,
    folders: Sequence[Path] = (),
    baseline: bool = False,
    report: Callable[[str], None],
) -> Evaluation:
    """Score a run on the tracks of a split, and leave figures and charts in its folder.

    Raises:
        DataError: the split has no tracks, the run was trained on it, or its folder cannot be
            written.
    """
    if split in run.options.train_splits:
        raise DataError(f"{run.folder} was trained on {split!r}; its figures there mean nothing.")
    data = prepared.load(
        list(folders) or [Path(path) for path in run.options.data], run.options.fold
    )
    if (data.labels, network(run.options.arch).hear(data.front_end)) != (
        run.labels,
        run.front_end,
    ):
        raise DataError("The data has other genres or another front end than the run.")
    tracks = data.split(split)
    if not tracks:
        raise DataError(f"There are no tracks in the split {split!r}.")

    refuse_seen_tracks(str(run.folder), tracks, run.front_end, run.seen)

    if baseline and not isinstance(run.front_end, MelStrip):
        raise DataError(f"MFCCs come from log-mel, and this run hears {run.front_end.kind}.")

    model = run.deployed(keep)
    windows, owners = strip_windows(model, tracks, run.front_end)
    subject = Subject(
        split,
        protocol(split, data.flattering),
        keep,
        run.options.arch,
        model.count_params(),
        windows_per_second(model, tracks, run.front_end),
    )
    found = judge(
        subject,
        run.labels,
        [f"{track.genre}/{track.name}" for track in tracks],
        np.array([data.target(track) for track in tracks]),
        windows,
        owners,
        mfcc_svm(data, run.options.train_splits, split, run.front_end.grid) if baseline else None,
    )
    publish(found, run)
    report(f"{describe(found)}\n\nFigures and charts are in {run.folder}.")
    return found


def publish(found: Evaluation, run: Run) -> None:
    """Write figures, predictions and charts to the folder of a run, all of them or none."""
    pictures = {"confusion": charts.confusion(found), "reliability": charts.reliability(found)}
    if epochs := run.history.read():
        pictures["curves"] = charts.curves(epochs, run.folder.name, found)
    with all_or_nothing(run.folder) as scratch:
        write_json(scratch / METRICS_FILE, found.to_dict())
        found.predictions.write(scratch / PREDICTIONS_FILE)
        for name, picture in pictures.items():
            charts.save(picture, scratch / name)


def strip_windows(
    model: "keras.Model", tracks: Sequence[Track], front_end: FrontEnd
) -> tuple[Probabilities, NDArray[np.int_]]:
    """Run the deployed model over all strips.

    Returns:
        Window probabilities `[windows, labels]` and, for each window, the index of its track.
    """
    windows, owners = [], []
    for index, track in enumerate(tracks):
        for strip in track.load():
            found = np.asarray(model.predict_on_batch(inputs(strip, front_end)))
            windows.append(found.reshape(-1, found.shape[-1]))
            owners += [index] * len(windows[-1])
    return np.concatenate(windows), np.array(owners)


def windows_per_second(model: "keras.Model", tracks: Sequence[Track], front_end: FrontEnd) -> float:
    """Measure the deployed model on the longest strip: the best of some runs, least disturbed."""
    strip = max((strip for track in tracks for strip in track.load()), key=lambda s: s.shape[1])
    batch = inputs(strip, front_end)
    count, seconds = 0, []
    for _ in range(SPEED_RUNS):
        started = time.perf_counter()
        found = model.predict_on_batch(batch)
        seconds.append(time.perf_counter() - started)
        count = found.size // found.shape[-1]
    return round(count / min(seconds), 1)
