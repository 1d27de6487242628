"""Runs side by side: one table, one chart, and how sure it is that one is better."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError
from trainer.evaluation import charts
from trainer.evaluation.entry import HEADER, Entry
from trainer.evaluation.scores import paired_difference
from trainer.files import all_or_nothing, write_json
from trainer.tables import table
from trainer.training.run_folder import METRICS_FILE, PREDICTIONS_FILE, Run


def compare(
    runs: Sequence[Run],
    *,
    anyway: bool = False,
    output: Path | None = None,
    report: Callable[[str], None],
) -> list[Entry]:
    """Put evaluated runs side by side, the others measured against the first.

    Args:
        runs: The runs.
        anyway: Take runs that were scored on different tracks as well; they get no gain.
        output: A folder for `compare.md`, `compare.json`, `compare.png` and `compare.svg`.
        report: Takes the table.

    Raises:
        DataError: a run was not evaluated, or on other tracks.
    """
    metrics = [run.metrics() for run in runs]
    right = [_right(run, found) for run, found in zip(runs, metrics, strict=True)]
    protocols = [f"{found['track']['tracks']} {found['subject']['protocol']}" for found in metrics]
    short = {run.folder.name for run in runs}
    names = [run.folder.name if len(short) == len(runs) else str(run.folder) for run in runs]
    entries = []
    for i, (run, found) in enumerate(zip(runs, metrics, strict=True)):
        same = list(right[i]) == list(right[0]) and protocols[i] == protocols[0]
        if not same and not anyway:
            raise DataError(
                f"{run.folder} was scored on other tracks ({protocols[i]}) than {runs[0].folder} "
                f"({protocols[0]}); evaluate both on the same, or compare them --anyway."
            )
        gain = (
            paired_difference(_values(right[i]), _values(right[0])) if same and i else (None, None)
        )
        entries.append(_entry(run, names[i], protocols[i], found, gain))
    protocol = " / ".join(dict.fromkeys(protocols))
    if output:
        with all_or_nothing(output) as scratch:
            (scratch / "compare.md").write_text(markdown(entries, protocol), "utf-8")
            write_json(
                scratch / "compare.json", {"protocol": protocol, "runs": list(map(asdict, entries))}
            )
            charts.save(charts.comparison(entries, protocol), scratch / "compare")
    rows = [HEADER, *(entry.cells() for entry in entries)]
    report(f"{protocol}\n\n{table(rows)}\n\n{_note(entries)}")
    return entries


def _entry(
    run: Run,
    name: str,
    protocol: str,
    found: dict[str, Any],
    gain: tuple[float | None, tuple[float, float] | None],
) -> Entry:
    track, subject = found["track"], found["subject"]
    return Entry(
        name,
        subject["architecture"],
        subject["weights"],
        subject["parameters"],
        tuple(Path(folder).name for folder in run.options.data),
        run.options.train_splits,
        protocol,
        track["tracks"],
        found["window_accuracy"],
        track["accuracy"],
        tuple(track["accuracy_interval"]),
        track["macro_f1"],
        found["calibration"]["error_cross_validated"],
        subject["windows_per_second"],
        *gain,
    )


def _right(run: Run, found: dict[str, Any]) -> dict[str, bool]:
    """Return for each track by name whether the run heard it rightly."""
    file = run.folder / PREDICTIONS_FILE
    try:
        with file.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
            right = {
                line["track"]: line["genre"] == line["heard_as"] for line in csv.DictReader(stream)
            }
    except (OSError, ValueError, KeyError):
        right = {}
    if sum(right.values()) != round(found["track"]["accuracy"] * found["track"]["tracks"]):
        raise DataError(f"{file} does not belong to {METRICS_FILE}; evaluate {run.folder} again.")
    return right


def _values(right: dict[str, bool]) -> NDArray[np.bool_]:
    return np.array(list(right.values()))


def markdown(entries: Sequence[Entry], protocol: str) -> str:
    """Return the table for a model card."""
    lines = [
        HEADER,
        ("---", *["---:"] * (len(HEADER) - 1)),
        *(tuple(cell.replace("|", r"\|") for cell in entry.cells()) for entry in entries),
    ]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{protocol}. {_note(entries)}\n\n{rows}\n"


def _note(entries: Sequence[Entry]) -> str:
    return (
        "Intervals are 95 % bootstrap intervals over tracks. The calibration error is "
        f"cross-validated. The gain over {entries[0].name}, in points, is drawn track by track; "
        "it is clear where its interval leaves out zero."
    )
