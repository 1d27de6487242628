"""AdamW with learning rates by depth."""

from typing import Any

from trainer.networks.backend import keras

BLOCKS = 5


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
        factor = self._layer_decay ** blocks_after(variable.path)
        super().update_step(gradient, variable, learning_rate * factor)


def blocks_after(path: str) -> int:
    """Return how many blocks stand between a variable and the last layer; 0 outside the blocks."""
    name = path.split("/", maxsplit=1)[0]
    return BLOCKS + 1 - int(name[5]) if name.startswith("block") and name[5:6].isdigit() else 0
