"""Tables that spreadsheets and people have changed."""

import os
from pathlib import Path

import pytest

from tagger.errors import PathError
from tagger.output.planfile import PlannedWrite, read_plan

ROW = PlannedWrite(path=Path("a.mp3"), genres=("Rock", "Jazz"), existing=("Pop",))


def table(tmp_path, text: str) -> Path:
    file = tmp_path / "genres.csv"
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize(
    "text",
    [
        "path,genre,action,existing_genre\na.mp3,Rock; Jazz,write,Pop\n",
        "PATH,Genre,ACTION,Existing_Genre\r\na.mp3,Rock; Jazz,Write,Pop\r\n",
        'sep=;\npath;genre;action;existing_genre\na.mp3;"Rock; Jazz";write;Pop\n',
        "\ufeffsep=,\r\npath,genre,action,existing_genre\r\na.mp3,Rock; Jazz,write,Pop\r\n",
        "sep=\t\npath\tgenre\taction\texisting_genre\na.mp3\tRock; Jazz\twrite\tPop\n",
        "existing_genre,action,genre,path,error\nPop, write ,Rock; Jazz,a.mp3\n\n,,,,\n",
    ],
    ids=["plain", "capitals", "sep and semicolons", "sep and commas", "sep and tabs", "short rows"],
)
def test_what_spreadsheets_make_of_a_table_is_understood(tmp_path, text):
    assert [*read_plan(table(tmp_path, text))] == [ROW]


HEADER = "path,genre,action,existing_genre\n"
GOOD = "good.mp3,Pop,write,\n"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('a.mp3,"Rock,write,\nb.mp3,Jazz,write,\n', "damaged in line 4"),
        ('a.mp3,"Rock,write,\nb.mp3,"Jazz",write,\n', "damaged in line 4"),
        ("a.mp3,Rock,write,,,\n", "damaged in line 3: it has 6 columns and not 4"),
        ("a.mp3,Rock\n", "damaged in line 3: it has 2 columns and not 4"),
        (",Rock,write,\n", "line 3: the path is empty"),
        ("a.mp3,Rock,wirte,\n", "line 3: there is no action 'wirte'"),
    ],
)
def test_a_table_that_cannot_be_read_whole_is_refused_whole(tmp_path, rows, words):
    with pytest.raises(PathError, match=words):
        read_plan(table(tmp_path, HEADER + GOOD + rows))


def test_a_genre_is_cleared_by_the_action(tmp_path):
    (row,) = read_plan(table(tmp_path, HEADER + "a.mp3,Rock,clear,Pop\n"))
    assert row == PlannedWrite(path=Path("a.mp3"), genres=(), existing=("Pop",), clears=True)


def test_rows_to_keep_are_written_with_overwrite(tmp_path):
    file = table(tmp_path, HEADER + "a.mp3,Rock,keep,Pop\nb.mp3,Jazz,skip,\n")
    assert [*read_plan(file)] == []
    assert [row.genres for row in read_plan(file, overwrite=True)] == [("Rock",)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_table(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PathError, match="is not a regular file"):
        read_plan(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero")
def test_a_device_is_no_table():
    with pytest.raises(PathError, match="is not a regular file"):
        read_plan(Path("/dev/zero"))
