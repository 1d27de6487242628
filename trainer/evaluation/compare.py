"""Runs side by side: tables, a chart, and how sure it is that one is better."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError
from tagger.output.console import count_of
from trainer.evaluation import charts, drawing
from trainer.evaluation.entry import (
    ACCURACY_HEADER,
    GAIN_HEADER,
    NETWORK_HEADER,
    Entry,
    Gain,
    accuracy_cells,
    gain_cells,
    network_cells,
)
from trainer.evaluation.intervals import Difference, difference, holm, number_groups
from trainer.evaluation.literature import literature, sources, to_list
from trainer.files import all_or_nothing, json_bytes
from trainer.tables import table
from trainer.training.run_folder import Run

Tables = list[list[tuple[str, ...]]]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What is stored of an evaluated run.

    Attributes:
        run: The run.
        metrics: Its figures.
        protocol: What they count.
        names: The tracks that were scored `[tracks]`.
        groups: Their artists or albums `[tracks]`.
        right: Whether the predicted genre is right `[tracks]`.
    """

    run: Run
    metrics: dict[str, Any]
    protocol: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    right: NDArray[np.bool_]


def compare(
    runs: Sequence[Run],
    *,
    split: str = "valid",
    anyway: bool = False,
    with_literature: bool = False,
    output: Path | None = None,
    report: Callable[[str], None],
) -> list[Entry]:
    """Put evaluated runs side by side, the others compared with the first.

    Args:
        runs: The runs.
        split: The split whose figures are compared.
        anyway: Take runs that were scored on different tracks as well; they get no gain.
        with_literature: Add published figures, quoted with their protocol and source; runs that
            were scored on different tracks are taken then, too.
        output: A folder for `compare.md`, `compare.json`, `compare.png` and `compare.svg`.
        report: Takes the tables.

    Raises:
        DataError: a run was not evaluated, or on other tracks.
    """
    scored = [_read(run, split) for run in runs]
    first = scored[0]
    differences: dict[int, Difference] = {}
    for place, other in enumerate(scored[1:], 1):
        if (other.names, other.protocol) == (first.names, first.protocol):
            groups = number_groups(first.groups)
            differences[place] = difference(other.right, first.right, groups)
        elif not (anyway or with_literature):
            raise DataError(
                f"{other.run.folder} was scored on other tracks ({other.protocol}) than "
                f"{first.run.folder} ({first.protocol}); evaluate both on the same, or compare "
                "them --anyway."
            )
    adjusted = holm([found.p for found in differences.values()])
    gains = {
        place: Gain(gain=found.gain, interval=found.interval, p=p, mcnemar=found.mcnemar)
        for (place, found), p in zip(differences.items(), adjusted, strict=True)
    }
    short = {run.folder.name for run in runs}
    names = [run.folder.name if len(short) == len(runs) else str(run.folder) for run in runs]
    entries = [_entry(each, names[i], gains.get(i)) for i, each in enumerate(scored)]
    protocol = " / ".join(dict.fromkeys(each.protocol for each in scored))
    if output:
        with all_or_nothing(output) as scratch:
            text = markdown(entries, protocol)
            content = {"protocol": protocol, "runs": list(map(asdict, entries))}
            if with_literature:
                text += f"\n{_markdown_table(literature(entries))}\n\n{_quoted('  ')}\n"
                content |= {"published": to_list()}
            (scratch / "compare.md").write_text(text, "utf-8")
            (scratch / "compare.json").write_bytes(json_bytes(content))
            drawing.save(charts.comparison(entries, protocol), scratch / "compare")
    parts = [protocol, *map(table, _tables(entries)), _note(entries)]
    if with_literature:
        parts += [table(literature(entries)), _quoted()]
    report("\n\n".join(parts))
    return entries


def _quoted(end: str = "") -> str:
    """Say what the published figures are; `end` ends a line of the list of sources."""
    return (
        "Figures with a number are quoted, not measured here: their tracks, splits and counts are "
        f"their authors'. Compare only within a split.\n\n{sources()}".replace("\n[", f"{end}\n[")
    )


def _entry(scored: Scored, name: str, gain: Gain | None) -> Entry:
    metrics, options = scored.metrics, scored.run.options
    track, subject, calibration = (metrics[part] for part in ("track", "subject", "calibration"))
    error = calibration["error_cross_validated"]
    return Entry(
        name=name,
        network=subject["architecture"],
        weights=subject["weights"],
        parameters=subject["parameters"],
        data=tuple(Path(folder).name for folder in options.data),
        trained_on=options.train_splits,
        protocol=scored.protocol,
        tracks=track["tracks"],
        groups=track["groups"],
        window_accuracy=metrics["window_accuracy"],
        track_accuracy=track["accuracy"],
        track_accuracy_interval=tuple(track["accuracy_interval"]),
        macro_f1=track["macro_f1"],
        calibration_error=calibration["error_after"] if error is None else error,
        windows_per_second=subject["windows_per_second"],
        split=subject["split"],
        gain=gain,
    )


def _read(run: Run, split: str) -> Scored:
    """Read the figures of a run, and for each track whether the prediction was right."""
    metrics = run.metrics(split)
    track, file = metrics["track"], run.predictions_file(split)
    try:
        with file.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
            lines = list(csv.DictReader(stream))
        right = np.array([line["genre"] == line["predicted"] for line in lines], dtype=np.bool_)
        names = tuple(line["track"] for line in lines)
        groups = tuple(line["group"] for line in lines)
    except (OSError, ValueError, KeyError):
        right, names, groups = np.zeros(0, np.bool_), (), ()
    if right.sum() != round(track["accuracy"] * track["tracks"]) or len(right) != track["tracks"]:
        raise DataError(
            f"{file} does not belong to {run.metrics_file(split).name}; "
            f"evaluate {run.folder} again."
        )
    return Scored(
        run=run,
        metrics=metrics,
        protocol=f"{track['tracks']} {metrics['subject']['protocol']}",
        names=names,
        groups=groups,
        right=right,
    )


def _tables(entries: Sequence[Entry]) -> Tables:
    """Return what the runs are, how good they are and what they gain, with headers."""
    found = [
        [NETWORK_HEADER, *map(network_cells, entries)],
        [ACCURACY_HEADER, *map(accuracy_cells, entries)],
    ]
    if len(entries) > 1:
        found.append([GAIN_HEADER, *map(gain_cells, entries[1:])])
    return found


def markdown(entries: Sequence[Entry], protocol: str) -> str:
    """Return the tables for a model card."""
    parts = [f"{protocol}. {_note(entries)}", *map(_markdown_table, _tables(entries))]
    return "\n\n".join(parts) + "\n"


def _markdown_table(rows: Sequence[tuple[str, ...]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    header, *lines = rows
    rule = ("---", *["---:"] * (len(header) - 1))
    return "\n".join(map(line, (header, rule, *lines)))


def _note(entries: Sequence[Entry]) -> str:
    note = (
        f"Intervals are 95 % intervals over {entries[0].groups} artists or albums (a track of an "
        "unknown one counts as one). The calibration error is cross-validated where settings were "
        "fitted to these tracks."
    )
    if len(entries) == 1:
        return note
    comparisons = count_of(len(entries) - 1, "comparison")
    return (
        f"{note} The gain over {entries[0].name} is in points. p (Holm) is how likely so large a "
        f"difference is by chance, by artist and adjusted for {comparisons}; "
        "below 0.05 it is clear. p (McNemar) takes all tracks for independent."
    )
