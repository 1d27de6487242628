"""How a prepared folder dealt its tracks out, so that they stay where they are when others come.

A track that moved from test to training would flatter every figure after that. `dealing.json` says
how the tracks in `tracks.csv` were dealt out; what was dealt out in another way does not count.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tagger.errors import DataError
from trainer.data.dataset import TRACKS_FILE, Row, read_rows
from trainer.data.manifest import Stamp
from trainer.files import whole

DEALING_FILE = "dealing.json"


@dataclass(frozen=True)
class Dealing:
    """Whatever decides where tracks go."""

    split: str
    shares: tuple[float, ...]  # none where tracks are not dealt out here
    seed: int

    def write(self, folder: Path) -> None:
        """Note how the tracks of a folder are dealt out.

        Raises:
            DataError: it cannot be written.
        """
        with whole(folder / DEALING_FILE) as file:
            file.write(f"{json.dumps(asdict(self))}\n".encode())

    def before(
        self, folder: Path, stamps: Iterable[Stamp], report: Callable[[str], None]
    ) -> "Before":
        """Return where the tracks of a folder are, if they were dealt out in the same way.

        Args:
            folder: Where they were prepared.
            stamps: Those of its strips: the same audio stays where it is under another name.
            report: Is told if they were dealt out in another way.
        """
        try:
            found = json.loads((folder / DEALING_FILE).read_text("utf-8"))
            rows = read_rows(folder / TRACKS_FILE)
        except (OSError, ValueError, DataError):
            return Before({}, {})
        if found != json.loads(json.dumps(asdict(self))):
            report(
                f"{folder} was dealt out in another way before (--split, --shares, --folds or "
                "--seed): tracks change their split, and older runs say nothing about the new one."
            )
            return Before({}, {})
        audio = {stamp.strip: stamp.audio for stamp in stamps}
        return Before(
            {row.key: row for row in rows},
            {audio[row.file]: row for row in rows if row.file in audio},
        )


@dataclass(frozen=True)
class Before:
    """Where tracks were, by their name and by their audio."""

    tracks: Mapping[tuple[str, str], Row]
    audio: Mapping[str, Row]

    def placed(self, row: Row, audio: str) -> Row:
        """Return a track with the split and fold that it had; both are empty if it is new."""
        was = self.audio.get(audio) or self.tracks.get(row.key)
        return replace(row, split=was.split if was else "", fold=was.fold if was else "")
