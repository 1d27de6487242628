"""Plays the analysed part of a track with another program."""

import os
import shlex
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from tagger.audio.decode import start_of_part
from tagger.errors import TrackError, reason

# The first that is installed is used; afplay, of macOS, can only start at the beginning.
PLAYERS = (
    "ffplay -nodisp -autoexit -ss {start} -t {seconds} {file}",
    "mpv --no-video --start={start} --length={seconds} {file}",
    "afplay -t {seconds} {file}",
)
_SOON = 0.3  # seconds in which a player that cannot play ends


class Player:
    """Starts a player, one at a time."""

    def __init__(self, command: str | None) -> None:
        """Use a command with `{file}`, `{start}` and `{seconds}`; None: the first that is there."""
        if command is None:
            command = next((one for one in PLAYERS if shutil.which(one.split()[0])), None)
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, path: Path, seconds: float | None) -> str:
        """Play the analysed part.

        Args:
            path: of the track.
            seconds: how much was analysed; None: all.

        Returns:
            A sentence about it.
        """
        self.stop()
        if self._command is None:
            names = ", ".join(one.split()[0] for one in PLAYERS)
            return f"No player is installed ({names}); config.toml can name another one."
        try:
            start = start_of_part(path, seconds)
        except TrackError as error:
            return f"The file {error}."
        words = command_words(self._command, path, start, seconds)
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            return f"{words[0]} cannot be started ({reason(error)})."
        with suppress(subprocess.TimeoutExpired):
            if (code := self._process.wait(_SOON)) != 0:
                return f"{words[0]} ended with exit code {code}."
        return f"Playing from {round(start) // 60}:{round(start) % 60:02}; any key stops it."

    def stop(self) -> None:
        """Stop what is played."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._process = None


def command_words(command: str, path: Path, start: float, seconds: float | None) -> list[str]:
    """Return a command as a list of words; no shell sees the path."""
    values = {
        "{file}": os.fspath(path.absolute()),  # no name can be mistaken for an option
        "{start}": f"{start:.2f}",
        "{seconds}": f"{seconds or 86_400:.2f}",
    }
    words = shlex.split(command, posix=os.name == "posix")
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    return words
