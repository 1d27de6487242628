"""The work of `genretag explain`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tagger.commands.rules import check_seconds, rules_for
from tagger.commands.state import open_journal
from tagger.errors import ExitCode, PathError, StateError
from tagger.options import ScanOptions
from tagger.output.chart import check_image, save_image
from tagger.output.console import complain, cut, printable, when
from tagger.output.explanation import as_json as plain_values
from tagger.output.explanation import show
from tagger.pipeline.explain import explain
from tagger.pipeline.lazy_model import LazyModel
from tagger.writing.entries import RunRecord, State, Write

_LONGEST_GENRE = 40  # letters of it on the screen


def run_explain(options: ScanOptions, image: Path | None, *, as_json: bool) -> ExitCode:
    """Show how one track comes to its genre.

    Args:
        options: with one file as its paths.
        image: a file for a picture.
        as_json: print JSON.

    Raises:
        GenretagError: there is no such file, or the model or the image cannot be used.
    """
    (path,) = options.paths
    if not path.exists():
        raise PathError(f"There is no file {path}.")
    if path.is_dir():
        raise PathError(f"{path} is a folder; genretag explain takes one file.")
    if image is not None:
        check_image(image)
    model = LazyModel(options.model, options.device)
    rules = rules_for(options, model.metadata)
    check_seconds(options, model.metadata)
    explanation = explain(path, model, rules, seconds=options.seconds)
    written = _written(path)
    if as_json:
        content = {
            "model": str(model.path),
            **plain_values(explanation),
            "written": [_write_json(write, run) for write, run in written],
        }
        print(json.dumps(content, indent=1))
    else:
        on = f" on {model.loaded.device_name}" if explanation.analysis else ""
        show(explanation, f"{model.path.stem}{on}")
        _show_written(written)
    if image is not None:
        save_image(explanation, image)
        if not as_json:
            print(f"The picture is in {image}.")
    failed = explanation.result.failed
    return ExitCode.SOME_FILES_FAILED if failed else ExitCode.DONE


def _written(path: Path) -> list[tuple[Write, RunRecord | None]]:
    """Return what genretag wrote into a file, the newest first, with the run that did."""
    try:
        with open_journal() as journal:
            writes = journal.writes_of(path.resolve())
            runs = {run.id: run for run in journal.runs()} if writes else {}
    except StateError as error:
        complain(str(error))
        return []
    return [(write, runs.get(write.run)) for write in writes]


def _show_written(written: Sequence[tuple[Write, RunRecord | None]]) -> None:
    if not written:
        print("genretag has not written into this file.")
        return
    print("Written by genretag:")
    for write, run in written:
        at = when(run.started) if run else "at an unknown time"
        change = f"{_genres(write.old)} to {_genres(write.new)}"
        end = "" if write.state is State.DONE else f", {write.state.shown}"
        print(f"  {at}, run {write.run}: {change}{end}")


def _write_json(write: Write, run: RunRecord | None) -> dict[str, Any]:
    return {
        "run": write.run,
        "started": run.started_utc if run else None,
        "command": run.command if run else None,
        "state": write.state.shown,
        "old": list(write.old),
        "new": list(write.new),
    }


def _genres(texts: Sequence[str]) -> str:
    return cut(printable(", ".join(texts)) or "no genre", to=_LONGEST_GENRE)
