"""An ONNX file is refused if more than rounding lies between it and Keras."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tagger.errors import ModelError
from trainer.export.agreement import MOST_TOLERATED, TOLERANCE, check_agreement
from trainer.export.graph import to_onnx
from trainer.networks.backend import keras, layers, set_seed

STEEP = 1e4
"""What the logits of a network are multiplied by, so that rounding shows in its probabilities."""


def network(steepness: float, batches: Sequence[np.ndarray]) -> keras.Model:
    """Build a network for which some of the inputs are hard to tell."""
    set_seed(1)
    given = keras.Input((16, 16, 1))
    found = given
    for channels in (8, 16):
        found = layers.Conv2D(channels, 3, activation="relu", padding="same")(found)
    found = layers.GlobalAveragePooling2D()(found)
    logits = layers.Dense(2)
    middle = keras.Model(given, logits(found)).predict_on_batch(batches[0])
    logits.bias.assign(-np.median(np.asarray(middle), 0))
    found = layers.Rescaling(steepness)(logits.output)
    return keras.Model(given, layers.Activation("softmax")(found))


def written(model: keras.Model, file: Path, wrong: float = 1.0) -> Path:
    """Write a network, with the weights of one channel of its second layer multiplied."""
    graph = to_onnx(model, frames=16)
    weights = [w for w in graph.graph.initializer if list(w.dims) == [16, 8, 3, 3]]
    values = numpy_helper.to_array(weights[0]).copy()
    values[0] *= wrong
    weights[0].CopyFrom(numpy_helper.from_array(values, weights[0].name))
    onnx.save(graph, file)
    return file


@pytest.fixture(scope="module")
def batches() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(64, 16, 16, 1)).astype(np.float32) for _ in range(4)]


def test_rounding_that_a_steep_network_makes_visible_is_no_mistake(tmp_path, batches):
    model = network(STEEP, batches)
    worst = check_agreement(model, written(model, tmp_path / "m.onnx"), batches, half=False)
    assert TOLERANCE < worst < MOST_TOLERATED


@pytest.mark.parametrize("steepness", [100, STEEP])
def test_a_wrong_graph_is_refused(tmp_path, batches, steepness):
    model = network(steepness, batches)
    file = written(model, tmp_path / "m.onnx", wrong=1.01)
    with pytest.raises(ModelError, match=r"ONNX and Keras differ by .* nothing was written"):
        check_agreement(model, file, batches, half=False)


def test_a_graph_that_gives_no_numbers_is_refused(tmp_path, batches):
    model = network(1, batches)
    file = written(model, tmp_path / "m.onnx", wrong=np.nan)
    with pytest.raises(ModelError, match="ONNX and Keras differ by nan"):
        check_agreement(model, file, batches, half=False)
