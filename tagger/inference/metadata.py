"""What a model file says about itself: the JSON document in its metadata.

Written by the trainer's export, read by the tagger, which takes every number from here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tagger.audio.frontend import FrontEnd, Strip, WindowGrid
from tagger.audio.kinds import front_end_of
from tagger.inference.confidence import Confidence
from tagger.inference.vote import Voting

METADATA_KEY = "genretag"
FORMAT_VERSION = 1
MOST_WINDOWS = 40  # of one strip in one call, a minute: more would only cost memory


@dataclass(frozen=True)
class ModelFacts:
    """Everything needed to use a model, and where it comes from."""

    labels: tuple[str, ...]
    front_end: FrontEnd
    grid: WindowGrid
    voting: Voting
    temperature: float
    min_confidence: float
    training: Mapping[str, Any] = field(default_factory=dict)
    confidence: Confidence | None = (
        None  # None: the probability of the best label is its confidence
    )

    @property
    def most_windows(self) -> int:
        """Windows of a strip that the model is given in one piece."""
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
            ValueError: not JSON, another format version, or a fact missing or out of range.
        """
        try:
            facts = json.loads(document)
            if facts["format_version"] != FORMAT_VERSION:
                raise ValueError(f"its format version is {facts['format_version']!r}")
            read = cls(
                tuple(map(str, facts["labels"])),
                front_end_of(facts["front_end"]),
                WindowGrid(int(facts["window_frames"]), int(facts["hop_frames"])),
                Voting(facts["voting"]),
                float(facts["temperature"]),
                float(facts["min_confidence"]),
                dict(facts["training"]),
                Confidence.from_dict(facts["confidence"]) if facts.get("confidence") else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"its facts are incomplete ({error})") from None
        if not (read.labels and read.temperature > 0 and 0 <= read.min_confidence <= 1):
            raise ValueError("its facts are out of range")
        if read.confidence and len(read.confidence.labels) != len(read.labels):
            raise ValueError("its confidence is for another number of labels")
        return read
