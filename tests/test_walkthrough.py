"""The walkthrough in docs/training.md, command by command, on generated audio."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import mutagen
import pytest
from commandline import train
from conftest import genretag_here, music, write_audio
from small_networks import narrow_vgg

PAGE = (Path(__file__).parents[1] / "docs" / "training.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()
]

SHORT = "--epochs 1 --batches 2 --batch-size 4 --shrink 2 --warm-up 0".split()
SHORT_WINDOWS = SHORT[:6]


@pytest.fixture
def quickly(untraced, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Train narrow networks, and leave out what has tests of its own."""
    monkeypatch.setattr("trainer.evaluation.drawing.save", lambda *_: None)
    monkeypatch.setattr("trainer.evaluation.evaluate.SPEED_RUNS", 1)
    with narrow_vgg():
        yield


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Clips of two genres, and a library in the home folder with these genres in its tags."""
    for genre, pitch in (("tango", 110.0), ("waltz", 880.0)):
        for number in range(6):
            clip = tmp_path / "clips" / genre / f"{number}.flac"
            write_audio(clip, music(4, pitch=pitch * (1 + number / 40), seed=number))
            song = tmp_path / "home" / "Music" / f"{genre} {number}.flac"
            write_audio(song, music(4, pitch=pitch * (1.1 + number / 40), seed=number))
            tags = mutagen.File(song)
            tags["genre"] = genre.title()
            tags.save()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shortened(arguments: list[str]) -> list[str]:
    """Return options that make a command a matter of seconds, where the page lets it take hours."""
    if arguments[0] == "prepare":
        return ["--jobs", "1"]  # processes take seconds to start
    if arguments[0] not in ("fit", "pretrain", "crossvalidate") or "--resume" in arguments:
        return []
    return SHORT_WINDOWS if {"ann", "cnn-small"} & set(arguments) else SHORT


@pytest.mark.usefixtures("quickly")
def test_every_command_of_the_walkthrough_works(desk):
    assert sum(command.startswith("genretag") for command in COMMANDS) > 10
    for command in COMMANDS:
        program, *arguments = (str(Path(word).expanduser()) for word in shlex.split(command))
        if program == "genretag":
            done = genretag_here(*arguments)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
        elif program == "genretag-train":
            train(*arguments, *shortened(arguments))
        else:
            assert command == "pip install '.[train]'"
    assert {file.stem for file in desk.glob("*.onnx")} == {"mine", "small", "half", "final", "mean"}
    assert (desk / "comparison" / "compare.md").exists()
