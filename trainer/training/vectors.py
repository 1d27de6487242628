"""Training on genres and on a teacher's vectors at once.

Some windows of a batch come from labelled tracks and the others from recordings without labels, of
which a teacher has said what `pretrain` learns. One network learns both from shared features
(multi-task learning: Caruana 1997), so what a pretraining gave is not forgotten over a few labels.
In the targets, `[batch, labels + outputs]`, a row of a labelled track has a label and zeros, and a
row of a recording has no label and the teacher's outputs: where the labels do not sum to one, they
do not count, and the outputs count in the other rows alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from trainer.data.targets import TargetPart
from trainer.networks.backend import keras, layers
from trainer.networks.heads import NAME
from trainer.training.batches import Batch
from trainer.training.target_loss import TargetLoss, target_loss

VECTORS = "vectors"
"""The name of the layer whose outputs are compared with the teacher's."""


def with_vectors(model: keras.Model, outputs: int) -> keras.Model:
    """Return a network of the same layers that gives `[batch, labels + outputs]`.

    The further outputs are linear in what the last layer of `model` is given.
    """
    vectors = layers.Dense(outputs, dtype="float32", name=VECTORS)(model.get_layer(NAME).input)
    both = layers.Concatenate(dtype="float32", name="both")([model.output, vectors])
    return keras.Model(model.input, both)


def joint_loss(parts: Sequence[TargetPart], labels: int, label_smoothing: float) -> TargetLoss:
    """Return the cross-entropy of the genres in labelled rows, and in the others `target_loss`."""
    of_vectors = target_loss(parts)

    def loss(targets: Any, predicted: Any) -> Any:
        genres, vectors = targets[:, :labels], targets[:, labels:]
        labelled = keras.ops.sum(genres, axis=-1)
        of_genres = keras.losses.categorical_crossentropy(
            genres, predicted[:, :labels], label_smoothing=label_smoothing
        )
        others = of_vectors(vectors, predicted[:, labels:])
        return labelled * of_genres + (1 - labelled) * others

    return loss


def side_by_side(labelled: Iterator[Batch], recordings: Iterator[Batch]) -> Iterator[Batch]:
    """Join each batch of labelled windows with one of windows of recordings."""
    for one, other in zip(labelled, recordings, strict=True):
        yield Batch(
            windows=np.concatenate([one.windows, other.windows]),
            targets=np.block(
                [
                    [one.targets, np.zeros((len(one.targets), other.targets.shape[1]))],
                    [np.zeros((len(other.targets), one.targets.shape[1])), other.targets],
                ]
            ).astype(np.float32),
            weights=np.concatenate([one.weights, other.weights]),
        )
