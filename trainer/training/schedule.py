"""The learning rate over a training."""

from collections.abc import Callable

from trainer.networks.backend import keras
from trainer.training.options import TrainingOptions


def learning_rate(options: TrainingOptions) -> Callable[[int], float]:
    """Return the learning rate of each batch: a linear warm-up, then a cosine down to zero.

    The batch is counted from the begin of the run: the counter of an optimizer would begin anew
    where another part of the network starts to train.
    """
    total = options.epochs * options.batches
    peak, warm_up = options.learning_rate, min(options.warm_up, total - 1)
    if warm_up < 1:
        decay = keras.optimizers.schedules.CosineDecay(peak, decay_steps=total)
    else:
        decay = keras.optimizers.schedules.CosineDecay(
            peak / warm_up,
            decay_steps=total - warm_up,
            warmup_target=peak,
            warmup_steps=warm_up,
        )
    return lambda batch: float(decay(batch))
