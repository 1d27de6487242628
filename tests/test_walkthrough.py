"""The walkthrough in docs/training.md, command by command, on generated audio."""

import re
import shlex
from pathlib import Path

import mutagen
import pytest
from conftest import music, write_audio
from typer.testing import CliRunner

from tagger import cli as tagger_cli
from trainer import cli as trainer_cli

PAGE = (Path(__file__).parents[1] / "docs" / "training.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()
]
PROGRAMS = {"genretag": tagger_cli.app, "genretag-train": trainer_cli.app}

# The page trains for hours; these options make it a matter of seconds.
SHORT = "--epochs 1 --batches 2 --batch-size 4 --shrink 2 --warm-up 0".split()
SHORT_WINDOWS = SHORT[:6]


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


def test_every_command_of_the_walkthrough_works(desk):
    assert sum(command.startswith("genretag") for command in COMMANDS) > 10
    for command in COMMANDS:
        program, *arguments = (str(Path(word).expanduser()) for word in shlex.split(command))
        if program not in PROGRAMS:
            assert command == "pip install '.[train]'"
            continue
        if arguments[0] in ("fit", "pretrain", "crossvalidate") and "--resume" not in arguments:
            takes_windows = {"ann", "cnn-small"} & set(arguments)
            arguments += SHORT_WINDOWS if takes_windows else SHORT
        done = CliRunner().invoke(PROGRAMS[program], arguments, catch_exceptions=False)
        assert done.exit_code == 0, f"{command}\n{done.output}"
    sizes = {file.stem: file.stat().st_size for file in desk.glob("*.onnx")}
    assert sizes.keys() == {"mine", "small", "half", "final", "mean"}
    assert sizes["mine"] < 65e6
    assert sizes["half"] < 33e6
    assert sizes["small"] < 0.4 * sizes["mine"]
    assert (desk / "comparison" / "compare.md").exists()
