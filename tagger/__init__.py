"""genretag: listens to music files and fills in their genre."""

import os
from pathlib import Path

__version__ = "0.1.0"

# From 1.29 on, ONNX Runtime reports models and errors to its maker unless it finds this when it is
# imported. (On Windows it has to be told afterwards, see model.py.)
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

SHIPPED_MODEL = Path(__file__).parent / "models" / "vgg16-gtzan.onnx"
"""The model that is used when no other is asked for."""
