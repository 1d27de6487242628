"""genretag: listens to music files and fills in their genre."""

from pathlib import Path

__version__ = "0.1.0"

SHIPPED_MODEL = Path(__file__).parent / "models" / "vgg16-gtzan.onnx"
"""The model that is used when no other is asked for."""
