"""A narrow VGG16, for tests that train a network but do not depend on its size.

It has the layers of VGG16, under the same names, with an eighth of the filters: a sixty-fourth of
the arithmetic and of the weights that every epoch saves. Tests of the networks, and of the
walkthrough in docs/training.md, train the real one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trainer.networks.backend import keras, layers

BLOCKS = ((8, 2), (16, 2), (32, 3), (64, 3), (64, 3))
"""Filters and convolutions of each block."""


def _vgg16(*, input_shape: tuple[int | None, ...], **_: Any) -> keras.Model:
    """Stand in for `keras.applications.VGG16` without its top."""
    outputs = inputs = keras.Input(input_shape)
    for block, (filters, count) in enumerate(BLOCKS, 1):
        for number in range(1, count + 1):
            convolution = layers.Conv2D(
                filters, 3, padding="same", activation="relu", name=f"block{block}_conv{number}"
            )
            outputs = convolution(outputs)
        outputs = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(outputs)
    return keras.Model(inputs, outputs, name="vgg16")


@contextmanager
def narrow_vgg() -> Iterator[None]:
    """Build the narrow network where VGG16 is asked for."""
    real = keras.applications.VGG16
    keras.applications.VGG16 = _vgg16
    try:
        yield
    finally:
        keras.applications.VGG16 = real
