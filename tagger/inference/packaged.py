"""The models in the package: one network, stored in the way that suits each device."""

from pathlib import Path

from tagger import SHIPPED_MODEL

CUDA_MODEL = SHIPPED_MODEL  # weights stored as float16: half the size, and a GPU computes in float
CPU_MODEL = SHIPPED_MODEL.with_suffix(".int8.onnx")  # made for the integer units of processors


def packaged_model(device: str) -> Path:
    """Return the model for "CPU" or "CUDA"; a package that holds only one has it for both."""
    return CPU_MODEL if device == "CPU" and CPU_MODEL.is_file() else CUDA_MODEL
