"""Which split or fold a prepared folder gave its tracks, so that they keep it when others come.

A track that moved from test to training would flatter every figure after that. `assignment.json`
says how the splits in `tracks.csv` were made; those that were made in another way do not count.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tagger.errors import DataError
from trainer.data.manifest import Stamp
from trainer.data.tracks_table import TRACKS_FILE, Row, read_rows
from trainer.files import whole

ASSIGNMENT_FILE = "assignment.json"
OLDER_FILE = "dealing.json"  # its name in earlier prepared folders


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """How tracks are assigned to splits or folds.

    Attributes:
        split: The kind of split.
        shares: Of each split or fold; none where the splits are given.
        seed: Of the random order.
    """

    split: str
    shares: tuple[float, ...]
    seed: int

    def write(self, folder: Path) -> None:
        """Write how the tracks of a folder are assigned.

        Raises:
            DataError: it cannot be written.
        """
        with whole(folder / ASSIGNMENT_FILE) as file:
            file.write(f"{json.dumps(asdict(self))}\n".encode())

    def before(
        self, folder: Path, stamps: Iterable[Stamp], report: Callable[[str], None]
    ) -> "Before":
        """Return the splits of the tracks of a folder, if they were assigned in the same way.

        Args:
            folder: Where they were prepared.
            stamps: Those of its strips: the same audio stays where it is under another name.
            report: Is told if they were assigned in another way.
        """
        try:
            there = (folder / name for name in (ASSIGNMENT_FILE, OLDER_FILE))
            file = next((file for file in there if file.exists()), folder / ASSIGNMENT_FILE)
            found = json.loads(file.read_text("utf-8"))
            rows = read_rows(folder / TRACKS_FILE)
        except (OSError, ValueError, DataError):
            return Before(tracks={}, audio={})
        if found != json.loads(json.dumps(asdict(self))):
            report(
                f"{folder} was split in another way before (--split, --shares, --folds or --seed): "
                "tracks change their split, and older runs say nothing about the new one."
            )
            return Before(tracks={}, audio={})
        audio = {stamp.strip: stamp.audio for stamp in stamps}
        return Before(
            tracks={row.key: row for row in rows},
            audio={audio[row.file]: row for row in rows if row.file in audio},
        )


@dataclass(frozen=True, kw_only=True)
class Before:
    """The tracks of an earlier preparation, by their name and by their audio."""

    tracks: Mapping[tuple[str, str], Row]
    audio: Mapping[str, Row]

    def keep_split(self, row: Row, audio: str) -> Row:
        """Return a track with the split and fold that it had; both are empty if it is new."""
        was = self.audio.get(audio) or self.tracks.get(row.key)
        return replace(row, split=was.split if was else "", fold=was.fold if was else "")
