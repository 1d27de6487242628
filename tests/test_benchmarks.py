"""The benchmarks can be run again, and say why where a program that they time fails."""

import sys
from pathlib import Path

import pytest
from conftest import music, write_audio, write_toy_model

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import speed


def test_a_scan_can_be_timed_again(tmp_path):
    """A table of the first round must not stand in the way of the second."""
    folder = tmp_path / "music"
    write_audio(folder / "song.mp3", music(6))
    model = write_toy_model(tmp_path / "toy.onnx")
    for _ in range(2):
        timed = speed.scan(folder, tmp_path, model)
        assert 0 < timed["computing"] < timed["wall"] < timed["seconds"]


def test_the_reason_is_shown_where_a_program_fails(tmp_path):
    with pytest.raises(SystemExit, match="no reason at all"):
        speed.run([sys.executable, "-c", "raise SystemExit('no reason at all')"], tmp_path)
