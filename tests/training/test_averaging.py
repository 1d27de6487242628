"""The moving average of the weights, and what batch normalisation makes of it."""

from collections.abc import Iterator

import numpy as np
import pytest

from trainer.networks.backend import keras, layers
from trainer.training.averaging import EVERY, WeightAverage
from trainer.training.batches import Batch

MOMENTUM = 0.97


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    values = keras.Input((4,))
    before = layers.Dense(6, name="before")(values)
    normed = layers.Dropout(0.2)(layers.BatchNormalization(momentum=MOMENTUM, name="norm")(before))
    return keras.Model(values, layers.Dense(2, activation="softmax")(normed))


def batch(seed: int, mean: float = 3) -> Batch:
    """Values of one mean and deviation, and whether the first of them is large."""
    values = np.random.default_rng(seed).normal(mean, 2, (32, 4)).astype(np.float32)
    return Batch(
        windows=values,
        targets=np.eye(2, dtype=np.float32)[(values[:, 0] > mean).astype(int)],
        weights=None,
    )


@pytest.fixture
def batches() -> list[Batch]:
    return [batch(seed) for seed in range(3)]


def trained(model: keras.Model, steps: int) -> tuple[WeightAverage, list[np.ndarray]]:
    """Train, and return the average of the weights, and the weights of the end."""
    model.compile("adam", "categorical_crossentropy")
    average = WeightAverage(model, 10 * EVERY)
    for step in range(steps):
        some = batch(100 + step)
        model.train_on_batch(some.windows, some.targets)
        average.update(step)
    return average, model.get_weights()


def hidden(model: keras.Model, batch: Batch) -> np.ndarray:
    kernel, bias = model.get_layer("before").get_weights()
    return batch.windows @ kernel + bias


def test_normalisation_is_measured_anew_while_the_averaged_one_does_not_fit(model, batches):
    average, own = trained(model, 3)  # its mean is hardly on the way from 0 to 3
    norm = model.get_layer("norm")
    with average.in_place(iter(batches)):
        mean, variance = norm.get_weights()[2:]
        before = [hidden(model, batch) for batch in batches[1:]]
        np.testing.assert_allclose(mean, np.mean([b.mean(0) for b in before], 0), rtol=1e-3)
        np.testing.assert_allclose(variance, np.mean([b.var(0) for b in before], 0), rtol=1e-3)
        shown = model.get_weights()
    assert norm.momentum == MOMENTUM
    for now, then in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(now, then)
    # A resumed training begins with what was saved, and has to go on like this one.
    for kept, saved in zip(average._means, shown, strict=True):
        np.testing.assert_array_equal(kept, saved)


def test_normalisation_stays_the_averaged_one_where_that_fits_better(model, batches):
    average, _ = trained(model, 300)
    others = [batch(seed, mean=-20) for seed in (1, 2)]
    with average.in_place(iter([batches[0], *others])):
        mean = model.get_layer("norm").get_weights()[2]
        expected = np.mean([hidden(model, batch(seed)).mean(0) for seed in range(50)], 0)
        np.testing.assert_allclose(mean, expected, atol=0.5)


def no_batch() -> Iterator[Batch]:
    pytest.fail("a batch was drawn")
    yield


def test_normalisation_that_is_not_trained_keeps_what_it_knows(model):
    norm = model.get_layer("norm")
    norm.trainable = False
    known = norm.get_weights()
    with WeightAverage(model, EVERY).in_place(no_batch()):
        for now, then in zip(norm.get_weights(), known, strict=True):
            np.testing.assert_array_equal(now, then)


def test_a_network_without_normalisation_draws_no_batches():
    values = keras.Input((4,))
    average = WeightAverage(keras.Model(values, layers.Dense(2)(values)), EVERY)
    with average.in_place(no_batch()):
        pass
