"""Networks of keras.applications, on grey pictures or on windows shown as such."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tagger.audio.frontend import FrontEnd
from tagger.audio.pictures import TOP_OF_SCALE
from tagger.errors import DataError, reason
from trainer.networks import vgg
from trainer.networks.backend import keras, layers
from trainer.networks.base import WHOLE_BACKBONE, Architecture, Shape, too_small
from trainer.networks.heads import add_head


@dataclass(frozen=True)
class Application(Architecture):
    """A network of keras.applications behind its own preprocessing."""

    application: str
    module: str
    least: int  # rows and frames that it can take
    of_pictures: bool = False  # grey levels from 0 to 255; else log-mel of unit deviation

    def build(
        self,
        shape: Shape,
        n_labels: int,
        *,
        batch_norm: bool,
        dropout: float,
        head: Sequence[int] = (),
    ) -> keras.Model:
        """Show it the window as a grey picture."""
        if min(shape) < self.least:
            raise DataError(too_small(self.application, self.least, shape))
        window = keras.Input((*shape, 1))
        scale = (1.0, 0.0) if self.of_pictures else (vgg.PIXEL_DEVIATION, TOP_OF_SCALE / 2)
        grey = layers.Rescaling(*scale, name="grey")(window)
        picture = layers.Concatenate(name="picture")([grey] * 3)
        preprocess = getattr(keras.applications, self.module).preprocess_input
        backbone = self._backbone(input_tensor=preprocess(picture))
        pooled = layers.GlobalAveragePooling2D(name="average")(backbone.output)
        return keras.Model(window, add_head(pooled, n_labels, dropout, head))

    def weights(self, source: str) -> list[list[Any]] | None:
        """Read the weights of the whole network, without its head, layer by layer."""
        if source == "none":
            return None
        if source == "imagenet":
            backbone = vgg.download(self.application)
        else:
            backbone = self._backbone(input_shape=(None, None, 3))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of each layer that fails in the end
                    backbone.load_weights(source)
            except OSError:
                raise DataError(
                    f"{source} cannot be read as weights; it should be an HDF5 file (.h5)."
                ) from None
            except (ValueError, KeyError) as error:
                raise DataError(
                    f"{source} does not hold the weights of {self.application} without its top "
                    f"({reason(error)})."
                ) from None
        return [layer.get_weights() for layer in backbone.layers if layer.weights]

    def take(self, model: keras.Model, weights: list[list[Any]] | None) -> tuple[str, ...]:
        """Set all of them, or none."""
        if weights is None:
            return ()
        for name, values in zip(self.backbone(model), weights, strict=True):
            model.get_layer(name).set_weights(values)
        return WHOLE_BACKBONE

    def deploy(self, trained: keras.Model, front_end: FrontEnd, shrink: int) -> keras.Model:
        """Write normalisation by constants as a rescaling, which ONNX knows."""
        network = super().deploy(trained, front_end, shrink)
        return keras.models.clone_model(
            network, clone_function=_constants_as_rescaling, recursive=True
        )

    def _backbone(self, **options: Any) -> keras.Model:
        build: Callable[..., keras.Model] = getattr(keras.applications, self.application)
        backbone = build(include_top=False, weights=None, **options)
        for layer in backbone.layers:
            if isinstance(layer, layers.BatchNormalization):
                # Theirs, up to 0.999, are for trainings of a hundred times as many batches.
                layer.momentum = vgg.MOMENTUM
        return backbone


def _constants_as_rescaling(layer: keras.layers.Layer) -> keras.layers.Layer:
    if not isinstance(layer, layers.Normalization):
        return layer
    mean, deviation = np.ravel(layer.mean), np.sqrt(np.ravel(layer.variance))
    return layers.Rescaling((1 / deviation).tolist(), (-mean / deviation).tolist())


INCEPTION_V3 = Application("InceptionV3", "inception_v3", 75)
INCEPTION_V3_OF_PICTURES = replace(INCEPTION_V3, of_pictures=True)
EFFICIENTNET_B0 = Application("EfficientNetB0", "efficientnet", 32)
EFFICIENTNET_B0_OF_PICTURES = replace(EFFICIENTNET_B0, of_pictures=True)
MOBILENET_V2 = Application("MobileNetV2", "mobilenet_v2", 32)
MOBILENET_V2_OF_PICTURES = replace(MOBILENET_V2, of_pictures=True)
