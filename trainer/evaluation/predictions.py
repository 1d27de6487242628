"""What a network says of the windows of tracks, and what becomes of it track by track."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.inference.vote import Probabilities, Voting
from trainer.evaluation.intervals import Groups, number_groups
from trainer.track_votes import vote_tracks

UNKNOWN = -1
"""Target of a track that is none of the labels."""


@dataclass(frozen=True, kw_only=True)
class WindowPredictions:
    """Window probabilities of tracks.

    Attributes:
        labels: The genres `[labels]`.
        names: The tracks by name `[tracks]`.
        sources: The data set that each comes from `[tracks]`.
        groups: Artist or album of each; empty if not known `[tracks]`.
        targets: Index of the true label, or `UNKNOWN` `[tracks]`.
        windows: Probabilities `[windows, labels]`.
        owners: Index of the track of each window `[windows]`.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    sources: tuple[str, ...]
    groups: tuple[str, ...]
    targets: NDArray[np.int_]
    windows: Probabilities
    owners: NDArray[np.int_]

    @cached_property
    def votes(self) -> dict[Voting, Probabilities]:
        """Track probabilities `[tracks, labels]` by each rule, without a temperature."""
        return {
            rule: vote_tracks(self.windows, self.owners, len(self.names), rule) for rule in Voting
        }

    @cached_property
    def group_numbers(self) -> Groups:
        """The number of the group of each track `[tracks]`."""
        return number_groups(self.groups)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which tracks have one of the labels `[tracks]`."""
        return np.asarray(self.targets != UNKNOWN)

    def of(self, track: int) -> Probabilities:
        """Return the windows of a track `[windows, labels]`."""
        return np.asarray(self.windows[self.owners == track])

    def only(self, mask: NDArray[np.bool_]) -> "WindowPredictions":
        """Return the tracks of a mask `[tracks]`."""
        chosen = np.flatnonzero(mask)
        places = np.full(len(self.names), -1)
        places[chosen] = np.arange(len(chosen))
        windows = mask[self.owners]
        return WindowPredictions(
            labels=self.labels,
            names=_pick(self.names, chosen),
            sources=_pick(self.sources, chosen),
            groups=_pick(self.groups, chosen),
            targets=self.targets[chosen],
            windows=self.windows[windows],
            owners=places[self.owners[windows]],
        )

    def and_unknown(self, others: "WindowPredictions") -> "WindowPredictions":
        """Return these tracks and others that are none of the labels."""
        return self.joined(replace(others, targets=np.full(len(others.names), UNKNOWN)))

    def joined(self, others: "WindowPredictions") -> "WindowPredictions":
        """Return these tracks and others."""
        return WindowPredictions(
            labels=self.labels,
            names=self.names + others.names,
            sources=self.sources + others.sources,
            groups=self.groups + others.groups,
            targets=np.concatenate([self.targets, others.targets]),
            windows=np.concatenate([self.windows, others.windows]),
            owners=np.concatenate([self.owners, others.owners + len(self.names)]),
        )


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A track whose predicted genre is wrong."""

    track: str
    genre: str
    predicted: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Probabilities of each track `[tracks, labels]`, where it comes from, and its true label."""

    names: tuple[str, ...]
    sources: tuple[str, ...]
    groups: tuple[str, ...]
    labels: tuple[str, ...]
    targets: NDArray[np.int_]
    probabilities: Probabilities

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the predicted label is the true one `[tracks]`."""
        return np.asarray(self.probabilities.argmax(1) == self.targets)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Of the predicted label `[tracks]`."""
        return np.asarray(self.probabilities.max(1), dtype=np.float64)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Return the tracks whose predicted genre is wrong, the surest first."""
        best, confidence = self.probabilities.argmax(1), self.confidence
        wrong = np.flatnonzero(~self.right)
        return tuple(
            Mistake(
                track=self.names[i],
                genre=self.labels[self.targets[i]],
                predicted=self.labels[best[i]],
                confidence=round(float(confidence[i]), 4),
            )
            for i in wrong[np.argsort(-confidence[wrong], kind="stable")]
        )

    def write(self, file: Path) -> None:
        """Write one line a track."""
        with file.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            labels = [f"p_{label}" for label in self.labels]
            writer.writerow(
                ("track", "source", "group", "genre", "predicted", "confidence", *labels)
            )
            for i, row in enumerate(self.probabilities):
                writer.writerow(
                    (
                        *(self.names[i], self.sources[i], self.groups[i]),
                        *(self.labels[self.targets[i]], self.labels[row.argmax()]),
                        *(f"{value:.4f}" for value in (row.max(), *row)),
                    )
                )


def _pick(values: Sequence[str], chosen: Iterable[int]) -> tuple[str, ...]:
    return tuple(values[index] for index in chosen)
