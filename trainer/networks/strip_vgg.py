"""VGG16 and VGG19: what they have in common on any input, and the networks over strips."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.audio.frontend import FrontEnd
from trainer.networks import vgg
from trainer.networks.backend import keras
from trainer.networks.base import Architecture, Shape


@dataclass(frozen=True)
class Vgg(Architecture):
    """VGG; takes whatever layers a file of weights has."""

    application: str

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

    def backbone(self, model: keras.Model) -> tuple[str, ...]:
        """Return the convolutions, to which their normalisation belongs."""
        return tuple(layer.name for layer in vgg.convolutions(model))


@dataclass(frozen=True)
class StripVgg(Vgg):
    """VGG over strips; a narrow one has a share of the filters, and is trained from scratch."""

    width: float = 1.0

    def weights(self, source: str) -> vgg.Weights:
        """Read convolutions, all or some, of a network of full width."""
        if self.width != 1:
            Architecture.weights(self, source)
        return super().weights(source)

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
            self.application,
            n_labels,
            batch_norm=batch_norm,
            dropout=dropout,
            head=head,
            width=self.width,
        )

    def deploy(self, trained: keras.Model, front_end: FrontEnd, shrink: int) -> keras.Model:
        """Share the convolutions of overlapping windows."""
        return vgg.build_strips(
            self.application, trained, front_end.rows, front_end.grid, shrink, self.width
        )


VGG16 = StripVgg("VGG16")
VGG16_HALF = StripVgg("VGG16", width=0.5)
VGG16_QUARTER = StripVgg("VGG16", width=0.25)
VGG19 = StripVgg("VGG19")
