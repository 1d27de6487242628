"""A plain convolutional network of fourteen layers, trained from random weights."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagger.errors import DataError
from trainer.networks.backend import keras, layers
from trainer.networks.base import Architecture, Shape, too_small
from trainer.networks.heads import add_head


@dataclass(frozen=True)
class Cnn14(Architecture):
    """Fourteen layers with weights: six blocks of two convolutions, and two dense layers."""

    filters: tuple[int, ...] = (16, 32, 64, 128, 256, 256)

    def build(
        self,
        shape: Shape,
        n_labels: int,
        *,
        batch_norm: bool,
        dropout: float,
        head: Sequence[int] = (),
    ) -> keras.Model:
        """Rectify throughout and drop out after every pooling."""
        if min(shape) < (least := 2 ** len(self.filters)):
            raise DataError(too_small("This network", least, shape))
        window = keras.Input((*shape, 1))
        outputs = window
        for filters in self.filters:
            for _ in range(2):
                outputs = layers.Conv2D(
                    filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"
                )(outputs)
            outputs = layers.MaxPooling2D()(outputs)
            outputs = layers.Dropout(dropout / 2)(outputs)
        dense = layers.Dense(256, activation="relu")(layers.Flatten()(outputs))
        return keras.Model(window, add_head(dense, n_labels, dropout, head))


CNN14 = Cnn14()
