"""What a cross-validation finds: the figures of its runs, and of all of their tracks together.

Each track is scored by the one network of each seed that was not trained on it. Voting and minimum
confidence of a fold are fitted to the predictions for the other folds, so that no track takes part
in its own settings.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.output.console import count_of
from trainer.evaluation import scores
from trainer.evaluation.intervals import number_groups
from trainer.evaluation.predictions import Predictions, WindowPredictions
from trainer.evaluation.scores import Scores
from trainer.evaluation.settings import Settings, fit_settings
from trainer.evaluation.text import confusion, genres, interval, percent, sentence
from trainer.tables import table
from trainer.training.options import Keep

NOTE = (
    "Deviations are those of the runs. Training sets of folds overlap, so the deviation over "
    "folds says too little of what other music would give; the interval goes by artist."
)


@dataclass(frozen=True, kw_only=True)
class FoldPredictions:
    """What the run of one fold predicts for the tracks that it was not trained on."""

    fold: int
    seed: int
    predicted: WindowPredictions


@dataclass(frozen=True, kw_only=True)
class FoldScore:
    """The figures of one run.

    Attributes:
        fold: The fold that was scored.
        seed: Of the training.
        tracks: How many were scored.
        accuracy: Share of them that are right.
        macro_f1: Their macro-F1.
        written: Share that would get a genre, by the confidence fitted to the other folds.
        written_right: Share of those that is right; None if nothing would be written.
    """

    fold: int
    seed: int
    tracks: int
    accuracy: float
    macro_f1: float
    written: float
    written_right: float | None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Mean and sample deviation of a figure; without a deviation if there is only one."""

    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Sum up values."""
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(mean=float(np.mean(values)), deviation=deviation)

    def __str__(self) -> str:
        return f"{percent(self.mean)} ± {percent(self.deviation)}"


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """The figures of all folds and seeds.

    Attributes:
        labels: The genres.
        keep: Which weights of the runs.
        runs: Of each fold and seed.
        accuracy: Over the runs.
        macro_f1: Over the runs.
        by_seed: Accuracy of all tracks with each seed, over the seeds.
        track: All tracks, once for each seed: pooled confusion, accuracy and its interval.
        predictions: Of all tracks, by seed.
    """

    labels: tuple[str, ...]
    keep: Keep
    runs: tuple[FoldScore, ...]
    accuracy: Spread
    macro_f1: Spread
    by_seed: Spread
    track: Scores
    predictions: dict[int, Predictions]

    @property
    def protocol(self) -> str:
        """Say what was counted."""
        seeds = len(self.predictions)
        chosen = ", at the epoch that was best on these tracks" if self.keep == "best" else ""
        return (
            f"{count_of(self.track.tracks // seeds, 'track')} in "
            f"{count_of(len(self.runs) // seeds, 'fold')}, each scored by a network that was not "
            f"trained on it{f', with each of {seeds} seeds' if seeds > 1 else ''}{chosen}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        content = {name: value for name, value in asdict(self).items() if name != "predictions"}
        return {"protocol": self.protocol, **content, "seeds": list(self.predictions)}


def cross_validation(parts: Sequence[FoldPredictions], keep: Keep) -> CrossValidation:
    """Score the predictions of all folds and seeds."""
    runs: list[FoldScore] = []
    predictions = {}
    for seed in sorted({part.seed for part in parts}):
        mine = [part for part in parts if part.seed == seed]
        everything = reduce(WindowPredictions.joined, (part.predicted for part in mine))
        folds = np.repeat(
            [part.fold for part in mine], [len(part.predicted.names) for part in mine]
        )
        probabilities = np.zeros((len(folds), len(everything.labels)), np.float32)
        for fold in np.unique(folds):
            here = folds == fold
            settings = fit_settings(everything.only(~here)).settings
            scored = everything.only(here)
            probabilities[here] = settings.probabilities(scored)
            runs.append(_fold_score(int(fold), seed, scored, probabilities[here], settings))
        predictions[seed] = _predictions(everything, probabilities)
    return CrossValidation(
        labels=parts[0].predicted.labels,
        keep=keep,
        runs=tuple(runs),
        accuracy=Spread.of([run.accuracy for run in runs]),
        macro_f1=Spread.of([run.macro_f1 for run in runs]),
        by_seed=Spread.of([float(found.right.mean()) for found in predictions.values()]),
        track=_pooled(list(predictions.values())),
        predictions=predictions,
    )


def _fold_score(
    fold: int,
    seed: int,
    scored: WindowPredictions,
    probabilities: NDArray[np.float32],
    settings: Settings,
) -> FoldScore:
    found = scores.score(
        scored.targets, probabilities.argmax(1), len(scored.labels), scored.group_numbers
    )
    right = probabilities.argmax(1) == scored.targets
    written = settings.writes(probabilities.max(1))
    return FoldScore(
        fold=fold,
        seed=seed,
        tracks=found.tracks,
        accuracy=found.accuracy,
        macro_f1=found.macro_f1,
        written=float(written.mean()),
        written_right=float(right[written].mean()) if written.any() else None,
    )


def _predictions(tracks: WindowPredictions, probabilities: NDArray[np.float32]) -> Predictions:
    return Predictions(
        names=tracks.names,
        sources=tracks.sources,
        groups=tracks.groups,
        labels=tracks.labels,
        targets=tracks.targets,
        probabilities=probabilities,
    )


def _pooled(found: Sequence[Predictions]) -> Scores:
    """Score all tracks; those of an artist, or of several seeds, are one group."""
    groups = [
        group or name for each in found for group, name in zip(each.groups, each.names, strict=True)
    ]
    return scores.score(
        np.concatenate([each.targets for each in found]),
        np.concatenate([each.probabilities.argmax(1) for each in found]),
        len(found[0].labels),
        number_groups(groups),
    )


def describe(found: CrossValidation) -> str:
    """Return the figures as text."""
    runs = [
        ("fold", "seed", "tracks", "right", "macro-F1", "written", "of it right"),
        *(
            (
                *(str(run.fold), str(run.seed), str(run.tracks), percent(run.accuracy)),
                *(percent(run.macro_f1), percent(run.written), percent(run.written_right)),
            )
            for run in found.runs
        ),
    ]
    lines = [
        f"mean of the runs  right {found.accuracy}  macro-F1 {found.macro_f1}",
        f"all tracks  right {percent(found.track.accuracy)} "
        f"(95 % interval {interval(found.track.accuracy_interval)})  "
        f"macro-F1 {percent(found.track.macro_f1)}",
    ]
    if found.by_seed.deviation is not None:
        lines.append(f"all tracks, mean of the seeds  right {found.by_seed}")
    return "\n\n".join(
        [
            sentence(found.protocol),
            table(runs),
            "\n".join(lines),
            sentence(NOTE),
            table(confusion(found)),
            table(genres(found)),
        ]
    )
