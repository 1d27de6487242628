"""The honest figures of a run, on tracks it was not trained on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError
from tagger.frontend import FrontEnd
from tagger.vote import Probabilities, Voting
from trainer import data as prepared
from trainer import scores
from trainer.architectures import architecture
from trainer.baseline import mfcc_svm
from trainer.batches import inputs
from trainer.data import DataSet, Track
from trainer.runs import METRICS_FILE, Keep, Run, write_json


@dataclass(frozen=True)
class Evaluation:
    """Scores of a run and what they say about how to use it."""

    split: str
    labels: tuple[str, ...]
    window_accuracy: float
    track: scores.Scores
    first_window: scores.Scores  # one window a track, as for a three-second excerpt
    voting: Voting
    temperature: float
    min_confidence: float
    baseline: scores.Scores | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "split": self.split,
            "labels": self.labels,
            "window_accuracy": self.window_accuracy,
            "track": self.track.to_dict(),
            "first_window": self.first_window.to_dict(),
            "voting": str(self.voting),
            "temperature": self.temperature,
            "min_confidence": self.min_confidence,
            "baseline": self.baseline.to_dict() if self.baseline else None,
        }


def evaluate(
    run: Run,
    split: str,
    keep: Keep,
    *,
    folders: Sequence[Path] = (),
    baseline: bool = False,
    report: Callable[[str], None],
) -> Evaluation:
    """Score a run on the tracks of a split and write `metrics.json` beside it.

    Raises:
        DataError: the split has no tracks, or the run was trained on it.
    """
    if split in run.options.train_splits:
        raise DataError(f"{run.folder} was trained on {split!r}; its figures there mean nothing.")
    data = prepared.load(list(folders) or [Path(path) for path in run.options.data])
    if (data.labels, architecture(run.options.arch).hear(data.front_end)) != (
        run.labels,
        run.front_end,
    ):
        raise DataError("The data has other genres or another front end than the run.")
    tracks = data.split(split)
    if not tracks:
        raise DataError(f"There are no tracks in the split {split!r}.")
    targets = np.array([data.target(track) for track in tracks])
    model = run.deployed(keep)
    windows, owners = strip_windows(model, tracks, run.front_end)

    votes = {
        rule: scores.track_probabilities(windows, owners, len(tracks), rule) for rule in Voting
    }
    # The likelier votes of the two; on equal terms the difference is small and so is the risk.
    losses = {
        rule: -np.log(np.clip(p[np.arange(len(tracks)), targets], 1e-9, 1)).mean()
        for rule, p in votes.items()
    }
    voting = min(losses, key=lambda rule: float(losses[rule]))
    temperature = scores.fit_temperature(votes[voting], targets)
    calibrated = scores.track_probabilities(windows, owners, len(tracks), voting, temperature)
    first = windows[np.unique(owners, return_index=True)[1]]
    found = Evaluation(
        split,
        run.labels,
        float((windows.argmax(1) == targets[owners]).mean()),
        scores.score(targets, votes[voting].argmax(1), len(run.labels)),
        scores.score(targets, first.argmax(1), len(run.labels)),
        voting,
        temperature,
        scores.default_confidence(calibrated, targets),
        _baseline(data, run, split) if baseline else None,
    )
    write_json(run.folder / METRICS_FILE, found.to_dict())
    report(describe(found))
    return found


def strip_windows(
    model: keras.Model, tracks: Sequence[Track], front_end: FrontEnd
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


def _baseline(data: DataSet, run: Run, split: str) -> scores.Scores:
    predicted = mfcc_svm(data, run.options.train_splits, split, run.front_end.grid)
    targets = np.array([data.target(track) for track in data.split(split)])
    return scores.score(targets, predicted, len(data.labels))


def describe(found: Evaluation) -> str:
    """Return the figures as text."""

    def line(name: str, score: scores.Scores) -> tuple[str, ...]:
        accuracy, f1 = score.accuracy_interval, score.macro_f1_interval
        return (
            name,
            f"{score.accuracy:.1%}",
            f"{accuracy[0]:.1%} – {accuracy[1]:.1%}",
            f"{score.macro_f1:.1%}",
            f"{f1[0]:.1%} – {f1[1]:.1%}",
        )

    rows = [
        ("", "accuracy", "95 % interval", "macro-F1", "95 % interval"),
        line("tracks, all windows", found.track),
        line("tracks, first window", found.first_window),
    ]
    if found.baseline:
        rows.append(line("MFCC + SVM", found.baseline))
    shorts = [label[:5] for label in found.labels]
    matrix = [
        ("true \\ heard as", *shorts, "recall"),
        *(
            (label, *counts, f"{recall:.0%}")
            for label, counts, recall in zip(
                found.labels, found.track.confusion, found.track.recall, strict=True
            )
        ),
    ]
    return (
        f"{found.track.tracks} tracks of the split {found.split!r}, "
        f"windows {found.window_accuracy:.1%}\n\n{scores.table(rows)}\n\n{scores.table(matrix)}\n\n"
        f"voting {found.voting}, temperature {found.temperature:.2f}, "
        f"minimum confidence {found.min_confidence:.2f}"
    )
