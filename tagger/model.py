"""From log-mel strips to window probabilities, on ONNX Runtime."""

import ctypes
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DeviceError, ModelError
from tagger.facts import METADATA_KEY, ModelFacts
from tagger.options import Device

if TYPE_CHECKING:
    import onnxruntime


_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_FATAL = 4  # ONNX Runtime's log level that keeps its own words off the user's terminal


class GenreModel:
    """A model file, ready to be asked.

    Attributes:
        facts: what the file says about itself.
        device: "CPU" or "CUDA", what the session really got, whatever was asked for.
        notice: why "auto" did not get a GPU that seems to be there, and what would mend it.
    """

    def __init__(self, path: Path, device: Device = "auto") -> None:
        """Load a model file.

        Raises:
            ModelError: no such file, no ONNX, or no (or damaged) genretag facts in it.
            DeviceError: device is "cuda" and the session did not get it.
        """
        import onnxruntime

        if not path.is_file():
            raise ModelError(f"There is no model file {path}.")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL
        providers, obstacle = _providers(device)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # ONNX Runtime raises a class of its own for each status
            raise ModelError(f"{path} is not a model that ONNX Runtime can load.") from error
        self.path = path
        self.facts = _read_facts(self._session, path)
        self._check()
        self.device = "CUDA" if _CUDA in self._session.get_providers() else "CPU"
        if _CUDA in providers and self.device == "CPU":
            obstacle = (
                "the CUDA libraries could not be loaded; pip install 'genretag[cuda]' brings them"
            )
        if device == "cuda" and self.device == "CPU":
            raise DeviceError(f"CUDA is not to be had: {obstacle}.")
        self.notice = obstacle if self.device == "CPU" and _gpu_driver() else None

    def window_probabilities(self, strips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run strips `[batch, rows, frames]`; gives `[batch, windows, labels]`.

        The strips hold one window each if `facts.front_end.takes_strips` is false.
        """
        (windows,) = self._session.run(None, {self._input: strips[..., None]})
        # A model for single windows has no axis of its own for them.
        result: NDArray[np.float32] = windows.reshape(len(strips), -1, windows.shape[-1])
        return result

    def _check(self) -> None:
        """Try one window, to find out now whether the model does what its facts say."""
        facts = self.facts
        silence = np.zeros((1, facts.front_end.rows, facts.grid.window), np.float32)
        try:
            shape = self.window_probabilities(silence).shape
        except Exception as error:  # again a class for each status
            raise ModelError(f"{self.path} does not take strips as its facts say.") from error
        if shape != (1, 1, len(facts.labels)):
            raise ModelError(f"{self.path} does not give what its facts say.")

    @property
    def _input(self) -> str:
        name: str = self._session.get_inputs()[0].name
        return name


def _providers(device: Device) -> tuple[list[str], str]:
    """Return the providers to ask for, and the obstacle if CUDA is not among them."""
    import onnxruntime

    if device == "cpu":
        return [_CPU], "the CPU was asked for"
    if not _gpu_driver():
        return [_CPU], "no NVIDIA driver was found"
    if _CUDA not in onnxruntime.get_available_providers():
        return [_CPU], "this ONNX Runtime was built without it; install onnxruntime-gpu"
    # Finds the CUDA libraries that pip wheels brought, which nothing else would look for.
    with redirect_stdout(sys.stderr):  # where it says what it could not find
        onnxruntime.preload_dlls(directory="")
    return [_CUDA, _CPU], ""


def _gpu_driver() -> bool:
    """Tell whether an NVIDIA driver is installed."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _read_facts(session: "onnxruntime.InferenceSession", path: Path) -> ModelFacts:
    document = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if document is None:
        raise ModelError(
            f"{path} is not a genretag model: it does not say what its labels and front end are. "
            "Make one with 'genretag-train export'."
        )
    try:
        return ModelFacts.from_json(document)
    except ValueError as error:
        raise ModelError(f"{path} cannot be used by this version of genretag: {error}.") from None
