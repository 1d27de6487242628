"""The figures of a run on tracks it was not trained on.

Validation tracks choose: voting, temperature, confidence and minimum confidence are fitted to them.
All other tracks, those of the test split first, tell: they are scored with these settings, and
their figures stand beside those of the validation tracks.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd
from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from tagger.inference.vote import Probabilities
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet, Track
from trainer.data.tracks_table import TRACKS_FILE, read_rows
from trainer.evaluation import charts, drawing
from trainer.evaluation.baseline import mfcc_svm
from trainer.evaluation.calibration import PRECISION_GOAL
from trainer.evaluation.figures import VALIDATION, figures_of
from trainer.evaluation.gallery import Example, examples, gallery
from trainer.evaluation.predictions import UNKNOWN, WindowPredictions
from trainer.evaluation.report import write_report
from trainer.evaluation.results import Evaluation, Subject, evaluate_predictions, protocol
from trainer.evaluation.text import describe
from trainer.files import all_or_nothing, json_bytes
from trainer.networks.registry import front_end_for
from trainer.training.batches import inputs
from trainer.training.options import Keep
from trainer.training.run_folder import Run
from trainer.training.seen_tracks import refuse_seen_tracks

if TYPE_CHECKING:
    import keras

SPEED_RUNS = 8


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What is scored, and what settings are fitted to.

    Attributes:
        split: The split to score.
        keep: Which weights of the run.
        data: Prepared data sets; none: those of the training.
        confidence_from: Fit to the validation tracks of the data set of this name; empty: to all.
        precision_goal: Share of the genres written by default that are to be right.
        unknown: Prepared data sets of music that is none of the labels.
        baseline: Whether to score MFCC + SVM as well.
        report: An HTML file to write, with figures and charts.
    """

    split: str = VALIDATION
    keep: Keep = "best"
    data: tuple[Path, ...] = ()
    confidence_from: str = ""
    precision_goal: float = PRECISION_GOAL
    unknown: tuple[Path, ...] = ()
    baseline: bool = False
    report: Path | None = None

    @property
    def chooses(self) -> bool:
        """Whether settings are fitted to the scored tracks."""
        return self.split == VALIDATION


def evaluate(
    run: Run,
    options: EvaluateOptions,
    *,
    figures_from: Run | None = None,
    report: Callable[[str], None],
) -> Evaluation:
    """Score a run on the tracks of a split, and leave figures and charts in its folder.

    Args:
        run: The run.
        options: What is scored.
        figures_from: The run whose settings are used, for one trained on the validation tracks too.
        report: Takes the figures as text.

    Raises:
        DataError: the split has no tracks, the run was trained on it, its settings were not chosen
            yet, or its folder cannot be written.
    """
    if options.split in run.options.train_splits:
        raise DataError(
            f"{run.folder} was trained on {options.split!r}; its figures there mean nothing."
        )
    if options.chooses and figures_from:
        raise DataError("Validation tracks choose settings; --figures-from is for --split test.")
    if not options.chooses and (options.confidence_from or options.unknown):
        raise DataError(
            f"Settings are chosen on the validation tracks, not on {options.split!r}: "
            "--confidence-from and --unknown are for --split valid."
        )
    data = prepared.load(
        list(options.data) or [Path(path) for path in run.options.data], run.options.fold
    )
    tracks = _tracks(run, data, options)
    refuse_seen_tracks(str(run.folder), tracks, run.front_end, run.seen)
    settings = None if options.chooses else figures_of(run, options.keep, figures_from).settings
    model = run.deployed(options.keep)
    subject = Subject(
        split=options.split,
        protocol=protocol(options.split, data.flattering, run.seen.unknown),
        weights=options.keep,
        architecture=run.options.arch,
        parameters=model.count_params(),
        windows_per_second=windows_per_second(model, tracks, run.front_end),
        weights_digest=run.digest(options.keep),
    )
    others = [track for folder in options.unknown for track in unknown_tracks(folder, run)]
    predicted = predict_windows(model, tracks, run)
    found = evaluate_predictions(
        subject,
        predicted,
        settings=settings,
        unknown=predict_windows(model, others, run) if others else None,
        goal=options.precision_goal,
        source=options.confidence_from,
        baseline=mfcc_svm(data, run.options.train_splits, options.split, run.front_end.grid)
        if options.baseline
        else None,
    )
    drawn = publish(found, run, examples(found, tracks, predicted))
    if options.report:
        write_report(options.report, found, run.folder.name, drawn)
    report(f"{describe(found)}\n\nFigures and charts are in {run.folder}.")
    return found


def _tracks(run: Run, data: DataSet, options: EvaluateOptions) -> tuple[Track, ...]:
    """Return the tracks to score.

    Raises:
        DataError: there are none, or the data does not fit the run.
    """
    if front_end_for(run.options.arch, data.front_end) != run.front_end:
        raise DataError(
            f"The data was prepared by another front end than that of {run.folder}; prepare it "
            "again, or name other data with --data."
        )
    if strange := sorted(set(data.labels) - set(run.labels)):
        raise DataError(
            f"The data has genres that {run.folder} does not know ({', '.join(strange)}); "
            "prepare them on their own and name them with --unknown."
        )
    tracks = data.split(options.split)
    if not tracks:
        raise DataError(f"There are no tracks in the split {options.split!r}.")
    sources = sorted({track.source for track in tracks})
    if options.confidence_from and options.confidence_from not in sources:
        raise DataError(
            f"--confidence-from names {options.confidence_from!r}; the data sets with validation "
            f"tracks are {', '.join(sources)}."
        )
    if options.baseline and not isinstance(run.front_end, MelStrip):
        raise DataError(
            f"--baseline computes MFCCs from log-mel, and this run takes {run.front_end.kind}."
        )
    if options.baseline and data.labels != run.labels:
        raise DataError("--baseline needs training tracks of all genres of the run.")
    return tracks


def unknown_tracks(folder: Path, run: Run) -> list[Track]:
    """Return the tracks of a prepared data set whose genres do not matter.

    Raises:
        DataError: it is no prepared data set, or one of another front end.
    """
    if front_end_for(run.options.arch, prepared.read_front_end(folder)) != run.front_end:
        raise DataError(f"{folder} was prepared by another front end than that of {run.folder}.")
    shrink = prepared.read_shrink(folder)
    return [
        Track(
            genre=row.genre,
            name=row.track,
            split=row.split,
            strips=(folder / row.file,),
            source=folder.name,
            shrinks=(shrink,),
            group=row.group,
        )
        for row in read_rows(folder / TRACKS_FILE)
    ]


def publish(found: Evaluation, run: Run, mistakes: Sequence[Example] = ()) -> list[Path]:
    """Write figures, predictions and charts to the folder of a run, all of them or none.

    Those of the validation tracks are `metrics.json` and so on, those of the split `test`
    `metrics-test.json`.

    Returns:
        The charts as SVG files.
    """
    split = found.subject.split
    pictures = {"confusion": charts.confusion(found), "reliability": charts.reliability(found)}
    if found.selection:
        pictures["risk-coverage"] = charts.risk_coverage(found)
    if mistakes:
        pictures["mistakes"] = gallery(mistakes, found.protocol)
    if split == VALIDATION and (epochs := run.history.read()):
        pictures["curves"] = charts.curves(epochs, run.folder.name, found)
    with all_or_nothing(run.folder) as scratch:
        (scratch / run.metrics_file(split).name).write_bytes(json_bytes(found.to_dict()))
        found.predictions.write(scratch / run.predictions_file(split).name)
        names = {name: name if split == VALIDATION else f"{name}-{split}" for name in pictures}
        for name, picture in pictures.items():
            drawing.save(picture, scratch / names[name])
    return [run.folder / f"{name}.svg" for name in names.values()]


def predict_windows(model: "keras.Model", tracks: Sequence[Track], run: Run) -> WindowPredictions:
    """Run the deployed model over all strips of tracks."""
    windows, owners = strip_windows(model, tracks, run.front_end)
    targets = [
        run.labels.index(track.genre) if track.genre in run.labels else UNKNOWN for track in tracks
    ]
    return WindowPredictions(
        labels=run.labels,
        names=tuple(f"{track.genre}/{track.name}" for track in tracks),
        sources=tuple(track.source for track in tracks),
        groups=tuple(track.group for track in tracks),
        targets=np.array(targets),
        windows=windows,
        owners=owners,
    )


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
