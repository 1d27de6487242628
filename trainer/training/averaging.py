"""A moving average of the weights, which stands still while the training still swings.

The average over the last stretch of a training often does better than any single point of it
(Polyak and Juditsky 1992). Statistics of batch normalisation are averaged with the weights. While
those still change much, they do not fit each other, and the statistics are measured anew on batches
of the training (Izmailov et al. 2018); later, their long average beats a short measurement.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.networks.backend import keras
from trainer.training.batches import Batch

ops = keras.ops
Loss = Callable[[NDArray[Any], NDArray[Any]], float]
"""Takes targets and predictions, `[batch, outputs]`, and gives their mean loss."""

EVERY = 5  # batches between two updates; the average is too slow to notice
MEASURED = 2  # batches that batch normalisation is measured on; another tells what is better


class WeightAverage:
    """The exponential moving average of a model's weights over `span` batches."""

    _means: list[Any]

    def __init__(
        self,
        model: keras.Model,
        span: float,
        start: Sequence[NDArray[Any]] | None = None,
        loss: Loss | None = None,
    ) -> None:
        """Begin with the weights of `start`, or of the model; compare by `loss`."""
        self._model = model
        self._loss = loss or cross_entropy
        self._share = min(1.0, EVERY / span)
        self._keep(start or model.get_weights())

    def update(self, batch: int) -> None:
        """Take the weights into the average after batch number `batch` of the run."""
        if batch % EVERY:
            return
        # The first batches weigh more, or the start would be remembered for long.
        share = max(self._share, 1 / (1 + batch / EVERY))
        self._means = [
            mean + share * (ops.stop_gradient(ops.cast(weight, "float32")) - mean)
            for mean, weight in zip(self._means, self._model.weights, strict=True)
        ]

    @contextmanager
    def in_place(self, batches: Iterable[Batch]) -> Iterator[None]:
        """Let the model have the average for a while, with what fits it of two normalisations.

        The first of the batches tells which: the averaged one, or one measured on the others.
        """
        own, means = self._model.get_weights(), list(map(ops.convert_to_numpy, self._means))
        self._model.set_weights(means)
        if norms := _norms(self._model):
            chosen_by, *others = batches
            averaged = self._loss_of(chosen_by)
            _measure(self._model, norms, others)
            if averaged <= self._loss_of(chosen_by):
                self._model.set_weights(means)
            else:  # what is saved is what a resumed run goes on with
                self._keep(self._model.get_weights())
        try:
            yield
        finally:
            self._model.set_weights(own)

    def _keep(self, weights: Sequence[NDArray[Any]]) -> None:
        """Set the average; it is kept where the network is, which saves waiting for a GPU."""
        self._means = [ops.convert_to_tensor(weight, "float32") for weight in weights]

    def _loss_of(self, batch: Batch) -> float:
        found = np.asarray(self._model.predict_on_batch(batch.windows))
        return self._loss(batch.targets, found)


def cross_entropy(targets: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the mean cross-entropy of probabilities to labels, both `[batch, labels]`."""
    return float(-(targets * np.log(predicted + 1e-9)).sum(1).mean())


def _norms(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of batch normalisation that learn."""
    norm = keras.layers.BatchNormalization
    return [layer for layer in model.layers if isinstance(layer, norm) and layer.trainable]


def _measure(
    model: keras.Model, norms: Sequence[keras.layers.Layer], batches: Sequence[Batch]
) -> None:
    """Set the statistics of normalisation to their mean over batches."""
    momenta = [layer.momentum for layer in norms]
    for done, batch in enumerate(batches):
        for layer in norms:
            layer.momentum = done / (done + 1)
        model(batch.windows, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
