"""What an audit looks like to a person: agreement by existing genre, then the contradictions."""

from collections import Counter
from collections.abc import Sequence

from tagger.audit.findings import (
    MACHINE_MADE,
    NO_GENRE,
    NO_LABEL,
    UNCERTAIN,
    Auditor,
    Finding,
    Verdict,
    by_existing_genre,
    surest_first,
)
from tagger.output.console import count_of, cut, printable, show_table
from tagger.output.scandisplay import ScanDisplay
from tagger.tracks import Result

_LETTERS = 30  # of a genre
_MOST_GENRES = 30  # rows of the table; a library may have a thousand genres


class AuditDisplay(ScanDisplay):
    """Collects the findings of a scan, and shows them at its end.

    Attributes:
        findings: in the order of the scan.
    """

    def __init__(self, auditor: Auditor, *, limit: int, tables: bool, quiet: bool) -> None:
        """Prepare to audit a scan.

        Args:
            auditor: compares results with existing genres.
            limit: most contradictions to list.
            tables: show the findings; standard output is for something else if not.
            quiet: show only failures.
        """
        super().__init__(quiet=quiet, results=False, stderr=not tables)
        self.findings: list[Finding] = []
        self._auditor = auditor
        self._limit = limit
        self._tables = tables

    def add(self, result: Result) -> None:
        """Count a result and keep the finding."""
        super().add(result)
        self.findings.append(self._auditor.audit(result))

    def summary(self, *, write_tags: bool, cut_short: str = "") -> None:
        """Show the findings, and the files that could not be read."""
        if self._quiet or not (self.findings or cut_short):
            return
        self._progress.stop()
        if self._tables:
            self._console.print()
            _show_agreement(self.findings)
            _show_contradictions(self.findings, self._limit)
        self._show_failures()
        self.header(f"{cut_short}: {_sum(self.findings)}" if cut_short else _sum(self.findings))


def _sum(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in findings)
    usual = (NO_GENRE, MACHINE_MADE, NO_LABEL, UNCERTAIN)
    reasons = Counter(
        f.reason if f.reason in usual else "not analysed" for f in findings if f.reason
    )
    why = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    return (
        f"{count_of(len(findings), 'track')}: {counts[Verdict.AGREE]} agree,"
        f" {counts[Verdict.CONTRADICT]} contradict, {counts[Verdict.CANNOT_TELL]} cannot be told"
        f"{f' ({why})' if why else ''}"
    )


def _show_agreement(findings: Sequence[Finding]) -> None:
    rows = by_existing_genre(findings)
    if not rows:
        return
    show_table(
        ("existing genre", "files", "agree", "contradict", "cannot tell", "agreement", "instead"),
        [
            (
                _short([row.genre]),
                str(row.counts.total()),
                *(
                    str(row.counts[verdict] or "")
                    for verdict in (Verdict.AGREE, Verdict.CONTRADICT, Verdict.CANNOT_TELL)
                ),
                "" if row.share is None else f"{row.share:.0%}",
                ", ".join(f"{genre} {number}" for genre, number in row.instead.most_common(2)),
            )
            for row in rows[:_MOST_GENRES]
        ],
    )
    if len(rows) > _MOST_GENRES:
        print(f"… and {count_of(len(rows) - _MOST_GENRES, 'rarer genre')}")
    print()


def _show_contradictions(findings: Sequence[Finding], limit: int) -> None:
    found = [f for f in surest_first(findings) if f.verdict is Verdict.CONTRADICT]
    if not (found and limit):
        return
    show_table(
        ("predicted", "sure", "existing genre", "its probability", "file"),
        [
            (
                _short(finding.genres),
                f"{finding.confidence or 0:.0%}",
                _short(finding.existing),
                f"{finding.existing_probability or 0:.0%}",
                printable(finding.path),
            )
            for finding in found[:limit]
        ],
    )
    if len(found) > limit:
        print(f"… and {count_of(len(found) - limit, 'contradiction')}; see --limit, --csv, --json")
    print()


def _short(genres: Sequence[str]) -> str:
    return cut(printable(", ".join(genres)), _LETTERS)
