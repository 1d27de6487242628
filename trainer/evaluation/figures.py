"""The figures that a run is used with: its own, or those of the run that chose its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tagger.errors import DataError
from trainer.evaluation.settings import Settings
from trainer.training.options import Keep
from trainer.training.run_folder import Run

VALIDATION = "valid"
"""The split that settings are chosen on. All others only tell how good they are."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What `evaluate` stored about the validation tracks.

    Attributes:
        run: The run that was evaluated.
        used: The run that is used, with the weights `keep`; most often the same.
        keep: Which of its weights.
        metrics: The content of its `metrics.json`.
        settings: Voting, temperature, confidence and minimum confidence.
    """

    run: Run
    used: Run
    keep: Keep
    metrics: Mapping[str, Any]
    settings: Settings

    @property
    def borrowed(self) -> bool:
        """Whether another run was evaluated than the one that is used."""
        return self.run is not self.used

    def test_metrics(self) -> Mapping[str, Any] | None:
        """Return the figures of the used run on the test tracks.

        They count if they are of the same weights and were counted with these settings.
        """
        if not self.used.metrics_file("test").exists():
            return None
        found = self.used.metrics("test")
        same = found["settings"] == self.metrics["settings"]
        return found if same and _weights(found) == self.keep else None


def figures_of(run: Run, keep: Keep, other: Run | None = None) -> Figures:
    """Read the figures for some weights of a run.

    Args:
        run: The run that is used.
        keep: Which of its weights.
        other: The run whose figures count, for one that was trained on the validation tracks too.

    Raises:
        DataError: there are no figures, they are of other weights, or the other run is a network of
            another kind.
    """
    if other is None:
        if VALIDATION in run.options.train_splits:
            raise DataError(
                f"{run.folder} was trained on the validation tracks; name the run that chose its "
                "settings with --figures-from."
            )
        metrics = run.metrics()
        if _weights(metrics) != keep:
            raise DataError(
                f"{run.folder} was evaluated with --keep {_weights(metrics)}; use these weights, "
                f"or evaluate it with --keep {keep}."
            )
    else:
        _check_same_kind(run, other)
        metrics = other.metrics()
    return Figures(
        run=other or run,
        used=run,
        keep=keep,
        metrics=metrics,
        settings=Settings.from_dict(metrics["settings"]),
    )


def _weights(metrics: Mapping[str, Any]) -> str:
    return str(metrics["subject"]["weights"])


def _check_same_kind(run: Run, other: Run) -> None:
    """Refuse the figures of a network of another kind: its confidence means something else."""
    kinds = {
        "labels": (run.labels, other.labels),
        "architecture": (run.options.arch, other.options.arch),
        "--shrink": (run.options.shrink, other.options.shrink),
        "front end": (run.front_end, other.front_end),
    }
    for name, (mine, its) in kinds.items():
        if mine != its:
            shown = "" if name == "front end" else f" ({_text(its)} instead of {_text(mine)})"
            raise DataError(
                f"{other.folder} has another {name} than {run.folder}{shown}; its figures say "
                "nothing about this run."
            )


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
