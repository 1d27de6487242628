"""The end of every network: dense layers, if any were asked for, and the probabilities."""

from collections.abc import Sequence
from typing import Any

from trainer.networks.backend import keras, layers

NAME = "head"
"""Of the last layer; dense layers before it are `head1`, `head2` and so on."""


def add_head(outputs: Any, n_labels: int, dropout: float, units: Sequence[int] = ()) -> Any:
    """End a network; probabilities in float32 even where the rest computes in bfloat16.

    Args:
        outputs: The features, `[..., channels]`.
        n_labels: How many probabilities there are.
        dropout: Before each dense layer.
        units: Of the rectified dense layers before the last one.
    """
    for number, count in enumerate(units, 1):
        outputs = layers.Dropout(dropout)(outputs)
        outputs = layers.Dense(count, activation="relu", name=f"{NAME}{number}")(outputs)
    dropped = layers.Dropout(dropout, name="head_dropout")(outputs)
    return layers.Dense(n_labels, activation="softmax", dtype="float32", name=NAME)(dropped)


def head_layers(model: keras.Model) -> list[keras.layers.Dense]:
    """Return the dense layers of the head in order, the one of the probabilities last."""
    return [
        layer
        for layer in model.layers
        if isinstance(layer, layers.Dense) and layer.name.startswith(NAME)
    ]


def head_units(model: keras.Model) -> tuple[int, ...]:
    """Return the units of the dense layers before the last one."""
    return tuple(layer.units for layer in head_layers(model)[:-1])


def split(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Divide a network into what computes its features `[batch, channels]`, and its head.

    The two have the layers of the network, not copies of them.
    """
    first = head_layers(model)[0]
    dropout = model.layers[model.layers.index(first) - 1]  # the head begins with it
    features = dropout.input
    return keras.Model(model.input, features), keras.Model(features, model.output)
