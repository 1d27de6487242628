"""The small convolutional network of the tutorials, on spectrogram pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagger.audio.pictures import TOP_OF_SCALE
from trainer.networks.backend import keras, layers
from trainer.networks.base import Architecture, Shape
from trainer.networks.heads import add_head


@dataclass(frozen=True)
class CnnSmall(Architecture):
    """The three convolutions that tutorials classify pictures with."""

    filters: tuple[int, ...] = (16, 32, 64)

    def build(
        self,
        shape: Shape,
        n_labels: int,
        *,
        batch_norm: bool,
        dropout: float,
        head: Sequence[int] = (),
    ) -> keras.Model:
        """Scale grey levels to 0–1, then convolve and pool."""
        picture = keras.Input((*shape, 1))
        outputs = layers.Rescaling(1 / TOP_OF_SCALE)(picture)
        for filters in self.filters:
            outputs = layers.Conv2D(filters, 3, padding="same", activation="relu")(outputs)
            outputs = layers.MaxPooling2D()(outputs)
        dense = layers.Dense(128, activation="relu")(layers.Flatten()(outputs))
        return keras.Model(picture, add_head(dense, n_labels, dropout, head))


CNN_SMALL = CnnSmall()
