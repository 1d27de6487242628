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
        metrics: The content of `metrics.json`.
        borrowed: Whether another run was evaluated than the one that is used.
        test: The content of `metrics-test.json` of the run that is used, if it was counted with the
            same weights and settings.
    """

    metrics: Mapping[str, Any]
    borrowed: bool = False
    test: Mapping[str, Any] | None = None

    @property
    def settings(self) -> Settings:
        """Voting, temperature, confidence and minimum confidence."""
        return Settings.from_dict(self.metrics["settings"])


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
        check_same_kind(run, other)
        metrics = other.metrics()
    return Figures(
        metrics=metrics, borrowed=other is not None, test=_test_metrics(run, keep, metrics)
    )


def _test_metrics(run: Run, keep: Keep, metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not run.metrics_file("test").exists():
        return None
    found = run.metrics("test")
    same = found["settings"] == metrics["settings"]
    return found if same and _weights(found) == keep else None


def _weights(metrics: Mapping[str, Any]) -> str:
    return str(metrics["subject"]["weights"])


def check_same_kind(run: Run, other: Run) -> None:
    """Refuse the figures of a network of another kind: its confidence means something else.

    Raises:
        DataError: it is built in another way.
    """
    its_network = other.network
    for name, mine in run.network.items():
        its = its_network[name]
        if mine != its:
            shown = "" if name == "front end" else f" ({_text(its)} instead of {_text(mine)})"
            raise DataError(
                f"{other.folder} has another {name} than {run.folder}{shown}; its figures say "
                "nothing about this run."
            )


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
