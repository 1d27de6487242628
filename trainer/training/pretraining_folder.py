"""The run folder of a pretraining.

It holds `run.toml`, `run.json` (with `"kind": "pretraining"`), `history.csv` with its copy for
TensorBoard, `last.weights.h5` and, if one was asked for, `average.weights.h5`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.audio.frontend import FrontEnd
from tagger.audio.frontend_registry import front_end_of
from tagger.errors import DataError
from trainer.files import write_json, write_text
from trainer.training.history import History, PretrainEpoch
from trainer.training.options import Keep, PretrainOptions
from trainer.training.run_folder import (
    FORMAT,
    HISTORY_FILE,
    OPTIONS_FILE,
    PRETRAINING,
    RUN_FILE,
    read_run_file,
)
from trainer.training.settings import read_toml, to_toml

HEADING = """\
# Every choice that shaped this pretraining; an option that is missing had its default.

"""


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """What is known about a pretraining without loading its weights.

    Attributes:
        folder: The run folder.
        options: Its options.
        front_end: Of the network.
        batch_norm: Whether it has batch normalisation.
        outputs: How many outputs are learnt.
        metadata: Versions, and the layers whose weights were given.
    """

    folder: Path
    options: PretrainOptions
    front_end: FrontEnd
    batch_norm: bool
    outputs: int
    metadata: Mapping[str, Any]

    @property
    def history(self) -> History[PretrainEpoch]:
        """What each epoch gave."""
        return History(self.folder / HISTORY_FILE, PretrainEpoch)

    @property
    def final(self) -> Keep:
        """The weights that the pretraining came to."""
        return self.options.final

    def weights(self, keep: Keep) -> Path:
        """Return the file of the last weights, or of their average."""
        return self.folder / f"{keep}.weights.h5"

    def save(self) -> None:
        """Write `run.toml` and `run.json`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / OPTIONS_FILE, HEADING + to_toml(self.options))
        write_json(
            self.folder / RUN_FILE,
            {
                "format": FORMAT,
                "kind": PRETRAINING,
                "arch": self.options.arch,
                "front_end": self.front_end.to_dict(),
                "batch_norm": self.batch_norm,
                "outputs": self.outputs,
                "final": self.final,
                "metadata": dict(self.metadata),
            },
        )


def load_pretraining(folder: Path) -> Pretraining:
    """Read the run folder of a pretraining.

    Raises:
        DataError: not such a folder, or one of another version.
    """
    stored = read_run_file(folder)
    if stored.get("kind") != PRETRAINING:
        raise DataError(f"{folder} is a run of fit, not of pretrain.")
    try:
        return Pretraining(
            folder=folder,
            options=read_toml(PretrainOptions, folder / OPTIONS_FILE),
            front_end=front_end_of(stored["front_end"]),
            batch_norm=stored["batch_norm"],
            outputs=stored["outputs"],
            metadata=stored["metadata"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{folder} is not a run folder: its {RUN_FILE} is damaged.") from None
