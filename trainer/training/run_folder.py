"""A run folder: everything that a training left behind, enough to go on with it or repeat it.

`run.toml` holds the options, `run.json` the metadata, `history.csv` a line per epoch (with a copy
for TensorBoard), `last.weights.h5` the newest weights with the optimizer's state,
`average.weights.h5` their moving average if one was asked for, `best.weights.h5` those of the best
epoch on the validation tracks, and `metrics.json` what `evaluate` found.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger import __version__
from tagger.audio.frontend import FrontEnd
from tagger.audio.frontend_registry import front_end_of
from tagger.errors import DataError
from trainer.files import RESUME, content_digest, whole, write_json, write_text
from trainer.training.history import Epoch, History
from trainer.training.options import FitOptions, Keep
from trainer.training.seen_tracks import Seen, load_seen, refuse_seen_names, scored_names
from trainer.training.settings import from_table, read_toml, to_toml

if TYPE_CHECKING:
    import keras

OPTIONS_FILE = "run.toml"
RUN_FILE = "run.json"
HISTORY_FILE = "history.csv"
METRICS_FILE = "metrics.json"
PREDICTIONS_FILE = "predictions.csv"
FORMAT = 2
FORMAT_WITH_OPTIONS = 1  # it had them in run.json
METRICS_FORMAT = 3
PRETRAINING = "pretraining"
"""The kind of run that learns a teacher's vectors instead of labels."""

HEADING = """\
# Every choice that shaped this training; what is not here had its default. To repeat it:
#   genretag-train fit --from run.toml --run NEW

"""


@dataclass(frozen=True)
class Run:
    """What is known about a run without loading its weights."""

    folder: Path
    options: FitOptions
    front_end: FrontEnd
    labels: tuple[str, ...]
    batch_norm: bool
    metadata: Mapping[str, Any]

    @property
    def history(self) -> History[Epoch]:
        """What each epoch gave."""
        return History(self.folder / HISTORY_FILE, Epoch)

    def weights(self, keep: Keep) -> Path:
        """Return the file of the best or the last weights."""
        return self.folder / f"{keep}.weights.h5"

    def digest(self, keep: Keep) -> str:
        """Return a digest of some weights; empty if they are not there."""
        file = self.weights(keep)
        return content_digest(file) if file.exists() else ""

    @property
    def final(self) -> Keep:
        """The weights that the training came to."""
        return self.options.final

    @property
    def network(self) -> dict[str, Any]:
        """What the network is, but for its weights: two runs of the same network differ in none."""
        return {
            "labels": self.labels,
            "architecture": self.options.arch,
            "batch normalisation": self.batch_norm,
            "--head": self.options.head,
            "--shrink": self.options.shrink,
            "front end": self.front_end,
        }

    @property
    def seen(self) -> Seen:
        """What it was trained on, itself and through the runs it started from or learnt from."""
        return load_seen(self.folder)

    def there(self, keep: Keep) -> Path:
        """Return the file of the best or the last weights, which is there.

        Raises:
            DataError: it is not.
        """
        file = self.weights(keep)
        if not file.exists():
            raise DataError(f"{self.folder} has no {file.name}; {self._why_not(keep)}.")
        return file

    def _why_not(self, keep: Keep) -> str:
        """Say why weights are not there, and what would help."""
        if not self.history.read():
            return "it has not finished an epoch"
        if keep == "best" and "valid" in self.options.train_splits:
            return "it was trained on the validation tracks as well; take --keep last"
        if keep == "average" and not self.options.average:
            return "it was trained without --average; take --keep best or last"
        return "the file is missing"

    def save(self) -> None:
        """Write `run.toml` and `run.json`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / OPTIONS_FILE, HEADING + to_toml(self.options))
        write_json(
            self.folder / RUN_FILE,
            {
                "format": FORMAT,
                "front_end": self.front_end.to_dict(),
                "labels": self.labels,
                "batch_norm": self.batch_norm,
                "metadata": dict(self.metadata),
            },
        )

    def metrics_file(self, split: str = "valid") -> Path:
        """Return the file of the figures on a split."""
        return self.folder / _of_split(METRICS_FILE, split)

    def predictions_file(self, split: str = "valid") -> Path:
        """Return the file of the predictions for the tracks of a split."""
        return self.folder / _of_split(PREDICTIONS_FILE, split)

    def metrics(self, split: str = "valid") -> dict[str, Any]:
        """Read what `evaluate` found on a split.

        Raises:
            DataError: the run was not evaluated on it, by another version, with weights that it
                has no more, or on tracks that it has seen.
        """
        option = "" if split == "valid" else f" --split {split}"
        again = f"run 'genretag-train evaluate {self.folder}{option}' first"
        try:
            found: dict[str, Any] = json.loads(self.metrics_file(split).read_text("utf-8"))
        except (OSError, ValueError):
            raise DataError(f"{self.folder} was not evaluated; {again}.") from None
        if not isinstance(found, dict) or found.get("format") != METRICS_FORMAT:
            raise DataError(f"{self.folder} was evaluated by another version; {again}.")
        subject = found["subject"]
        digest = subject.get("weights_digest")
        if digest and self.digest(subject["weights"]) not in ("", digest):
            raise DataError(f"{self.folder} was trained on since it was evaluated; {again}.")
        if "flattering" not in found["subject"]["protocol"]:
            scored = scored_names(self.predictions_file(split))
            refuse_seen_names(str(self.folder), scored, self.seen)
        return found

    def model(self, keep: Keep) -> "keras.Model":
        """Build the windows model with the best or the last weights.

        Raises:
            DataError: these weights are not there.
        """
        file = self.there(keep)
        from trainer.networks.base import architecture, window_shape

        model = architecture(self.options.arch, self.front_end).build(
            window_shape(self.front_end, self.options.shrink),
            len(self.labels),
            batch_norm=self.batch_norm,
            dropout=self.options.dropout,
            head=self.options.head,
        )
        load_weights(model, file)
        return model

    def deployed(self, keep: Keep) -> "keras.Model":
        """Build the model as a model file holds it: over strips, or window by window.

        Raises:
            DataError: these weights are not there.
        """
        trained = self.model(keep)
        from trainer.networks.base import architecture

        network = architecture(self.options.arch, self.front_end)
        return network.deploy(trained, self.front_end, self.options.shrink)


def extended(metadata: Mapping[str, Any], epochs: int) -> dict[str, Any]:
    """Return the metadata of a run whose length was changed after so many epochs."""
    return {**metadata, "extended_after": [*metadata.get("extended_after", ()), epochs]}


def _of_split(name: str, split: str) -> str:
    """Return the name of a file about a split: `metrics.json`, or `metrics-test.json`."""
    stem, _, suffix = name.partition(".")
    return name if split == "valid" else f"{stem}-{split}.{suffix}"


def read_run_file(folder: Path) -> dict[str, Any]:
    """Read the `run.json` of a training or a pretraining.

    Raises:
        DataError: not a run folder, or one of another version.
    """
    try:
        stored = json.loads((folder / RUN_FILE).read_text("utf-8"))
        known = stored["format"] in (FORMAT, FORMAT_WITH_OPTIONS)
    except OSError:
        raise DataError(f"{folder} is not a run folder (no readable {RUN_FILE}).") from None
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{folder} is not a run folder: its {RUN_FILE} is damaged.") from None
    if not known:
        raise DataError(f"{folder} was made by another version of genretag-train.")
    return dict(stored)


def load_run(folder: Path) -> Run:
    """Read the run folder of a training.

    Raises:
        DataError: not a run folder, or one of another version or of a pretraining.
    """
    stored = read_run_file(folder)
    if stored.get("kind") == PRETRAINING:
        raise DataError(f"{folder} is a pretraining, which has no genres; train with fit --init.")
    try:
        return Run(
            folder=folder,
            options=_options(folder, stored),
            front_end=front_end_of(stored["front_end"]),
            labels=tuple(stored["labels"]),
            batch_norm=stored["batch_norm"],
            metadata=stored["metadata"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{folder} is not a run folder: its {RUN_FILE} is damaged.") from None


def _options(folder: Path, stored: Mapping[str, Any]) -> FitOptions:
    if stored["format"] == FORMAT:
        return read_toml(FitOptions, folder / OPTIONS_FILE)
    # Once the options stood here, and the windows among them, which are now the front end's.
    table = {name: value for name, value in stored["options"].items() if name != "grid"}
    return from_table(FitOptions, table, folder / RUN_FILE)


def read_options(path: Path) -> FitOptions:
    """Read the options of a run from its folder, or from a `run.toml`.

    Raises:
        DataError: they cannot be read, or are not those of this version.
    """
    return load_run(path).options if path.is_dir() else read_toml(FitOptions, path)


def surroundings(backend: str) -> dict[str, Any]:
    """Return the versions of what a training runs on."""
    versions = {name: import_module(name).__version__ for name in ("keras", "numpy", backend)}
    return {
        "backend": backend,
        "versions": {"genretag": __version__, "python": platform.python_version(), **versions},
    }


def load_weights(model: "keras.Model", file: Path, *, skip_mismatch: bool = False) -> None:
    """Read weights, if need be without those of layers that have another shape here.

    Raises:
        DataError: they cannot be read, or do not fit the network.
    """
    try:
        model.load_weights(file, skip_mismatch=skip_mismatch)
    except (OSError, ValueError, KeyError):  # in words about groups of HDF5
        raise DataError(f"{file} is damaged, or holds the weights of another network.") from None


class _WeightFile(BytesIO):
    """A weight file in memory; Keras goes by the end of its name."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def save_weights(model: "keras.Model", file: Path) -> None:
    """Write weights in one step, so that a kill leaves the old file or the new one.

    HDF5 writes to memory: of a disk that is full it does not recover, and Python ends with a
    segmentation fault.

    Raises:
        DataError: the file cannot be written; the old one stays.
    """
    content = _WeightFile()
    model.save_weights(content, overwrite=True)
    with whole(file, RESUME) as stream:
        stream.write(content.getbuffer())
