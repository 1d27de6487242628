"""The moving average of the weights, and what batch normalisation makes of it."""

import numpy as np
import pytest

from trainer.averaging import EVERY, WeightAverage
from trainer.backend import keras, layers


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    values = keras.Input((4,))
    hidden = layers.BatchNormalization(name="norm")(layers.Dense(6, name="before")(values))
    return keras.Model(values, layers.Dense(2, activation="softmax")(layers.Dropout(0.5)(hidden)))


@pytest.fixture
def batches() -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.normal(3, 2, (16, 4)).astype(np.float32) for _ in range(3)]


def averaged(model: keras.Model) -> WeightAverage:
    """Average weights that keep growing, over some updates."""
    average = WeightAverage(model, 4 * EVERY)
    for step in range(5):
        model.set_weights([weight * 1.5 + 0.1 for weight in model.get_weights()])
        average.update(step * EVERY)
    return average


def test_normalisation_is_measured_with_the_averaged_weights(model, batches):
    average = averaged(model)
    own, norm = model.get_weights(), model.get_layer("norm")
    with average.in_place(iter(batches)):
        kernel, bias = model.get_layer("before").get_weights()
        before = [batch @ kernel + bias for batch in batches]
        mean, variance = norm.get_weights()[2:]
        np.testing.assert_allclose(mean, np.mean([b.mean(0) for b in before], 0), rtol=1e-4)
        np.testing.assert_allclose(variance, np.mean([b.var(0) for b in before], 0), rtol=1e-4)
        assert not np.allclose(kernel, own[0])
    assert norm.momentum == 0.99
    for now, then in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(now, then)


def test_normalisation_that_is_not_trained_keeps_what_it_knows(model, batches):
    norm = model.get_layer("norm")
    norm.trainable = False
    known = norm.get_weights()
    average = WeightAverage(model, EVERY)
    with average.in_place(iter(batches)):
        for now, then in zip(norm.get_weights(), known, strict=True):
            np.testing.assert_array_equal(now, then)


def test_a_network_without_normalisation_draws_no_batches():
    values = keras.Input((4,))
    average = WeightAverage(keras.Model(values, layers.Dense(2)(values)), EVERY)
    with average.in_place(iter(lambda: pytest.fail("a batch was drawn"), None)):
        pass
