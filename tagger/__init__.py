"""genretag: predicts the genre of music files from their audio.

The public functions are `load_model`, `predict` and `scan`; docs/api.md shows how to use them. They
are imported when they are first used, so that importing `tagger` takes no time.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagger.api import GenrePrediction, load_model, predict, scan

__version__ = "0.1.0"
__all__ = ["SHIPPED_MODEL", "GenrePrediction", "load_model", "predict", "scan"]

# From 1.29 on, ONNX Runtime reports models and errors to its maker unless it finds this when it is
# imported. (On Windows it has to be told afterwards, see inference/session.py.)
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

SHIPPED_MODEL = Path(__file__).parent / "models" / "vgg16-genres.onnx"
"""The model that is used when no other is asked for."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        from tagger import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
