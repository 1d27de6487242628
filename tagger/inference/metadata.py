"""The metadata of a model file: one JSON document among the `metadata_props` of ONNX.

The trainer's export writes it; the tagger takes every number from it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tagger.audio.frontend import FrontEnd, Strip, WindowGrid
from tagger.audio.kinds import front_end_of
from tagger.errors import ModelError
from tagger.inference.onnxfile import read_properties
from tagger.inference.vote import Voting

METADATA_KEY = "genretag"
FORMAT_VERSION = 1
MOST_WINDOWS = 40  # of one strip in one call, a minute: more would only cost memory


@dataclass(frozen=True, kw_only=True)
class ModelMetadata:
    """Everything needed to use a model, and where it comes from.

    Attributes:
        labels: genres, in the order of the output.
        front_end: what turns a waveform into the input.
        grid: window and hop of the output, in frames.
        voting: how windows become one prediction.
        temperature: divides the logits of the vote.
        min_confidence: default of the least probability at which a genre is written, 0 to 1.
        training: data, architecture, accuracy and so on, for people.
    """

    labels: tuple[str, ...]
    front_end: FrontEnd
    grid: WindowGrid
    voting: Voting
    temperature: float
    min_confidence: float
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def most_windows(self) -> int:
        """Windows of a strip that the model takes in one piece."""
        return MOST_WINDOWS if self.front_end.takes_strips else 1

    def pieces(self, strip: Strip) -> list[Strip]:
        """Divide a strip into pieces for the model."""
        return self.grid.pieces(strip, self.most_windows)

    def to_json(self) -> str:
        """Return the document for `metadata_props`."""
        return json.dumps(
            {
                "format_version": FORMAT_VERSION,
                "labels": self.labels,
                "front_end": self.front_end.to_dict(),
                "window_frames": self.grid.window,
                "hop_frames": self.grid.hop,
                "voting": str(self.voting),
                "temperature": self.temperature,
                "min_confidence": self.min_confidence,
                "training": dict(self.training),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, document: str) -> Self:
        """Read the document.

        Raises:
            ValueError: not JSON, another format version, or a value missing or out of range.
        """
        try:
            values = json.loads(document)
            if values["format_version"] != FORMAT_VERSION:
                raise ValueError(f"its format version is {values['format_version']!r}")
            metadata = cls(
                labels=tuple(map(str, values["labels"])),
                front_end=front_end_of(values["front_end"]),
                grid=WindowGrid(int(values["window_frames"]), int(values["hop_frames"])),
                voting=Voting(values["voting"]),
                temperature=float(values["temperature"]),
                min_confidence=float(values["min_confidence"]),
                training=dict(values["training"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"its metadata are incomplete ({error})") from None
        in_range = metadata.temperature > 0 and 0 <= metadata.min_confidence <= 1
        if not (metadata.labels and in_range):
            raise ValueError("its metadata are out of range")
        return metadata


def read_metadata(path: Path) -> ModelMetadata:
    """Read the metadata of a model file, without ONNX Runtime and without its weights.

    Raises:
        ModelError: there is no such file, or it is no ONNX file, or it has no metadata of
            genretag, or not such as this version understands.
    """
    document = read_properties(path).get(METADATA_KEY)
    if document is None:
        raise ModelError(
            f"{path} is not a genretag model: it does not say what its labels and front end are. "
            "Make one with 'genretag-train export'."
        )
    try:
        return ModelMetadata.from_json(document)
    except ValueError as error:
        raise ModelError(f"{path} cannot be used by this version of genretag: {error}.") from None
