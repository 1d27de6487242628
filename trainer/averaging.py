"""A moving average of the weights, which stands still while the training still swings.

The average over the last stretch of a training often does better than any single point of it
(Polyak and Juditsky 1992). What batch normalisation knows of the values before it was true of other
weights, so it is measured anew on some batches of the training (Izmailov et al. 2018).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.backend import keras

EVERY = 5  # batches between two updates; the average is too slow to notice
MEASURED = 4  # batches that batch normalisation is measured on


class WeightAverage:
    """The exponential moving average of a model's weights over `span` batches."""

    def __init__(
        self, model: keras.Model, span: float, start: Sequence[NDArray[Any]] | None = None
    ) -> None:
        self._model = model
        self._share = min(1.0, EVERY / span)
        self._means = [np.array(w, np.float32) for w in start or model.get_weights()]

    def update(self, batch: int) -> None:
        """Take the weights into the average after batch number `batch` of the run."""
        if batch % EVERY:
            return
        # The first batches weigh more, or the start would be remembered for long.
        share = max(self._share, 1 / (1 + batch / EVERY))
        self._means = [
            mean + np.float32(share) * (weight - mean)
            for mean, weight in zip(self._means, self._model.get_weights(), strict=True)
        ]

    @contextmanager
    def in_place(self, batches: Iterable[NDArray[Any]]) -> Iterator[None]:
        """Let the model have the average for a while, its normalisation measured on `batches`."""
        own = self._model.get_weights()
        self._model.set_weights(self._means)
        measure_norms(self._model, batches)
        try:
            yield
        finally:
            self._model.set_weights(own)


def measure_norms(model: keras.Model, batches: Iterable[NDArray[Any]]) -> None:
    """Set the statistics of batch normalisation to their mean over batches of windows."""
    norms = [
        (layer, layer.momentum)
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    if not norms:
        return
    for done, windows in enumerate(batches):
        for layer, _ in norms:
            layer.momentum = done / (done + 1)
        model(windows, training=True)
    for layer, momentum in norms:
        layer.momentum = momentum
