"""Runs a session in device memory that is kept from one batch to the next."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DeviceError

if TYPE_CHECKING:
    import onnxruntime

KEPT_SHAPES = 4  # whose memory is kept: whole batches, and what is left over at an end

# What the errors of ONNX Runtime's arena, CUDA, cuDNN and cuBLAS say about too little memory.
_NO_MEMORY = ("failed to allocate memory", "out of memory", "alloc_failed")


class BoundSession:
    """A session with one input and one output whose batches lie on its device.

    `session.run` would allocate the input on a GPU anew for each batch. Here a batch is copied to
    its place, the session runs, and the outputs arrive in the memory of the process; there is one
    wait a batch, for the end of the run. Pinned memory would not pay: 200 strips of 30 seconds
    in a second are 130 MB, a fiftieth of what the bus carries from any memory.
    """

    def __init__(self, session: "onnxruntime.InferenceSession", device: str) -> None:
        """Prepare a session that runs on `device`, "cpu" or "cuda"."""
        self._session = session
        self._device = device
        self._bound: dict[tuple[int, ...], tuple[Any, Any]] = {}
        self._most = sys.maxsize

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a batch; one that is too large for the free memory in smaller parts.

        Raises:
            DeviceError: there is not enough memory for a batch of one.
        """
        outputs = []
        while len(batch):
            part = batch[: self._most]
            try:
                outputs.append(self._run(part))
            except Exception as error:  # ONNX Runtime has a class of its own for each status
                if not any(words in str(error).lower() for words in _NO_MEMORY):
                    raise
                self._bound.clear()
                if len(part) == 1:
                    raise DeviceError(
                        "The GPU has too little free memory for one strip; end what else uses it, "
                        "analyse fewer --seconds, or pass --device cpu."
                    ) from error
                self._most = len(part) // 2
            else:
                batch = batch[len(part) :]
        return np.concatenate(outputs)

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        count = len(batch)
        # Whole powers of two: cuDNN searches an algorithm for each new shape.
        if missing := (1 << (count - 1).bit_length()) - count:
            batch = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), batch.dtype)])
        known = self._bound.pop(batch.shape) if batch.shape in self._bound else None
        binding, given = known or self._bind(batch.shape)
        given.update_inplace(np.ascontiguousarray(batch))
        self._session.run_with_iobinding(binding)
        (output,) = binding.get_outputs()
        binding.bind_ortvalue_output(self._session.get_outputs()[0].name, output)
        self._bound[batch.shape] = binding, given
        while len(self._bound) > KEPT_SHAPES:
            del self._bound[next(iter(self._bound))]  # the one that was not needed for longest
        outputs: NDArray[np.float32] = output.numpy()[:count].copy()  # the next run overwrites it
        return outputs

    def _bind(self, shape: tuple[int, ...]) -> tuple[Any, Any]:
        from onnxruntime import OrtValue

        given = OrtValue.ortvalue_from_shape_and_type(shape, np.float32, self._device, 0)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._session.get_inputs()[0].name, given)
        # Its shape is not known before the first run; from then on this memory is used again.
        binding.bind_output(self._session.get_outputs()[0].name, "cpu")
        return binding, given
