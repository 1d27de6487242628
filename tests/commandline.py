"""Run genretag in its own process, as a user does, and read what it leaves."""

import csv
import hashlib
import io
import shutil
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

GENRETAG = [sys.executable, "-c", "from tagger.cli import main; main()"]


def in_a_process(*arguments: object, **how: object) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    command = [*GENRETAG, *map(str, arguments)]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(command, text=True, check=False, **streams | how)


def started(*arguments: object) -> subprocess.Popen[bytes]:
    """Start a command whose output pipe holds only a few dozen lines.

    It blocks until they are read, so it cannot end before the test lets it, however fast the
    machine is.
    """
    return subprocess.Popen(
        [*GENRETAG, *map(str, arguments)],
        bufsize=0,
        pipesize=4096,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def copies(track: Path, number: int) -> Path:
    """Put copies of a track beside it and return their folder."""
    for name in range(1, number):
        shutil.copy(track, track.with_stem(f"{name:0{len(track.stem)}}"))
    return track.parent


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def digests(folder: Path) -> dict[Path, str]:
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def train(*arguments: object) -> str:
    """Run genretag-train here, and return what it says."""
    from trainer.cli import app as trainer_app

    done = CliRunner().invoke(trainer_app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output
