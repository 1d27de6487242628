import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import PathError
from tagger.output.cells import cell_path
from tagger.output.resultfile import opened
from tagger.output.table import COLUMNS, CsvWriter, JsonLinesWriter
from tagger.tracks import Action, Result, Status

LABELS = ("blues", "hiphop")
GOOD = Result(
    path=Path("a/b.mp3"),
    status=Status.OK,
    action=Action.WRITE,
    ranked=((("Hip-Hop",), 0.75), (("Blues",), 0.25)),
    genres=("Hip-Hop",),
    existing=("Polka", "Ska"),
    seconds=30.0,
    probabilities=(0.25, 0.75),
)
BAD = Result(path=Path("c.mp3"), status=Status.UNREADABLE, action=Action.SKIP, error="is empty")


def written(*results: Result) -> list[dict[str, str]]:
    buffer = io.StringIO(newline="")
    writer = CsvWriter(buffer, LABELS)
    for result in results:
        writer.write(result)
    return list(csv.DictReader(io.StringIO(buffer.getvalue(), newline="")))


def test_columns_are_those_of_the_design():
    assert list(written(GOOD)[0]) == [
        *"path status genre confidence second_genre second_confidence existing_genre".split(),
        *"action seconds error p_blues p_hiphop".split(),
    ]
    assert len(COLUMNS) == 10


def test_rows():
    good, bad = written(GOOD, BAD)
    assert good == {
        "path": "a/b.mp3",
        "status": "ok",
        "genre": "Hip-Hop",
        "confidence": "0.7500",
        "second_genre": "Blues",
        "second_confidence": "0.2500",
        "existing_genre": "Polka; Ska",
        "action": "write",
        "seconds": "30.00",
        "error": "",
        "p_blues": "0.2500",
        "p_hiphop": "0.7500",
    }
    assert (bad["status"], bad["error"], bad["genre"], bad["p_blues"]) == (
        "unreadable",
        "is empty",
        "",
        "",
    )


@given(st.text(min_size=1).filter(lambda t: "\0" not in t and "/" not in t))
def test_any_name_survives_and_none_is_run_as_a_formula(name):
    (row,) = written(Result(path=Path(name), status=Status.SILENT, action=Action.SKIP))
    assert not row["path"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row["path"].isprintable()
    path = cell_path(row["path"])
    assert path in (Path(name), Path(name).absolute())


def test_a_guess_with_several_names_is_several_genres():
    ranked = ((("Metal", "Rock; n Roll"), 0.4), (("Jazz", "Instrumental"), 0.3))
    unsure = replace(GOOD, status=Status.UNCERTAIN, genres=(), ranked=ranked)
    assert written(unsure)[0]["genre"] == r"Metal; Rock\; n Roll"
    assert written(unsure)[0]["second_genre"] == "Jazz; Instrumental"  # as a review reads it
    line = io.StringIO()
    JsonLinesWriter(line, LABELS).write(unsure)
    assert json.loads(line.getvalue())["genre"] == ["Metal", "Rock; n Roll"]


def test_json_lines():
    buffer = io.StringIO()
    writer = JsonLinesWriter(buffer, LABELS)
    writer.write(GOOD)
    writer.write(BAD)
    good, bad = map(json.loads, buffer.getvalue().splitlines())
    assert good["genre"] == ["Hip-Hop"]
    assert good["existing_genre"] == ["Polka", "Ska"]
    assert good["probabilities"] == {"blues": 0.25, "hiphop": 0.75}
    assert (bad["genre"], bad["confidence"], bad["error"]) == ([], None, "is empty")


def test_names_that_are_not_utf8_come_back(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.mp3")
    with opened(tmp_path / "o.csv") as file:
        CsvWriter(file.stream, LABELS).write(
            Result(path=path, status=Status.SILENT, action=Action.SKIP)
        )
        file.finish()
    (row,) = csv.DictReader((tmp_path / "o.csv").open(encoding="utf-8"))
    assert cell_path(row["path"]) == path


def test_a_csv_that_cannot_be_written(tmp_path):
    with pytest.raises(PathError, match="cannot be written"), opened(tmp_path / "no" / "o.csv"):
        pass
