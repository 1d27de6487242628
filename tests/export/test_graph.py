"""ONNX graphs compute what the Keras networks do, and take little memory to make."""

import numpy as np
import pytest

from tagger.audio.log_mel import MelStrip, MelWindow
from tagger.audio.pictures import SpectrogramPicture
from tagger.audio.summary import SummaryFeatures
from tagger.errors import ModelError
from trainer.export.graph import to_onnx
from trainer.networks.backend import keras, layers
from trainer.networks.base import architecture, window_shape

LABELS = 3


def deployed(name: str, front_end: object, shrink: int) -> "keras.Model":
    """Build a network with weights as a training leaves them, normalisation included."""
    rng = np.random.default_rng(0)
    network = architecture(name, front_end)
    trained = network.build(
        window_shape(front_end, shrink), LABELS, batch_norm=name.startswith("vgg"), dropout=0.5
    )
    for weight in trained.weights:
        value = weight.numpy()
        noise = rng.normal(size=value.shape) * (0.3 if value.ndim < 2 else 0.01)
        weight.assign(abs(value + noise) + 0.1 if "variance" in weight.path else value + noise)
    return network.deploy(trained, front_end, shrink)


@pytest.mark.parametrize(
    ("name", "front_end", "shrink"),
    [
        ("vgg16", MelStrip(), 2),
        ("mobilenetv2", MelWindow(), 2),
        ("efficientnetb0", MelWindow(), 2),
        ("inceptionv3", MelWindow(), 1),
        ("cnn14", MelWindow(), 2),
        ("cnn-small", SpectrogramPicture(), 1),
        ("ann", SummaryFeatures(), 1),
    ],
)
def test_the_graph_computes_what_the_network_does(name, front_end, shrink):
    import onnxruntime

    model = deployed(name, front_end, shrink)
    grid = front_end.grid
    frames = None if front_end.takes_strips else grid.window
    graph = to_onnx(model, frames=frames)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(1)
    lengths = (grid.window, grid.window + 3 * grid.hop) if frames is None else (grid.window,)
    for length in lengths:
        batch = rng.normal(size=(2, front_end.rows, length, 1)).astype(np.float32)
        (found,) = session.run(["windows"], {"strips": batch})
        expected = keras.ops.convert_to_numpy(model(batch))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert found.shape == expected.shape
        assert np.ptp(expected) > 1e-3  # or any graph would do
    weights = sum(weight.size for weight in model.get_weights())
    assert len(graph.SerializeToString()) < 4.1 * weights + 400_000


def test_a_layer_that_is_not_known_is_named():
    given = keras.Input((4, 4, 1))
    model = keras.Model(
        given, layers.Softmax()(layers.Flatten()(layers.Conv2DTranspose(2, 3)(given)))
    )
    with pytest.raises(ModelError, match="no layers of the kind Conv2DTranspose"):
        to_onnx(model, frames=4)
