"""What `evaluate` finds about a run: numbers, and the same as JSON and CSV."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation import scores
from trainer.evaluation.calibration import Calibration, Reliability
from trainer.evaluation.intervals import Interval, number_groups, share_interval
from trainer.evaluation.predictions import Mistake, Predictions, WindowPredictions
from trainer.evaluation.scores import Scores
from trainer.evaluation.selection import Selection
from trainer.evaluation.settings import Fitted, Settings, fit_settings
from trainer.training.options import Keep
from trainer.training.run_folder import METRICS_FORMAT

MISTAKES = 10


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was scored, and on what.

    Attributes:
        split: The split whose tracks were scored.
        protocol: "tracks of …": completes a sentence that begins with their number.
        weights: Which weights of the run.
        weights_digest: Of their file; empty if it is not known.
        architecture: The network by name.
        parameters: As exported, with batch normalisation folded.
        windows_per_second: Through Keras, on the machine of the evaluation.
    """

    split: str
    protocol: str
    weights: Keep
    architecture: str
    parameters: int
    windows_per_second: float
    weights_digest: str = ""


def protocol(split: str, flattering: str = "", unrecorded: Iterable[str] = ()) -> str:
    """Say what figures count and, if they flatter or may do so, why.

    Args:
        split: of the tracks.
        flattering: why they flatter, such as "windows of the same tracks …"; empty if they do not.
        unrecorded: runs of which nobody knows what they were trained on.
    """
    if flattering:
        said = f"flattering: {flattering}"
    elif runs := ", ".join(unrecorded):
        said = f"perhaps flattering: what {runs} was trained on is not recorded"
    else:
        said = "none of them in training"
    return f"tracks of the split {split!r}, {said}"


@dataclass(frozen=True, kw_only=True)
class SourceFigures:
    """The figures of the tracks of one data set.

    Attributes:
        source: Its folder's name.
        tracks: How many of its tracks were scored.
        groups: Of how many artists or albums they are.
        accuracy: Share of them that are right.
        accuracy_interval: Its 95 % interval over groups.
        mean_recall: Of the genres that it has tracks of.
        written: Share that gets a genre at the default minimum confidence.
        written_right: Share of those that is right; None if nothing is written.
    """

    source: str
    tracks: int
    groups: int
    accuracy: float
    accuracy_interval: Interval
    mean_recall: float
    written: float
    written_right: float | None


@dataclass(frozen=True, kw_only=True)
class ConfidenceFigures:
    """What the confidence is worth, cross-validated by group.

    Attributes:
        written: Share of the tracks that the settings were fitted to that gets a genre.
        written_right: Share of those that is right; None if nothing is written.
        unknown_written: Share of the tracks of none of the labels that gets a genre; None without.
        plain_risk: Area under the risk–coverage curve with the temperature alone.
        plain_coverage: Share written at the precision goal with the temperature alone.
        learned_risk: The same with the logistic model; None where none was tried.
        learned_coverage: The same with the logistic model; None where none was tried.
    """

    written: float
    written_right: float | None
    unknown_written: float | None
    plain_risk: float
    plain_coverage: float
    learned_risk: float | None
    learned_coverage: float | None

    @classmethod
    def of(cls, fitted: Fitted, unknown: NDArray[np.bool_]) -> "ConfidenceFigures":
        """Sum up a fit to tracks of which some, by a mask `[tracks]`, have none of the labels."""
        learned = fitted.learned
        return cls(
            written=fitted.written,
            written_right=fitted.written_right,
            unknown_written=_share(
                fitted.used.confidence[unknown] >= fitted.settings.min_confidence
            ),
            plain_risk=fitted.plain.risk,
            plain_coverage=fitted.plain.coverage,
            learned_risk=learned.risk if learned else None,
            learned_coverage=learned.coverage if learned else None,
        )


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of a run and how to use it.

    Attributes:
        subject: What was scored.
        labels: The genres.
        settings: What was fitted, here or to validation tracks before.
        window_accuracy: Share of windows that are right.
        track: Scores of tracks by a vote of all their windows.
        first_window: Scores by one window a track, as for a three-second excerpt.
        sources: Figures of each data set that the tracks come from.
        calibration: How far confidence can be trusted.
        confidence: What it is worth; None where the settings were fitted to other tracks.
        mistakes: The surest ones.
        baseline: Scores of another method on the same tracks.
        predictions: Of each track.
        selection: Behind the risk–coverage curve.
    """

    subject: Subject
    labels: tuple[str, ...]
    settings: Settings
    window_accuracy: float
    track: Scores
    first_window: Scores
    sources: tuple[SourceFigures, ...]
    calibration: Calibration
    confidence: ConfidenceFigures | None
    mistakes: tuple[Mistake, ...]
    baseline: Scores | None
    predictions: Predictions
    selection: Selection | None

    @property
    def protocol(self) -> str:
        """Say what was counted; every table and chart shows it."""
        return f"{self.track.tracks} {self.subject.protocol}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the predictions have a file of their own."""
        left_out = {"predictions", "selection", "settings"}
        content = {
            name: _plain(value) for name, value in vars(self).items() if name not in left_out
        }
        return {"format": METRICS_FORMAT, **content, "settings": self.settings.to_dict()}


def evaluate_predictions(
    subject: Subject,
    predicted: WindowPredictions,
    *,
    settings: Settings | None = None,
    unknown: WindowPredictions | None = None,
    goal: float,
    source: str = "",
    baseline: NDArray[np.int_] | None = None,
) -> Evaluation:
    """Turn window probabilities into figures.

    Args:
        subject: What gave them.
        predicted: Tracks that all have one of the labels.
        settings: Those fitted to other tracks; without, they are fitted here.
        unknown: Tracks of none of the labels, to learn when not to be confident.
        goal: The share of written genres that are to be right, if settings are fitted here.
        source: Fit them to the tracks of this data set only; empty: to all.
        baseline: What another method predicts `[tracks]`.
    """
    fitted, worth = None, None
    if settings is None:
        chosen = np.array([not source or name == source for name in predicted.sources])
        taught = predicted.only(chosen)
        taught = taught.and_unknown(unknown) if unknown else taught
        fitted = fit_settings(taught, goal=goal, source=source)
        settings, worth = fitted.settings, ConfidenceFigures.of(fitted, ~taught.labelled)
    predictions = Predictions(
        names=predicted.names,
        sources=predicted.sources,
        groups=predicted.groups,
        labels=predicted.labels,
        targets=predicted.targets,
        probabilities=settings.probabilities(predicted),
    )
    targets, groups, n_labels = predicted.targets, predicted.group_numbers, len(predicted.labels)
    first = predicted.windows[np.unique(predicted.owners, return_index=True)[1]]
    return Evaluation(
        subject=subject,
        labels=predicted.labels,
        settings=settings,
        window_accuracy=float((predicted.windows.argmax(1) == targets[predicted.owners]).mean()),
        track=scores.score(targets, predictions.probabilities.argmax(1), n_labels, groups),
        first_window=scores.score(targets, first.argmax(1), n_labels, groups),
        sources=_by_source(predictions, settings),
        calibration=_calibration(predicted, predictions, settings, fitted),
        confidence=worth,
        mistakes=predictions.mistakes()[:MISTAKES],
        baseline=None if baseline is None else scores.score(targets, baseline, n_labels, groups),
        predictions=predictions,
        selection=fitted.used if fitted else None,
    )


def _calibration(
    predicted: WindowPredictions,
    predictions: Predictions,
    settings: Settings,
    fitted: Fitted | None,
) -> Calibration:
    votes = predicted.votes[settings.voting]
    before = Reliability.of(votes.max(1), votes.argmax(1) == predicted.targets)
    after = Reliability.of(predictions.confidence, predictions.right)
    unseen = Reliability.of(fitted.used.confidence, fitted.used.right) if fitted else None
    return Calibration(
        error_before=before.error,
        error_after=after.error,
        error_cross_validated=unseen.error if unseen else None,
        before=before,
        after=after,
    )


def _by_source(predictions: Predictions, settings: Settings) -> tuple[SourceFigures, ...]:
    found = []
    for source in sorted(set(predictions.sources)):
        mine = np.array([name == source for name in predictions.sources])
        right, targets = predictions.right[mine], predictions.targets[mine]
        groups = number_groups([g for g, m in zip(predictions.groups, mine, strict=True) if m])
        written = settings.writes(predictions.confidence[mine])
        found.append(
            SourceFigures(
                source=source,
                tracks=len(right),
                groups=int(groups.max()) + 1,
                accuracy=float(right.mean()),
                accuracy_interval=share_interval(right, groups),
                mean_recall=float(np.mean([right[targets == t].mean() for t in set(targets)])),
                written=float(written.mean()),
                written_right=_share(right[written]),
            )
        )
    return tuple(found)


def _share(values: NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if values.size else None


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
