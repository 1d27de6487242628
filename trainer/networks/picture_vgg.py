"""VGG16 and VGG19 on spectrogram pictures, as they were published for photographs."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.networks import vgg
from trainer.networks.backend import keras, layers
from trainer.networks.base import Shape
from trainer.networks.heads import add_head
from trainer.networks.strip_vgg import Vgg

MEANS = (103.939, 116.779, 123.68)
"""Of blue, green and red in ImageNet, in grey levels (mode "caffe" of `preprocess_input`)."""


@dataclass(frozen=True)
class PictureVgg(Vgg):
    """VGG on three equal channels of 0 to 255 minus the means of ImageNet."""

    def build(
        self,
        shape: Shape,
        n_labels: int,
        *,
        batch_norm: bool,
        dropout: float,
        head: Sequence[int] = (),
    ) -> keras.Model:
        """Average over the features of the whole picture."""
        picture = keras.Input((*shape, 1))
        channels = layers.Concatenate(name="picture")([picture] * 3)
        centred = layers.Rescaling(1.0, [-mean for mean in MEANS], name="centred")(channels)
        columns = vgg.convolve(self.application, centred, batch_norm=batch_norm)
        pooled = layers.GlobalAveragePooling2D(name="average")(columns)
        return keras.Model(picture, add_head(pooled, n_labels, dropout, head))

    def copy(self, trained: keras.Model, network: keras.Model) -> None:
        """Fold batch normalisation into the convolutions."""
        vgg.copy_folded(trained, network)


VGG16 = PictureVgg("VGG16")
VGG19 = PictureVgg("VGG19")
