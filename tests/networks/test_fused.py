"""VGG's layers in PyTorch's own kernels give what Keras's layers give."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

COMPARE = """
import numpy as np
from trainer.networks import fused
from trainer.networks.backend import keras, layers

rng = np.random.default_rng(0)
inputs = rng.standard_normal((3, 8, 6, 4)).astype("float32")

def pair(name, *arguments, **options):
    mine, theirs = (getattr(module, name)(*arguments, **options) for module in (fused, layers))
    assert type(mine) is not type(theirs)
    for layer in (mine, theirs):
        layer.build(inputs.shape)
    weights = [rng.uniform(0.5, 1.5, w.shape) for w in theirs.get_weights()]
    for layer in (mine, theirs):
        layer.set_weights(weights)
    return mine, theirs

def check(mine, theirs, **options):
    given, wanted = (
        keras.ops.convert_to_numpy(layer(keras.ops.convert_to_tensor(inputs), **options))
        for layer in (mine, theirs)
    )
    np.testing.assert_allclose(given, wanted, atol=2e-5)
    spec = mine.compute_output_spec(keras.KerasTensor(inputs.shape))
    assert tuple(spec.shape) == given.shape

check(*pair("Conv2D", 5, 3, padding="same", activation="relu"))
check(*pair("Conv2D", 5, 3, padding="same", use_bias=False))
check(*pair("MaxPooling2D", 2))
norms = pair("BatchNormalization", momentum=0.9)
for _ in range(3):
    check(*norms, training=True)
for mine, theirs in zip(*(layer.get_weights() for layer in norms)):
    # PyTorch keeps the variance of a sample, Keras that of a population.
    np.testing.assert_allclose(mine, theirs, rtol=5e-3)
norms[1].set_weights(norms[0].get_weights())
check(*norms, training=False)
for layer in norms:
    layer.trainable = False
check(*norms, training=True)
print("equal")
"""


@pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed")
def test_fused_layers_are_equal_to_those_of_keras():
    done = subprocess.run(
        [sys.executable, "-c", COMPARE],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr


def test_other_backends_have_the_layers_of_keras():
    from trainer.networks import fused
    from trainer.networks.backend import keras, layers

    if keras.backend.backend() != "torch":
        assert fused.Conv2D is layers.Conv2D
