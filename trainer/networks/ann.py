"""A network of dense layers, on summary features."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.networks.backend import keras, layers
from trainer.networks.base import Architecture, Shape
from trainer.networks.heads import add_head


@dataclass(frozen=True)
class Ann(Architecture):
    """Dense layers on summary features."""

    units: tuple[int, ...] = (512, 256, 128, 64)

    def build(
        self,
        shape: Shape,
        n_labels: int,
        *,
        batch_norm: bool,
        dropout: float,
        head: Sequence[int] = (),
    ) -> keras.Model:
        """Standardise the features by what the training saw, then dense layers with dropout."""
        features = keras.Input((*shape, 1))
        # Some features vary by millionths and others by millions: in float32, and without the
        # constant that would drown the small ones.
        outputs = layers.BatchNormalization(
            epsilon=1e-12, center=False, scale=False, momentum=0.9, dtype="float32"
        )(layers.Flatten(dtype="float32")(features))
        for units in self.units[:-1]:
            outputs = layers.Dense(units, activation="relu")(outputs)
            outputs = layers.Dropout(dropout)(outputs)
        dense = layers.Dense(self.units[-1], activation="relu")(outputs)
        return keras.Model(features, add_head(dense, n_labels, dropout, head))


ANN = Ann()
