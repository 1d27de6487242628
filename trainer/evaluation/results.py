"""What `evaluate` finds about a run: numbers, and the same as text, JSON and CSV."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.inference.vote import Probabilities, Voting
from tagger.output.console import printable
from trainer.evaluation import scores
from trainer.evaluation.calibration import Calibration, calibrate, default_confidence, too_few
from trainer.evaluation.scores import Scores
from trainer.tables import table
from trainer.training.options import Keep
from trainer.training.run_folder import METRICS_FORMAT
from trainer.voting import track_probabilities

MISTAKES = 10


@dataclass(frozen=True)
class Subject:
    """What was scored, and on what."""

    split: str
    protocol: str  # "tracks of …": completes a sentence that begins with their number
    weights: Keep
    architecture: str
    parameters: int  # as exported, with batch normalisation folded
    windows_per_second: float  # through Keras, on the machine of the evaluation


def protocol(split: str, flattering: str = "") -> str:
    """Say what figures count and, if they flatter, why ("windows of the same tracks …")."""
    said = f"flattering: {flattering}" if flattering else "none of them in training"
    return f"tracks of the split {split!r}, {said}"


@dataclass(frozen=True)
class Mistake:
    """A track that was heard as another genre."""

    track: str
    genre: str
    heard_as: str
    confidence: float


@dataclass(frozen=True)
class Predictions:
    """Calibrated probabilities of each track `[tracks, labels]`, and its true label."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    targets: NDArray[np.int_]
    probabilities: Probabilities

    def mistakes(self) -> tuple[Mistake, ...]:
        """Return the tracks that were heard as another genre, the surest first."""
        heard, confidence = self.probabilities.argmax(1), self.probabilities.max(1)
        wrong = np.flatnonzero(heard != self.targets)
        return tuple(
            Mistake(
                self.names[i],
                self.labels[self.targets[i]],
                self.labels[heard[i]],
                round(float(confidence[i]), 4),
            )
            for i in wrong[np.argsort(-confidence[wrong], kind="stable")]
        )

    def write(self, file: Path) -> None:
        """Write one line a track."""
        with file.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            labels = [f"p_{label}" for label in self.labels]
            writer.writerow(("track", "genre", "heard_as", "confidence", *labels))
            for name, target, row in zip(self.names, self.targets, self.probabilities, strict=True):
                heard = self.labels[row.argmax()]
                numbers = [f"{value:.4f}" for value in (row.max(), *row)]
                writer.writerow((name, self.labels[target], heard, *numbers))


@dataclass(frozen=True)
class Evaluation:
    """Scores of a run and what they say about how to use it."""

    subject: Subject
    labels: tuple[str, ...]
    window_accuracy: float
    track: Scores
    first_window: Scores  # one window a track, as for a three-second excerpt
    voting: Voting
    temperature: float
    min_confidence: float
    calibration: Calibration
    mistakes: tuple[Mistake, ...]  # the surest ones
    baseline: Scores | None
    predictions: Predictions

    @property
    def protocol(self) -> str:
        """Say what was counted; every table and chart shows it."""
        return f"{self.track.tracks} {self.subject.protocol}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the predictions have a file of their own."""
        found = asdict(self)
        del found["predictions"]
        return {"format": METRICS_FORMAT, **found}


def judge(
    subject: Subject,
    labels: Sequence[str],
    names: Sequence[str],
    targets: NDArray[np.int_],
    windows: Probabilities,
    owners: NDArray[np.int_],
    baseline: NDArray[np.int_] | None = None,
) -> Evaluation:
    """Turn window probabilities `[windows, labels]` into figures.

    Args:
        subject: What gave them.
        labels: The genres.
        names: The tracks by name.
        targets: Their true labels, `[tracks]`.
        windows: The probabilities.
        owners: The track of each window, `[windows]`.
        baseline: What another method predicts, `[tracks]`.
    """
    votes = {rule: track_probabilities(windows, owners, len(names), rule) for rule in Voting}
    # The likelier votes of the two; on equal terms the difference is small and so is the risk.
    losses = {
        rule: -np.log(np.clip(p[np.arange(len(names)), targets], 1e-9, 1)).mean()
        for rule, p in votes.items()
    }
    voting = min(losses, key=lambda rule: float(losses[rule]))
    temperature, calibrated, calibration = calibrate(votes[voting], targets)
    first = windows[np.unique(owners, return_index=True)[1]]
    predictions = Predictions(tuple(names), tuple(labels), targets, calibrated)
    return Evaluation(
        subject,
        tuple(labels),
        float((windows.argmax(1) == targets[owners]).mean()),
        scores.score(targets, calibrated.argmax(1), len(labels)),
        scores.score(targets, first.argmax(1), len(labels)),
        voting,
        temperature,
        default_confidence(calibrated, targets),
        calibration,
        predictions.mistakes()[:MISTAKES],
        None if baseline is None else scores.score(targets, baseline, len(labels)),
        predictions,
    )


def describe(found: Evaluation) -> str:
    """Return the figures as text."""

    def line(name: str, score: Scores) -> tuple[str, ...]:
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
    genres = zip(
        found.labels,
        found.track.confusion,
        found.track.recall,
        found.track.precision,
        found.track.f1,
        strict=True,
    )
    matrix = [
        ("true \\ heard as", *(label[:5] for label in found.labels), "recall", "precision", "F1"),
        *(
            (label, *counts, *(f"{share:.0%}" for share in shares))
            for label, counts, *shares in genres
        ),
    ]
    mistakes = [
        ("surest mistakes", "heard as", "confidence"),
        *(
            (printable(wrong.track), wrong.heard_as, f"{wrong.confidence:.0%}")
            for wrong in found.mistakes
        ),
    ]
    calibration = found.calibration
    return "\n\n".join(
        (
            f"{found.protocol}; windows {found.window_accuracy:.1%}",
            table(rows),
            table(matrix),
            f"voting {found.voting}, temperature {found.temperature:.2f}, "
            f"minimum confidence {found.min_confidence:.2f}\n"
            f"expected calibration error {calibration.error_before:.1%}, with the temperature "
            f"{calibration.error_after:.1%} ({calibration.error_cross_validated:.1%} "
            "cross-validated)",
            *([warning] if (warning := too_few(found.track.tracks)) else []),
            *([table(mistakes)] if found.mistakes else []),
        )
    )
