"""What a teacher network says of windows, for a pretraining to learn from.

A prepared data set with targets holds `targets.npy`, `float16 [tracks, windows, outputs]` in the
order of its `tracks.csv`, and `targets.json`: where the windows begin, and which outputs are logits
of probabilities and which are features.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError
from trainer.files import whole

TARGETS_FILE = "targets.npy"
DESCRIPTION_FILE = "targets.json"

Loss = Literal["cross-entropy", "squared-error"]
CROSS_ENTROPY: Loss = "cross-entropy"
SQUARED_ERROR: Loss = "squared-error"


@dataclass(frozen=True, kw_only=True)
class TargetPart:
    """Outputs of one kind.

    Attributes:
        name: What they are, such as `tags`.
        size: How many there are.
        loss: `cross-entropy` for logits of independent probabilities, `squared-error` for features.
        weight: Weight of this part in the loss.
        weights: Weights within the part, one an output; empty: all equal.
    """

    name: str
    size: int
    loss: Loss
    weight: float = 1.0
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Targets of all tracks of a prepared data set.

    Attributes:
        values: `[tracks, windows, outputs]`; NaN after the last window of a shorter track.
        starts: The first frame of each window, in frames of the stored strips.
        parts: The outputs, in order.
        teacher: What gave them, if it is known: an ONNX file, or `module:function`.
        tracks: A digest of the strips' names, in order; empty if it is not known.
    """

    values: NDArray[Any]
    starts: tuple[int, ...]
    parts: tuple[TargetPart, ...]
    teacher: str = ""
    tracks: str = ""

    @property
    def size(self) -> int:
        """How many outputs there are."""
        return sum(part.size for part in self.parts)

    def save(self, folder: Path) -> None:
        """Write `targets.npy` and `targets.json`."""
        with whole(folder / TARGETS_FILE) as file:
            np.save(file, self.values.astype(np.float16))
        content = {
            "starts": self.starts,
            "parts": [asdict(part) for part in self.parts],
            "teacher": self.teacher,
            "tracks": self.tracks,
        }
        with whole(folder / DESCRIPTION_FILE) as file:
            file.write(f"{json.dumps(content, indent=1)}\n".encode())


def tracks_digest(files: Iterable[str]) -> str:
    """Return a digest of the names of strips, in the order of the targets."""
    return sha256("\n".join(files).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def load_targets(folder: Path) -> Targets:
    """Read the targets of a prepared data set.

    Raises:
        DataError: there are none, or they do not fit their description.
    """
    try:
        content: Mapping[str, Any] = json.loads((folder / DESCRIPTION_FILE).read_text("utf-8"))
        values = np.load(folder / TARGETS_FILE)
        parts = tuple(
            TargetPart(**{**part, "weights": tuple(part["weights"])}) for part in content["parts"]
        )
        found = Targets(
            values=values,
            starts=tuple(content["starts"]),
            parts=parts,
            teacher=content.get("teacher", ""),
            tracks=content.get("tracks", ""),
        )
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        raise DataError(
            f"{folder} has no readable targets ({TARGETS_FILE} and {DESCRIPTION_FILE}); "
            "make them with 'genretag-train pretrain --teacher'."
        ) from None
    if values.ndim != 3 or values.shape[1:] != (len(found.starts), found.size):  # noqa: PLR2004
        raise DataError(f"{folder / TARGETS_FILE} does not fit {DESCRIPTION_FILE}.")
    return found
