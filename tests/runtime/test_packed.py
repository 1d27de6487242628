"""Sequences in little memory."""

from pathlib import Path

import pytest

from tagger.output.planfile import PlannedWrite
from tagger.runtime.packed import Packed


def rows(number: int):
    for n in range(number):
        path = Path(f"/music/Artist {n // 120}/Album {n // 12}/{n:06} Title.mp3")
        yield PlannedWrite(path=path, genres=("Jazz",), existing=())


@pytest.mark.parametrize("number", [0, 1, 128, 129, 1000])
def test_a_packed_sequence_is_what_was_packed_however_often_it_is_asked(number):
    packed, wanted = Packed(rows(number)), [*rows(number)]
    assert len(packed) == number
    assert [*packed] == [*packed] == wanted
    assert [packed[n] for n in range(number)] == wanted
    assert packed[-3:] == wanted[-3:]
    with pytest.raises(IndexError):
        packed[number]


def test_a_row_takes_a_tenth_of_what_it_takes_as_an_object():
    assert Packed(rows(10_000)).memory < 100 * 10_000
