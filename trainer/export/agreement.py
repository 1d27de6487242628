"""Whether an ONNX file computes what its Keras network does.

Both compute in float32, with kernels that round in another order. What that does to a probability
depends on the network: one with steep logits turns the same rounding into a larger difference. So
the difference is measured against what a change of the input by a few roundings does to the
network itself. Of VGG16 the two are alike (factors of 0.6 to 0.9, PyTorch and TensorFlow, heads of
different steepness), and a graph with one channel wrong by a hundredth differs a thousand times as
much.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tagger.errors import ModelError
from trainer.training.batches import Array

if TYPE_CHECKING:
    import keras

TOLERANCE = 1e-4  # difference of a probability that needs no explanation
MOST_TOLERATED = 1e-2  # and one that rounding never excuses; also that of float16
ROUNDING = 1e-6  # of a cell, relative: some eight units in the last place of float32
MARGIN = 10  # times the response of the network to that


def check_agreement(
    model: "keras.Model", file: Path, batches: Sequence[Array], half: bool
) -> float:
    """Return the largest difference in probability between Keras and an ONNX file.

    Args:
        model: The deployed network.
        file: What was written of it.
        batches: Its inputs, real ones.
        half: Whether ONNX Runtime computes in float16.

    Raises:
        ModelError: it is more than rounding explains.
    """
    worst = largest_difference(model, file, batches)
    if half:
        allowed = MOST_TOLERATED
    elif worst <= TOLERANCE:
        allowed = TOLERANCE
    else:
        allowed = float(
            np.clip(MARGIN * rounding_response(model, batches), TOLERANCE, MOST_TOLERATED)
        )
    if not worst <= allowed:  # NaN is no agreement
        raise ModelError(
            f"ONNX and Keras differ by {worst:.1e} in probability, and rounding explains "
            f"{allowed:.1e}; nothing was written."
        )
    return worst


def largest_difference(model: "keras.Model", file: Path, batches: Sequence[Array]) -> float:
    """Return the largest difference in probability between Keras and the ONNX file."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return _largest(
        session.run(None, {"strips": b})[0] - model.predict_on_batch(b) for b in batches
    )


def rounding_response(model: "keras.Model", batches: Sequence[Array]) -> float:
    """Return the largest change in probability if each cell of the input is rounded otherwise."""
    rng = np.random.default_rng(0)

    def change(batch: Array) -> Array:
        rounded = batch * (1 + ROUNDING * rng.standard_normal(batch.shape))
        other = model.predict_on_batch(rounded.astype(np.float32))
        return np.asarray(other - model.predict_on_batch(batch))

    return _largest(map(change, batches))


def _largest(differences: Iterable[Array]) -> float:
    return float(np.max([np.abs(np.asarray(one)).max() for one in differences]))
