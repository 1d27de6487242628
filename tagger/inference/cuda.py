"""NVIDIA's GPU: the options of ONNX Runtime for it, its free memory, and the batch size.

The driver itself is asked, not a CUDA library: it is there wherever a GPU can be used, and its
functions are the same in all versions of CUDA.
"""

import ctypes
import sys
from dataclasses import dataclass
from typing import Any

PROVIDER = "CUDAExecutionProvider"

# https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
OPTIONS = {
    # A scan brings strips of a few lengths. "EXHAUSTIVE" would make each new one expensive and,
    # since ONNX Runtime asks cuDNN's graphs, is hardly quicker afterwards; "DEFAULT" is slow.
    "cudnn_conv_algo_search": "HEURISTIC",
    "cudnn_conv_use_max_workspace": "1",  # or cuDNN may have to do without tensor cores
    "prefer_nhwc": "1",  # channels last, as tensor cores take them
    "use_tf32": "1",  # tensor cores also for files that compute in float32
    # No more than is needed: the rest of the memory belongs to others.
    "arena_extend_strategy": "kSameAsRequested",
}

# Strips in one call. More would cost memory, also that of the process, and gain nothing: with 64 of
# 30 seconds, even the last convolutions of VGG16 have 40,000 places to work on.
MOST_STRIPS = 64
UNKNOWN_STRIPS = 8  # where the free memory is not known
SHARE = 0.5  # of the free memory; other programs, the desktop first, want theirs

# Bytes for each byte of a strip. The first block of VGG16 has 64 channels at full resolution, the
# widest of all architectures of the trainer, and two such tensors live at a time, in and out: 128.
# On a CPU in float32, 190 to 255 were measured. Float16 takes half of it; together with SHARE that
# leaves room for cuDNN's workspace.
EXPANSION = 256


@dataclass(frozen=True)
class Gpu:
    """The GPU that ONNX Runtime would use."""

    name: str  # such as "NVIDIA H200"
    free: int | None  # bytes; None: it does not say


def driver() -> Any:
    """Return the NVIDIA driver's library, or None without one."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None


def first_gpu(library: Any) -> Gpu | None:
    """Ask the driver about its first GPU; None if it has none that can be used.

    See https://docs.nvidia.com/cuda/cuda-driver-api/. Every function returns 0 when it worked.
    """
    device = ctypes.c_int()
    name = ctypes.create_string_buffer(256)
    if (
        library.cuInit(0)
        or library.cuDeviceGet(ctypes.byref(device), 0)
        or library.cuDeviceGetName(name, len(name), device)
    ):
        return None
    return Gpu(name.value.decode("utf-8", "replace"), _free(library, device))


def _free(library: Any, device: ctypes.c_int) -> int | None:
    """Return the bytes that are free, seen from the context that ONNX Runtime works in as well."""
    context, free, total = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t()
    if library.cuDevicePrimaryCtxRetain(ctypes.byref(context), device):
        return None
    try:
        if library.cuCtxPushCurrent_v2(context):
            return None
        failed = library.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
        library.cuCtxPopCurrent_v2(ctypes.byref(context))
        return None if failed else free.value
    finally:
        library.cuDevicePrimaryCtxRelease_v2(device)


def strips_at_once(free: int | None, strip: int) -> int:
    """Return how many strips of so many bytes fit into one call, a power of two.

    Args:
        free: bytes of the GPU's memory, if known.
        strip: bytes of one strip in float32.
    """
    if free is None:
        return UNKNOWN_STRIPS
    fitting = int(free * SHARE / (strip * EXPANSION))
    return int(1 << (min(max(fitting, 1), MOST_STRIPS).bit_length() - 1))
