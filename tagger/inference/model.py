"""From log-mel strips to window probabilities, on ONNX Runtime."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DeviceError, GenretagError, ModelError, reason
from tagger.inference import cuda
from tagger.inference.binding import BoundSession
from tagger.inference.metadata import METADATA_KEY, ModelMetadata
from tagger.inference.packaged import packaged_model
from tagger.options import Device

if TYPE_CHECKING:
    import onnxruntime


_CPU = "CPUExecutionProvider"
_FATAL = 4  # ONNX Runtime's log level that keeps its own words off the user's terminal

# A strip already holds many windows, so on a CPU more of them cost memory and save no time.
CPU_STRIPS = 2


class GenreModel:
    """A model file, ready to be asked.

    Attributes:
        metadata: labels, front end, window grid and voting rule, read from the file.
        device: "CPU" or "CUDA", what the session really got, whatever was asked for.
        device_name: the same for people, with the name of the GPU.
        notice: why "auto" did not get a GPU that seems to be there, and what would mend it.
    """

    def __init__(self, path: Path | None = None, device: Device = "auto") -> None:
        """Load a model file; without one, that of the package for the device.

        Raises:
            ModelError: no such file, no ONNX, or no (or damaged) genretag facts in it.
            DeviceError: device is "cuda" and the session did not get it.
        """
        gpu, obstacle = _gpu(device)
        self._bound: BoundSession | None = None
        if gpu is not None:
            self.path = path or packaged_model("CUDA")
            self._session, obstacle = _load_on_gpu(self.path)
        if gpu is None or obstacle:
            if device == "cuda":
                raise DeviceError(f"CUDA is not to be had: {obstacle}.")
            self.path = path or packaged_model("CPU")
            self._session = _load(self.path, [_CPU])
            self.device = self.device_name = "CPU"
        else:
            self.device, self.device_name = "CUDA", f"CUDA ({gpu.name})"
            self._bound = BoundSession(self._session, "cuda")
        self.metadata = _read_facts(self._session, self.path)
        self._check()
        self.notice = obstacle if self.device == "CPU" and cuda.driver() else None

    def window_probabilities(self, strips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run strips `[batch, rows, frames]`; gives `[batch, windows, labels]`.

        The strips hold one window each if `facts.front_end.takes_strips` is false.

        Raises:
            DeviceError: the GPU has too little memory for a single strip.
        """
        batch = strips[..., None]
        if self._bound is not None:
            windows = self._bound.run(batch)
        else:
            (windows,) = self._session.run(None, {self._session.get_inputs()[0].name: batch})
        # A model for single windows has no axis of its own for them.
        result: NDArray[np.float32] = windows.reshape(len(strips), -1, windows.shape[-1])
        return result

    def strips_at_once(self) -> int:
        """Return how many strips suit the device in one call, be they as long as they may."""
        if self.device == "CPU":
            return CPU_STRIPS
        driver, grid = cuda.driver(), self.metadata.grid
        gpu = cuda.first_gpu(driver) if driver else None  # anew: the model lies on it by now
        frames = grid.window + (self.metadata.most_windows - 1) * grid.hop
        size = np.dtype(np.float32).itemsize * self.metadata.front_end.rows * frames
        return cuda.strips_at_once(gpu.free if gpu else None, size)

    def _check(self) -> None:
        """Try one window, to find out now whether the model does what its facts say."""
        facts = self.metadata
        silence = np.zeros((1, facts.front_end.rows, facts.grid.window), np.float32)
        try:
            shape = self.window_probabilities(silence).shape
        except GenretagError:
            raise
        except Exception as error:  # again a class for each status
            raise ModelError(f"{self.path} does not take strips as its facts say.") from error
        if shape != (1, 1, len(facts.labels)):
            raise ModelError(f"{self.path} does not give what its facts say.")


def _load(
    path: Path, providers: list[str | tuple[str, dict[str, str]]]
) -> "onnxruntime.InferenceSession":
    import onnxruntime
    from joblib import cpu_count

    if not path.is_file():
        raise ModelError(f"There is no model file {path}.")
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    # As many threads as cores, although as many processes decode beside them: the system shares
    # the cores out, whether a model takes less time than decoding or three times as much. On two
    # cores, one thread was a tenth slower with a slow model and no quicker with a fast one.
    # The number is said, since ONNX Runtime would tie threads of its own choosing to the cores.
    options.intra_op_num_threads = cpu_count()
    # Threads that wait for work by spinning took a third more processor time, from the decoders.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # Its fallback would print something and go on, on the CPU, when a GPU fails at any time.
        return onnxruntime.InferenceSession(
            str(path), options, providers=providers, enable_fallback=False
        )
    except Exception as error:  # ONNX Runtime raises a class of its own for each status
        raise ModelError(f"{path} is not a model that ONNX Runtime can load.") from error


def _load_on_gpu(path: Path) -> tuple["onnxruntime.InferenceSession", str]:
    """Load a model on the GPU; returns what was loaded, on whatever, and the obstacle if any."""
    import onnxruntime

    # Finds the CUDA libraries that pip wheels brought, which nothing else would look for.
    with redirect_stdout(sys.stderr):  # where it says what it could not find
        onnxruntime.preload_dlls(directory="")
    try:
        session = _load(path, [(cuda.PROVIDER, cuda.OPTIONS), _CPU])
    except ModelError as error:
        # Of the file or of the GPU? It will be tried on the CPU, where only the file counts.
        words = reason(error.__cause__ or error)[:200]
        return None, f"it does not start ({words}); a newer NVIDIA driver may mend that"
    if cuda.PROVIDER in session.get_providers():
        return session, ""
    return session, "its libraries could not be loaded; pip install 'genretag[cuda]' brings them"


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


def _read_facts(session: "onnxruntime.InferenceSession", path: Path) -> ModelMetadata:
    document = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if document is None:
        raise ModelError(
            f"{path} is not a genretag model: it does not say what its labels and front end are. "
            "Make one with 'genretag-train export'."
        )
    try:
        return ModelMetadata.from_json(document)
    except ValueError as error:
        raise ModelError(f"{path} cannot be used by this version of genretag: {error}.") from None
