"""Opens ONNX Runtime sessions, on the GPU or the CPU."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.errors import DeviceError, ModelError, reason
from tagger.inference import cuda
from tagger.inference.graph import read_checked
from tagger.inference.packaged import packaged_model
from tagger.options import Device

if TYPE_CHECKING:
    import onnxruntime

_CPU = "CPUExecutionProvider"
_FATAL = 4  # log level at which ONNX Runtime prints nothing of its own


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """A session, and where it runs.

    Attributes:
        session: of ONNX Runtime.
        path: of the model file.
        device: "CPU" or "CUDA", whatever was asked for.
        device_name: the same for people, with the name of the GPU.
        notice: why "auto" did not get a GPU that seems to be there, and what would mend it.
    """

    session: "onnxruntime.InferenceSession"
    path: Path
    device: str
    device_name: str
    notice: str | None = None


def open_session(path: Path | None, device: Device, threads: int | None = None) -> OpenSession:
    """Open a model file on a device; "auto" takes the GPU if it can be used.

    Args:
        path: the file; None: that of the package for the device.
        device: where to run it.
        threads: on the CPU; None: one for each core.

    Raises:
        ModelError: no such file, its graph is refused, or ONNX Runtime cannot load it.
        DeviceError: device is "cuda" and the session did not get it.
    """
    gpu, obstacle = _gpu(device)
    if gpu is not None:
        file = path or packaged_model("CUDA")
        session, obstacle = _load_on_gpu(file, threads)
        if session is not None and not obstacle:
            name = f"CUDA ({gpu.name})"
            return OpenSession(session=session, path=file, device="CUDA", device_name=name)
    if device == "cuda":
        raise DeviceError(f"CUDA is not available: {obstacle}.")
    file = path or packaged_model("CPU")
    return OpenSession(
        session=_load(file, [_CPU], threads),
        path=file,
        device="CPU",
        device_name="CPU",
        # Without a driver there is no GPU whose absence needs an explanation.
        notice=obstacle if cuda.driver() else None,
    )


def _gpu(device: Device) -> tuple[cuda.Gpu | None, str]:
    """Return the GPU to try, or the obstacle."""
    import onnxruntime

    if device == "cpu":
        return None, "the CPU was asked for"
    driver = cuda.driver()
    if driver is None:
        return None, "no NVIDIA driver was found; install the one for your GPU"
    if cuda.PROVIDER not in onnxruntime.get_available_providers():
        return None, "this ONNX Runtime was built without it; install onnxruntime-gpu"
    gpu = cuda.first_gpu(driver)
    if gpu is None:
        return None, "the NVIDIA driver has no GPU that it can use; 'nvidia-smi' shows why"
    return gpu, ""


def _load_on_gpu(
    path: Path, threads: int | None
) -> tuple["onnxruntime.InferenceSession | None", str]:
    """Load a model on the GPU; return the session, or the obstacle."""
    import onnxruntime

    # Finds the CUDA libraries that pip wheels brought, which nothing else would look for.
    with redirect_stdout(sys.stderr):  # it prints what it could not find
        onnxruntime.preload_dlls(directory="")
    try:
        session = _load(path, [(cuda.PROVIDER, cuda.OPTIONS), _CPU], threads)
    except ModelError as error:
        # The file may be at fault as well; loading it on the CPU will tell.
        words = reason(error.__cause__ or error)[:200]
        return None, f"it does not start ({words}); a newer NVIDIA driver may mend that"
    if cuda.PROVIDER in session.get_providers():
        return session, ""
    return None, "its libraries could not be loaded; pip install 'genretag[cuda]' brings them"


def _load(
    path: Path, providers: list[str | tuple[str, dict[str, str]]], threads: int | None
) -> "onnxruntime.InferenceSession":
    import onnxruntime
    from joblib import cpu_count

    content = read_checked(path)
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    # As many threads as cores, although as many processes decode beside them: the system shares
    # the cores out, whether the model takes less time than decoding or three times as much. On two
    # cores, one thread was a tenth slower with a slow model and no quicker with a fast one. A
    # number is given, since ONNX Runtime would pin threads of its own choosing to the cores.
    options.intra_op_num_threads = threads or cpu_count()
    # Threads that spin while they wait took a third more processor time, from the decoders.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # Its fallback would print something and go on, on the CPU, when a GPU fails at any time.
        return onnxruntime.InferenceSession(
            content, options, providers=providers, enable_fallback=False
        )
    except Exception as error:  # ONNX Runtime raises a class of its own for each status
        raise ModelError(f"{path} is not a model that ONNX Runtime can load.") from error
