"""What all networks have in common, and how one is found by its name.

A network is trained on windows, `[batch, rows, frames, 1]` to `[batch, labels]`, and deployed in
the form that its front end asks for: over whole strips, or window by window.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError
from trainer.networks import vgg
from trainer.networks.backend import keras, layers
from trainer.networks.blocks import block_numbers
from trainer.networks.heads import head_layers, head_units
from trainer.networks.registry import network

Shape = tuple[int, int]
"""Rows and frames of a window."""

WHOLE_BACKBONE = ("backbone",)
"""Stands for all layers before the head, whose names may differ from one process to the next."""


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

    def backbone(self, model: keras.Model) -> tuple[str, ...]:
        """Return the layers with weights before the head; what belongs to one is not named."""
        ends = head_layers(model)
        return tuple(layer.name for layer in model.layers if layer.weights and layer not in ends)

    def frozen(self, model: keras.Model, taken: Sequence[str], block: float) -> tuple[str, ...]:
        """Return the layers that stay as they are, out of those taken, before a block."""
        numbers = block_numbers(model)
        names = self.backbone(model) if tuple(taken) == WHOLE_BACKBONE else taken
        return tuple(name for name in names if numbers[name] < block)

    def copy(self, trained: keras.Model, network: keras.Model) -> None:
        """Give a deployed network the weights of the trained one."""
        network.set_weights(trained.get_weights())

    def deploy(self, trained: keras.Model, front_end: FrontEnd, shrink: int) -> keras.Model:
        """Return the network as a model file holds it; it computes in float32."""
        n_labels = trained.output_shape[-1]
        shape = window_shape(front_end, shrink)
        with vgg.float32():
            network = self.build(
                shape, n_labels, batch_norm=False, dropout=0, head=head_units(trained)
            )
            self.copy(trained, network)
            if shrink == 1:
                return network
            window = keras.Input((*window_shape(front_end, 1), 1))
            return keras.Model(window, network(layers.AveragePooling2D(shrink)(window)))


def window_shape(front_end: FrontEnd, shrink: int) -> Shape:
    """Return rows and frames of a training window."""
    return front_end.rows // shrink, front_end.grid.window // shrink


def too_small(network: str, least: int, shape: Shape) -> str:
    """Say what windows a network needs, and what it got."""
    rows, frames = shape
    return (
        f"{network} needs windows of at least {least} × {least} cells, and these have {rows} × "
        f"{frames}; choose a smaller --shrink."
    )


def architecture(name: str, front_end: FrontEnd) -> Architecture:
    """Return the network of the registry for a kind of input, ready to be built.

    Raises:
        DataError: there is none of that name for it.
    """
    module, attribute = network(name, front_end).built_by.split(":")
    found: Architecture = getattr(import_module(f"trainer.networks.{module}"), attribute)
    return found
