"""Findings for other programs: a CSV that `genretag apply` takes, and JSON."""

import csv
import json
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, TextIO

from tagger.audit.findings import Finding, Verdict, by_existing_genre, surest_first
from tagger.output.cells import genres_cell, path_cell, text_cell
from tagger.tracks import Action

COLUMNS = (
    "path",
    "verdict",
    "existing_genre",
    "existing_probability",
    "genre",
    "confidence",
    "action",
    "reason",
)


def write_csv(stream: TextIO, findings: Sequence[Finding]) -> None:
    """Write one row a file, contradictions first.

    Every `action` is `skip`: `apply` writes the rows in which a person puts `write`.
    """
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(COLUMNS)
    for finding in surest_first(findings):
        table.writerow(
            (
                path_cell(finding.path),
                finding.verdict,
                genres_cell(finding.existing),
                _number(finding.existing_probability),
                genres_cell(finding.genres),
                _number(finding.confidence),
                Action.SKIP,
                text_cell(finding.reason),
            )
        )


def as_json(findings: Sequence[Finding]) -> str:
    """Return counts, agreement by existing genre, and all findings, contradictions first."""
    counts = Counter(finding.verdict for finding in findings)
    content = {
        **_counts(counts),
        "genres": [
            {
                "genre": row.genre,
                **_counts(row.counts),
                "agreement": _rounded(row.share),
                "instead": dict(row.instead.most_common()),
            }
            for row in by_existing_genre(findings)
        ],
        "files": [_file(finding) for finding in surest_first(findings)],
    }
    return json.dumps(content, indent=1)


def _file(finding: Finding) -> dict[str, Any]:
    return {
        "path": os.fspath(finding.path),
        "verdict": finding.verdict,
        "existing_genre": list(finding.existing),
        "existing_probability": _rounded(finding.existing_probability),
        "genre": finding.genre or None,
        "confidence": _rounded(finding.confidence),
        "reason": finding.reason or None,
    }


def _counts(counts: Counter[Verdict]) -> dict[str, int]:
    return {str(verdict): counts[verdict] for verdict in Verdict}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
