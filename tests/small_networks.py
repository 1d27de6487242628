"""A narrow VGG, for tests that train a network but do not depend on its size.

It has the layers of VGG16 or VGG19, under the same names, with an eighth of the filters: a
sixty-fourth of the arithmetic and of the weights that every epoch saves. test_architectures.py
trains the real VGG16.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from trainer.networks.backend import keras, layers

# Of each block.
FILTERS = (8, 16, 32, 64, 64)
CONVOLUTIONS = {"VGG16": (2, 2, 3, 3, 3), "VGG19": (2, 2, 4, 4, 4)}


def _vgg(name: str, *, input_shape: tuple[int | None, ...], **_: Any) -> keras.Model:
    """Stand in for a VGG of `keras.applications` without its top."""
    outputs = inputs = keras.Input(input_shape)
    for block, (filters, count) in enumerate(zip(FILTERS, CONVOLUTIONS[name], strict=True), 1):
        for number in range(1, count + 1):
            convolution = layers.Conv2D(
                filters, 3, padding="same", activation="relu", name=f"block{block}_conv{number}"
            )
            outputs = convolution(outputs)
        outputs = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(outputs)
    return keras.Model(inputs, outputs, name=name.lower())


@contextmanager
def narrow_vgg() -> Iterator[None]:
    """Build the narrow network where VGG16 or VGG19 is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CONVOLUTIONS:
            patch.setattr(keras.applications, name, partial(_vgg, name))
        yield
