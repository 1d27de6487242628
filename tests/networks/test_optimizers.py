"""The optimizers of a training."""

import numpy as np
import pytest

from trainer.networks.backend import keras, layers
from trainer.networks.optimizers import blocks_after, compile_model, make_optimizer


def test_depth_is_counted_from_the_last_block():
    assert blocks_after("block1_conv2/kernel") == 5
    assert blocks_after("block5_conv3_norm/gamma") == 1
    assert blocks_after("head/kernel") == 0
    assert blocks_after("blocker/kernel") == 0


def tiny() -> keras.Model:
    keras.utils.set_random_seed(1)
    given = keras.Input((4,))
    outputs = given
    for block in (1, 3, 5):
        outputs = layers.Dense(4, name=f"block{block}_conv1", use_bias=False)(outputs)
    return keras.Model(given, layers.Dense(2, name="head", use_bias=False)(outputs))


def steps(layer_decay: float, name: str = "adamw") -> dict[str, float]:
    """Return the mean size of the first step of each layer."""
    model = tiny()
    before = {layer.name: layer.get_weights() for layer in model.layers}
    optimizer = make_optimizer(name, learning_rate=0.01, weight_decay=0.0, layer_decay=layer_decay)
    compile_model(model, optimizer, "mse")
    rng = np.random.default_rng(0)
    model.train_on_batch(rng.standard_normal((8, 4)), rng.standard_normal((8, 2)))
    return {
        layer.name: float(np.abs(layer.get_weights()[0] - before[layer.name][0]).mean())
        for layer in model.layers
        if before[layer.name]
    }


def test_earlier_blocks_change_less():
    # The first step of Adam is the learning rate, whatever the gradient.
    found = steps(0.5)
    expected = {"block1_conv1": 0.5**5, "block3_conv1": 0.5**3, "block5_conv1": 0.5, "head": 1}
    for name, factor in expected.items():
        assert found[name] == pytest.approx(0.01 * factor, rel=0.02)


@pytest.mark.parametrize("name", ["adamw", "adam"])
def test_without_layer_decay_all_blocks_change_alike(name):
    for step in steps(1.0, name).values():
        assert step == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_weights_decay_and_biases_do_not(name):
    given = keras.Input((3,))
    model = keras.Model(given, layers.Dense(2, bias_initializer="ones", name="head")(given))
    kernel = model.get_layer("head").get_weights()[0]
    optimizer = make_optimizer(name, learning_rate=0.1, weight_decay=0.5)
    compile_model(model, optimizer, "mse")
    zeros = np.zeros((4, 3), np.float32)
    model.train_on_batch(zeros, np.ones((4, 2), np.float32))
    after, bias = model.get_layer("head").get_weights()
    np.testing.assert_allclose(after, kernel * 0.95, rtol=1e-4)
    np.testing.assert_allclose(bias, 1, atol=1e-6)
