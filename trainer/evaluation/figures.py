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
        borrowed: Whether that is another run than the one that is used.
        metrics: The content of its `metrics.json`.
        settings: Voting, temperature, confidence and minimum confidence.
    """

    run: Run
    borrowed: bool
    metrics: Mapping[str, Any]
    settings: Settings

    def test_metrics(self) -> Mapping[str, Any] | None:
        """Return the figures on the test tracks, if they were counted with these settings."""
        if not self.run.metrics_file("test").exists():
            return None
        found = self.run.metrics("test")
        same = found["settings"] == self.metrics["settings"]
        return found if same and _weights(found) == _weights(self.metrics) else None


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
        borrowed=other is not None,
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
