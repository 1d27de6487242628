"""The honest figures of a run, on tracks it was not trained on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError
from tagger.frontend import WindowGrid
from tagger.vote import Probabilities
from trainer import charts
from trainer import data as prepared
from trainer.baseline import mfcc_svm
from trainer.batches import cut_window
from trainer.data import Track
from trainer.figures import Evaluation, Subject, describe, judge, protocol
from trainer.runs import (
    METRICS_FILE,
    PREDICTIONS_FILE,
    Keep,
    Run,
    all_or_nothing,
    write_json,
)

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
    data = prepared.load(list(folders) or [Path(path) for path in run.options.data])
    if (data.labels, data.front_end) != (run.labels, run.front_end):
        raise DataError("The data has other genres or another front end than the run.")
    tracks = data.split(split)
    if not tracks:
        raise DataError(f"There are no tracks in the split {split!r}.")
    from trainer import networks

    trained = run.model(keep)
    model = networks.build_strips(trained, data.front_end.n_mels, run.options.grid)
    windows, owners = strip_windows(model, tracks, run.options.grid)
    subject = Subject(
        split,
        protocol(split),
        keep,
        trained.name,
        model.count_params(),
        windows_per_second(model, tracks, run.options.grid),
    )
    found = judge(
        subject,
        run.labels,
        [f"{track.genre}/{track.name}" for track in tracks],
        np.array([data.target(track) for track in tracks]),
        windows,
        owners,
        mfcc_svm(data, run.options.train_splits, split, run.options.grid) if baseline else None,
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
    model: "keras.Model", tracks: Sequence[Track], grid: WindowGrid
) -> tuple[Probabilities, NDArray[np.int_]]:
    """Run the strip model over all strips.

    Returns:
        Window probabilities `[windows, labels]` and, for each window, the index of its track.
    """
    windows, owners = [], []
    for index, track in enumerate(tracks):
        for strip in track.load():
            whole = grid.whole(cut_window(strip, 0, max(strip.shape[1], grid.window)))
            found = model.predict_on_batch(whole[None, :, :, None])[0]
            windows.append(np.asarray(found))
            owners += [index] * len(found)
    return np.concatenate(windows), np.array(owners)


def windows_per_second(model: "keras.Model", tracks: Sequence[Track], grid: WindowGrid) -> float:
    """Measure the strip model on the longest strip: the best of some runs, least disturbed."""
    strip = max((strip for track in tracks for strip in track.load()), key=lambda s: s.shape[1])
    batch = grid.whole(cut_window(strip, 0, max(strip.shape[1], grid.window)))[None, :, :, None]
    count, seconds = 0, []
    for _ in range(SPEED_RUNS):
        started = time.perf_counter()
        count = model.predict_on_batch(batch).shape[1]
        seconds.append(time.perf_counter() - started)
    return round(count / min(seconds), 1)
