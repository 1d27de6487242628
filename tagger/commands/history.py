"""The work of `genretag history`."""

import json
import os
from collections.abc import Sequence
from typing import Any

from tagger.commands.state import open_journal
from tagger.errors import ExitCode, GenretagError
from tagger.output.console import complain, cut, printable, show_table, when
from tagger.writing.entries import RunRecord, State, Write

_COUNTED = (State.DONE, State.FAILED, State.UNDONE, State.BEGUN)
_LONGEST_GENRE = 40  # letters of it on the screen
_LONGEST_COMMAND = 200


def run_history(number: int | None, *, as_json: bool) -> ExitCode:
    """List the runs that wrote, or the files of one run.

    Raises:
        GenretagError: there is no such run.
    """
    with open_journal() as journal:
        runs = journal.runs()
        if number is None:
            _show_runs(runs, as_json=as_json)
            return ExitCode.DONE
        found = next((run for run in runs if run.id == number), None)
        if found is None:
            raise GenretagError(f"There is no run {number}; genretag history lists them.")
        writes = [write for state in State for write in journal.writes(number, state)]
    _show_run(found, sorted(writes, key=lambda write: write.path), as_json=as_json)
    return ExitCode.DONE


def _show_runs(runs: Sequence[RunRecord], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_run_json(run) for run in runs], indent=1))
        return
    if not runs:
        complain("Nothing was written yet.")
        return
    show_table(
        ("run", "when", "command", *(state.shown for state in _COUNTED)),
        [
            (
                str(run.id),
                when(run.started),
                cut(printable(run.command), to=_LONGEST_COMMAND),
                *(str(run.counts.get(state, 0) or "") for state in _COUNTED),
            )
            for run in runs
        ],
    )


def _show_run(run: RunRecord, writes: Sequence[Write], *, as_json: bool) -> None:
    if as_json:
        files = [
            {
                "path": os.fspath(write.path),
                "state": write.state.shown,
                "old": list(write.old),
                "new": list(write.new),
            }
            for write in writes
        ]
        print(json.dumps({**_run_json(run), "files": files}, indent=1))
        return
    print(f"Run {run.id}, {when(run.started)}: {printable(run.command)}")
    print()
    show_table(
        ("state", "before", "after", "file"),
        [
            (
                write.state.shown,
                _genres(write.old),
                _genres(write.new),
                printable(write.path),
            )
            for write in writes
        ],
    )


def _run_json(run: RunRecord) -> dict[str, Any]:
    return {
        "run": run.id,
        "started": run.started_utc,
        "command": run.command,
        **{state.shown: run.counts.get(state, 0) for state in _COUNTED},
    }


def _genres(texts: Sequence[str]) -> str:
    return cut(printable(", ".join(texts)) or "none", to=_LONGEST_GENRE)
