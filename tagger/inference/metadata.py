"""The metadata of a model file: one JSON document among the `metadata_props` of ONNX.

The trainer's export writes it; the tagger takes every number from it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tagger.audio.frontend import FrontEnd, Strip, WindowGrid
from tagger.audio.frontend_registry import front_end_of
from tagger.bounds import checked
from tagger.errors import ModelError
from tagger.inference.confidence import Confidence
from tagger.inference.onnxfile import read_properties
from tagger.inference.vote import Voting

METADATA_KEY = "genretag"
FORMAT_VERSION = 1
MOST_WINDOWS = 40  # of one strip in one call, a minute: more would only cost memory

# Bounds on what a file may ask for.
_MOST_LABELS = 10_000
_MOST_LABEL = 200  # characters
_MOST_FRAMES = 1 << 14  # in a window or between two
_MOST_CELLS = 1 << 20  # rows × frames of a window
_MOST_TEMPERATURE = 1_000.0


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
        confidence: how sure the best label is; None: its probability is its confidence.
    """

    labels: tuple[str, ...]
    front_end: FrontEnd
    grid: WindowGrid
    voting: Voting
    temperature: float
    min_confidence: float
    training: Mapping[str, Any] = field(default_factory=dict)
    confidence: Confidence | None = None

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
                **({"confidence": self.confidence.to_dict()} if self.confidence else {}),
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

            def number(name: str, least: float, most: float, *, whole: bool = False) -> Any:
                return checked(name, values[name], least, most, whole=whole)

            metadata = cls(
                labels=_labels(values["labels"]),
                front_end=front_end_of(values["front_end"]),
                grid=WindowGrid(
                    number("window_frames", 1, _MOST_FRAMES, whole=True),
                    number("hop_frames", 1, _MOST_FRAMES, whole=True),
                ),
                voting=Voting(values["voting"]),
                temperature=number("temperature", 1 / _MOST_TEMPERATURE, _MOST_TEMPERATURE),
                min_confidence=number("min_confidence", 0, 1),
                training=dict(values["training"]),
                confidence=Confidence.from_dict(values["confidence"])
                if values.get("confidence")
                else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"its metadata are incomplete ({error})") from None
        except (RecursionError, OverflowError):
            raise ValueError("its metadata are no description of a model") from None
        if metadata.front_end.rows * metadata.grid.window > _MOST_CELLS:
            raise ValueError("its windows are too large")
        if metadata.confidence and len(metadata.confidence.labels) != len(metadata.labels):
            raise ValueError("its confidence is for another number of labels")
        return metadata


def _labels(values: object) -> tuple[str, ...]:
    """Return labels as they stand in the file.

    Raises:
        ValueError: they are no list of different names.
    """
    if not (
        isinstance(values, list)
        and 0 < len(values) <= _MOST_LABELS
        and all(isinstance(one, str) and 0 < len(one) <= _MOST_LABEL for one in values)
        and len(set(values)) == len(values)
    ):
        raise ValueError("its labels are no list of different names")
    return tuple(values)


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
