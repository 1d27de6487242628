"""The optimizers of a training, among them AdamW with learning rates by depth."""

from typing import Any

from trainer.networks.backend import keras
from trainer.networks.registry import Optimizer

BLOCKS = 5
CLIP_NORM = 5.0
MOMENTUM = 0.9  # of stochastic gradient descent


class AdamWByDepth(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW whose learning rate falls by a factor from each block of VGG to the one before it.

    Early layers of a pretrained network change less than late ones (Howard and Ruder 2018,
    discriminative fine-tuning). Variables outside the blocks, the last layer above all, have the
    full rate.
    """

    def __init__(self, *, layer_decay: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self._layer_decay = layer_decay

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable at the rate of its depth."""
        # TensorFlow's optimizers hand over its own variables, which have no path.
        path = self._trainable_variables[self._get_variable_index(variable)].path
        factor = self._layer_decay ** blocks_after(path)
        super().update_step(gradient, variable, learning_rate * factor)


def blocks_after(path: str) -> int:
    """Return how many blocks stand between a variable and the last layer; 0 outside the blocks."""
    name = path.split("/", maxsplit=1)[0]
    return BLOCKS + 1 - int(name[5]) if name.startswith("block") and name[5:6].isdigit() else 0


def make_optimizer(
    name: Optimizer,
    *,
    learning_rate: float,
    weight_decay: float,
    layer_decay: float = 1.0,
) -> keras.optimizers.Optimizer:
    """Return an optimizer; Adam has no weight decay, and AdamW alone has rates by depth."""
    if name == "adam":
        return keras.optimizers.Adam(learning_rate, global_clipnorm=CLIP_NORM)
    if name == "sgd":
        optimizer = keras.optimizers.SGD(
            learning_rate,
            momentum=MOMENTUM,
            nesterov=True,
            weight_decay=weight_decay,
            global_clipnorm=CLIP_NORM,
        )
    else:
        optimizer = AdamWByDepth(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            global_clipnorm=CLIP_NORM,
            layer_decay=layer_decay,
        )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def compile_model(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Any) -> None:
    """Compile a model for training with what of it is trainable now."""
    # Built here, or TensorFlow would trace the first step twice: with its variables, and without.
    optimizer.build(model.trainable_variables)
    # JAX is made for XLA; with TensorFlow it makes the training of VGG16 on a CPU slower by half.
    model.compile(optimizer, loss, jit_compile=keras.backend.backend() == "jax")
