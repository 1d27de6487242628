"""The learning rate over a training."""

import math
from collections.abc import Callable

from trainer.training.options import TrainingOptions


def learning_rate(options: TrainingOptions) -> Callable[[int], float]:
    """Return the learning rate of each batch: a linear warm-up, then a cosine down to zero.

    The batch is counted from the begin of the run: the counter of an optimizer would begin anew
    where another part of the network starts to train. It is computed here and not by Keras, whose
    schedules run a dozen operations on the device for each batch.
    """
    total = options.epochs * options.batches
    peak, warm_up = options.learning_rate, min(options.warm_up, total - 1)

    def rate(batch: int) -> float:
        if batch < warm_up:
            return peak / warm_up * (1 + (warm_up - 1) * batch / warm_up)
        return peak * (1 + math.cos(math.pi * (batch - warm_up) / (total - warm_up))) / 2

    return rate
