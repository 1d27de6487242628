"""The blocks of networks, numbered as keras.applications names them."""

import re
from collections.abc import Mapping

from trainer.networks.backend import keras

MEMBER = re.compile(r"block_?(\d+)")  # at the begin of the names of layers, unless they are unnamed
LAST_MEMBER = re.compile(r"mixed(\d+)")  # the layer that ends a block of InceptionV3


def block_numbers(model: keras.Model) -> Mapping[str, int]:
    """Return the number of the block of each layer, by its name.

    Layers in front of block 2 are all counted to block 1, those behind the last block to that, or,
    where blocks have an end, to one more.
    """
    numbers, block = {}, 1
    for layer in model.layers:
        if begun := MEMBER.match(layer.name):
            block = int(begun[1])
        numbers[layer.name] = block
        if ended := LAST_MEMBER.fullmatch(layer.name):
            block = int(ended[1]) + 1
    return numbers
