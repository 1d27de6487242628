"""The networks that can be trained, each in a few declarative lines.

A network is trained on windows, `[batch, rows, frames, 1]` to `[batch, labels]`, and deployed in
the form that its front end asks for: over whole strips, or window by window.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tagger.audio.frontend import FrontEnd
from tagger.audio.pictures import TOP_OF_SCALE
from tagger.errors import DataError, reason
from trainer.networks import vgg
from trainer.networks.backend import keras, layers
from trainer.networks.heads import add_head, head_layers, head_units

Shape = tuple[int, int]
"""Rows and frames of a window."""


@dataclass(frozen=True)
class Architecture(ABC):
    """How a network is built, trained on from other weights, and deployed."""

    @abstractmethod
    def build(
        self,
        shape: Shape,
        n_labels: int,
        *,
        batch_norm: bool,
        dropout: float,
        head: Sequence[int] = (),
    ) -> keras.Model:
        """Build the network for training.

        Its last layer is `head`; `head` are the units of dense layers before it.
        """

    def weights(self, source: str) -> Any:
        """Read initial weights: "none", "imagenet" or a file.

        Raises:
            DataError: there are none of that kind for this network.
        """
        if source != "none":
            raise DataError("This network is trained from scratch: there are no weights for it.")

    def wants_batch_norm(self, _weights: Any) -> bool:
        """Tell whether batch normalisation is to be added, if nothing else is said."""
        return False

    def take(self, _model: keras.Model, _weights: Any) -> tuple[str, ...]:
        """Set the weights that were read; return what was taken."""
        return ()

    def frozen(self, _model: keras.Model, _taken: Sequence[str], _block: int) -> tuple[str, ...]:
        """Return the layers that stay as they are, out of those taken, before a block."""
        return ()

    def deploy(self, trained: keras.Model, front_end: FrontEnd, shrink: int) -> keras.Model:
        """Return the network as a model file holds it; it computes in float32."""
        n_labels = trained.output_shape[-1]
        shape = window_shape(front_end, shrink)
        with vgg.float32():
            network = self.build(
                shape, n_labels, batch_norm=False, dropout=0, head=head_units(trained)
            )
            network.set_weights(trained.get_weights())
            if shrink == 1:
                return network
            window = keras.Input((*window_shape(front_end, 1), 1))
            return keras.Model(window, network(layers.AveragePooling2D(shrink)(window)))


def window_shape(front_end: FrontEnd, shrink: int) -> Shape:
    """Return rows and frames of a training window."""
    return front_end.rows // shrink, front_end.grid.window // shrink


@dataclass(frozen=True)
class Vgg(Architecture):
    """VGG over strips; takes whatever layers a file of weights has."""

    application: str

    def build(
        self,
        shape: Shape,
        n_labels: int,
        *,
        batch_norm: bool,
        dropout: float,
        head: Sequence[int] = (),
    ) -> keras.Model:
        """Build it for windows of any size."""
        return vgg.build_windows(
            self.application, n_labels, batch_norm=batch_norm, dropout=dropout, head=head
        )

    def weights(self, source: str) -> vgg.Weights:
        """Read convolutions, all or some."""
        if source == "none":
            return {}
        if source == "imagenet":
            return vgg.imagenet_weights(self.application)
        return vgg.read_weights(self.application, Path(source))

    def wants_batch_norm(self, weights: vgg.Weights) -> bool:
        """Add it unless all convolutions come pretrained."""
        return not set(vgg.names(self.application)) <= set(weights)

    def take(self, model: keras.Model, weights: vgg.Weights) -> tuple[str, ...]:
        """Set the convolutions that there are."""
        return vgg.take_weights(model, weights)

    def frozen(self, _model: keras.Model, taken: Sequence[str], block: int) -> tuple[str, ...]:
        """Return those of the convolutions that stand before a block."""
        return vgg.before_block(taken, block)

    def deploy(self, trained: keras.Model, front_end: FrontEnd, shrink: int) -> keras.Model:
        """Share the convolutions of overlapping windows."""
        return vgg.build_strips(self.application, trained, front_end.rows, front_end.grid, shrink)


@dataclass(frozen=True)
class Application(Architecture):
    """A network of keras.applications behind its own preprocessing."""

    application: str
    module: str
    least: int  # rows and frames that it can take

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
            raise DataError(_too_small(self.application, self.least, shape))
        window = keras.Input((*shape, 1))
        middle = TOP_OF_SCALE / 2
        grey = layers.Rescaling(vgg.PIXEL_DEVIATION, middle, name="grey")(window)
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
            except (OSError, ValueError, KeyError) as error:
                raise DataError(
                    f"{source} does not hold the weights of {self.application} without its top "
                    f"({reason(error)})."
                ) from None
        return [layer.get_weights() for layer in backbone.layers if layer.weights]

    def take(self, model: keras.Model, weights: list[list[Any]] | None) -> tuple[str, ...]:
        """Set all of them, or none."""
        if weights is None:
            return ()
        for layer, values in zip(self._layers(model), weights, strict=True):
            layer.set_weights(values)
        return ("backbone",)

    def frozen(self, model: keras.Model, taken: Sequence[str], block: int) -> tuple[str, ...]:
        """Return all layers but the head, unless it is trained from the first block on."""
        return tuple(layer.name for layer in self._layers(model)) if taken and block > 1 else ()

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

    @staticmethod
    def _layers(model: keras.Model) -> list[keras.layers.Layer]:
        """Return the layers with weights, but the head."""
        ends = head_layers(model)
        return [layer for layer in model.layers if layer.weights and layer not in ends]


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
            raise DataError(_too_small("This network", least, shape))
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


def _too_small(network: str, least: int, shape: Shape) -> str:
    rows, frames = shape
    return (
        f"{network} needs windows of at least {least} × {least} cells, and these have {rows} × "
        f"{frames}; choose a smaller --shrink."
    )


def _constants_as_rescaling(layer: keras.layers.Layer) -> keras.layers.Layer:
    if not isinstance(layer, layers.Normalization):
        return layer
    mean, deviation = np.ravel(layer.mean), np.sqrt(np.ravel(layer.variance))
    return layers.Rescaling((1 / deviation).tolist(), (-mean / deviation).tolist())


ARCHITECTURES: Mapping[str, Architecture] = {
    "vgg16": Vgg("VGG16"),
    "vgg19": Vgg("VGG19"),
    "inceptionv3": Application("InceptionV3", "inception_v3", 75),
    "efficientnetb0": Application("EfficientNetB0", "efficientnet", 32),
    "mobilenetv2": Application("MobileNetV2", "mobilenet_v2", 32),
    "cnn14": Cnn14(),
    "cnn-small": CnnSmall(),
    "ann": Ann(),
}


def architecture(name: str) -> Architecture:
    """Return an architecture by its name, one of `trainer.networks.registry`."""
    return ARCHITECTURES[name]
