"""From log-mel strips to window probabilities, on ONNX Runtime."""

from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tagger.errors import GenretagError, ModelError
from tagger.inference import cuda
from tagger.inference.io_binding import BoundSession
from tagger.inference.metadata import read_metadata
from tagger.inference.session import open_session
from tagger.options import Device

# A strip already holds many windows, so on a CPU more of them cost memory and save no time.
CPU_STRIPS = 2


class GenreModel:
    """A model file, loaded; any thread may use it.

    Attributes:
        path: of the file.
        metadata: labels, front end, window grid and voting rule, read from the file.
        device: "CPU" or "CUDA", what the session really got, whatever was asked for.
        device_name: the same for people, with the name of the GPU.
        notice: why "auto" did not get a GPU that seems to be there, and what would mend it.
    """

    def __init__(
        self, path: Path | None = None, device: Device = "auto", threads: int | None = None
    ) -> None:
        """Load a model file; without one, that of the package for the device.

        Args:
            path: the file.
            device: where to run it.
            threads: of a session on the CPU; None: one for each core.

        Raises:
            ModelError: no such file, no ONNX, or no (or damaged) genretag metadata in it.
            DeviceError: device is "cuda" and the session did not get it.
        """
        opened = open_session(path, device, threads)
        self.path = opened.path
        self.device = opened.device
        self.device_name = opened.device_name
        self.notice = opened.notice
        self._session = opened.session
        self._turn = Lock()  # for the memory that is bound on a GPU
        self._bound = BoundSession(opened.session, "cuda") if opened.device == "CUDA" else None
        self.metadata = read_metadata(self.path)
        self._check()

    def window_probabilities(self, strips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run strips `[batch, rows, frames]`; gives `[batch, windows, labels]`.

        The strips hold one window each if `metadata.front_end.takes_strips` is false.

        Raises:
            DeviceError: the GPU has too little memory for a single strip.
        """
        batch = strips.astype(np.float32, copy=False)[..., None]  # long ones come as float16
        if self._bound is not None:
            with self._turn:
                windows = self._bound.run(batch)
        else:
            (windows,) = self._session.run(None, {self._session.get_inputs()[0].name: batch})
        # A model for single windows has no axis of its own for them.
        result: NDArray[np.float32] = windows.reshape(len(strips), -1, windows.shape[-1])
        return result

    def strips_at_once(self) -> int:
        """Return how many strips, each of the greatest length, suit the device in one call."""
        if self.device == "CPU":
            return CPU_STRIPS
        driver, grid = cuda.driver(), self.metadata.grid
        gpu = cuda.first_gpu(driver) if driver else None  # asked again: the model takes memory now
        frames = grid.window + (self.metadata.most_windows - 1) * grid.hop
        size = np.dtype(np.float32).itemsize * self.metadata.front_end.rows * frames
        return cuda.strips_at_once(gpu.free if gpu else None, size)

    def _check(self) -> None:
        """Run one window, to find out now whether the model does what its metadata say."""
        metadata = self.metadata
        silence = np.zeros((1, metadata.front_end.rows, metadata.grid.window), np.float32)
        try:
            shape = self.window_probabilities(silence).shape
        except GenretagError:
            raise
        except Exception as error:  # ONNX Runtime raises a class of its own for each status
            raise ModelError(f"{self.path} does not take strips as its metadata say.") from error
        if shape != (1, 1, len(metadata.labels)):
            raise ModelError(f"{self.path} does not give the outputs that its metadata say.")
