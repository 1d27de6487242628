"""How far predictions are from a teacher's targets."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.targets import CROSS_ENTROPY, TargetPart
from trainer.networks.backend import keras

TargetLoss = Callable[[Any, Any], Any]
"""Takes targets and predictions, tensors `[batch, outputs]`, and gives losses, `[batch]`."""


def target_loss(parts: Sequence[TargetPart]) -> TargetLoss:
    """Return the weighted sum over parts of the mean loss of their outputs.

    For probabilities that is the cross-entropy between the teacher's and the network's, both given
    as logits, minus the entropy of the teacher's, so that zero is a perfect copy. For features it
    is the squared error.
    """
    weights = [np.array(part.weights or (1.0,) * part.size, np.float32) for part in parts]

    def loss(targets: Any, predicted: Any) -> Any:
        total, first = 0.0, 0
        for part, weight in zip(parts, weights, strict=True):
            outputs = slice(first, first + part.size)
            wanted, given = targets[:, outputs], predicted[:, outputs]
            error = _divergence if part.loss == CROSS_ENTROPY else _squared
            errors = error(wanted, given) * keras.ops.convert_to_tensor(weight)
            total = total + part.weight * keras.ops.mean(errors, axis=-1)
            first += part.size
        return total

    return loss


def _divergence(wanted: Any, given: Any) -> Any:
    """Return the divergence between probabilities, each given as a logit."""
    probability = keras.ops.sigmoid(wanted)
    entropy = keras.ops.softplus(wanted) - probability * wanted
    return keras.ops.softplus(given) - probability * given - entropy


def _squared(wanted: Any, given: Any) -> Any:
    return keras.ops.square(wanted - given)


def mean_loss(loss: TargetLoss) -> Callable[[NDArray[Any], NDArray[Any]], float]:
    """Return the mean of a loss over arrays `[batch, outputs]`."""

    def of(targets: NDArray[Any], predicted: NDArray[Any]) -> float:
        tensors = (keras.ops.convert_to_tensor(array) for array in (targets, predicted))
        return float(keras.ops.mean(loss(*tensors)))

    return of


def correlations(
    parts: Sequence[TargetPart], targets: NDArray[Any], predicted: NDArray[Any]
) -> dict[str, float]:
    """Return, for each part, the mean correlation of its outputs with the targets.

    Outputs that are constant in `targets` say nothing and do not count.
    """
    means, first = {}, 0
    centred = [array - array.mean(0) for array in (targets, predicted)]
    deviations = [np.sqrt((array**2).sum(0)) for array in centred]
    found = (centred[0] * centred[1]).sum(0) / np.maximum(deviations[0] * deviations[1], 1e-9)
    for part in parts:
        outputs = slice(first, first + part.size)
        telling = deviations[0][outputs] > 0
        means[part.name] = float(found[outputs][telling].mean()) if telling.any() else float("nan")
        first += part.size
    return means
