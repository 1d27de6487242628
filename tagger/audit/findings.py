"""Compares the genre that a file has with the genre that the model predicts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tagger.audit.word_map import WordMap
from tagger.tracks import Result, Status

NO_GENRE = "no genre"
MACHINE_MADE = "genretag wrote its genre"
NO_LABEL = "no label for its genre"
UNCERTAIN = "uncertain"


class Verdict(StrEnum):
    """What the prediction says about the existing genre of a file."""

    CONTRADICT = "contradict"
    CANNOT_TELL = "cannot_tell"
    AGREE = "agree"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The verdict on one file."""

    path: Path
    verdict: Verdict
    existing: tuple[str, ...]
    genres: tuple[str, ...] = ()  # predicted, one with all its names; empty without a prediction
    confidence: float | None = None  # of that genre
    existing_probability: float | None = None  # of the labels that the existing genre stands for
    reason: str = ""  # why nothing can be told

    @property
    def genre(self) -> str:
        """The predicted genre as it is shown."""
        return ", ".join(self.genres)


@dataclass(frozen=True, kw_only=True)
class GenreAgreement:
    """How often the predictions agree with one existing genre."""

    genre: str
    counts: Counter[Verdict]
    instead: Counter[str]  # genres predicted where they contradict

    @property
    def share(self) -> float | None:
        """The share of agreement in the files with a verdict, 0 to 1; None if there are none."""
        agree, contradict = self.counts[Verdict.AGREE], self.counts[Verdict.CONTRADICT]
        return agree / (agree + contradict) if agree + contradict else None


class Auditor:
    """Compares results with existing genres.

    Attributes:
        labels: those of the model.
    """

    def __init__(self, labels: Sequence[str], words: WordMap) -> None:
        """Prepare for the results of one model.

        Args:
            labels: those of the model, in the order of the probabilities.
            words: its genre words.
        """
        self.labels = labels
        self._words = words

    def audit(self, result: Result) -> Finding:
        """Return the verdict on one file; a file with several genres agrees if any of them does."""
        meant = {label for word in result.existing for label in self._words.labels_of(word)}
        if not result.probabilities:
            return Finding(
                path=result.path,
                verdict=Verdict.CANNOT_TELL,
                existing=result.existing,
                reason=result.error or result.status.replace("_", " "),
            )
        probabilities = dict(zip(self.labels, result.probabilities, strict=True))
        best = max(probabilities, key=probabilities.__getitem__)
        reason = self._reason(result, meant)
        if reason:
            verdict = Verdict.CANNOT_TELL
        else:
            verdict = Verdict.AGREE if best in meant else Verdict.CONTRADICT
        return Finding(
            path=result.path,
            verdict=verdict,
            existing=result.existing,
            genres=result.guess,
            confidence=probabilities[best],
            existing_probability=sum(probabilities[label] for label in meant) if meant else None,
            reason=reason,
        )

    def _reason(self, result: Result, meant: set[str]) -> str:
        """Say why nothing can be told about a file with a prediction, empty if something can."""
        if result.failed:
            return result.error
        if not result.existing:
            return NO_GENRE
        if result.machine_made:  # the model would only agree with itself
            return MACHINE_MADE
        if not meant:
            return NO_LABEL
        return UNCERTAIN if result.status is Status.UNCERTAIN else ""


def surest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return contradictions, then what cannot be told, then agreements, each the surest first."""
    order = list(Verdict)
    return sorted(findings, key=lambda f: (order.index(f.verdict), -(f.confidence or 0), f.path))


def by_existing_genre(findings: Iterable[Finding]) -> list[GenreAgreement]:
    """Return the agreement for each existing genre, the most frequent first.

    A file with several genres counts for each of them; files without a genre are left out.
    """
    agreements: dict[str, GenreAgreement] = {}
    for finding in findings:
        for genre in dict.fromkeys(finding.existing):
            row = agreements.setdefault(
                genre, GenreAgreement(genre=genre, counts=Counter(), instead=Counter())
            )
            row.counts[finding.verdict] += 1
            if finding.verdict is Verdict.CONTRADICT:
                row.instead[finding.genre] += 1
    return sorted(agreements.values(), key=lambda row: (-row.counts.total(), row.genre))
