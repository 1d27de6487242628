"""The benchmarks can be run again, and say why where a program that they time fails."""

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import RATE, music, write_audio, write_toy_model

from tagger.audio.decode import decode
from tagger.audio.log_mel import MelStrip

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import corpus
import speed


def test_a_scan_can_be_timed_again(tmp_path):
    """A table of the first round must not stand in the way of the second."""
    folder = tmp_path / "music"
    write_audio(folder / "song.mp3", music(6))
    model = write_toy_model(tmp_path / "toy.onnx")
    for _ in range(2):
        timed = speed.scan(folder, tmp_path, model)
        assert 0 < timed["computing"] < timed["wall"] < timed["seconds"]


def test_made_up_tracks_are_music_to_a_scan(tmp_path):
    """What a scan takes for noise costs it nothing, and so they were for some time."""
    for seed in range(speed.DISTINCT):
        path = corpus.make_track(tmp_path / "track.mp3", 5.0, seed)
        MelStrip().compute(decode(path, RATE, 30))  # raises SteadyError


def test_what_was_not_analysed_is_not_timed(tmp_path):
    folder = tmp_path / "music"
    write_audio(folder / "silence.wav", np.zeros(6 * RATE, np.float32))
    write_audio(folder / "song.wav", music(6))
    model = write_toy_model(tmp_path / "toy.onnx")
    with pytest.raises(SystemExit, match="1 tracks were not analysed; the first of them is silent"):
        speed.scan(folder, tmp_path, model)


def test_the_reason_is_shown_where_a_program_fails(tmp_path):
    with pytest.raises(SystemExit, match="no reason at all"):
        speed.run([sys.executable, "-c", "raise SystemExit('no reason at all')"], tmp_path)
