"""What every training does in an epoch: steps of the optimizer at the scheduled learning rate."""

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from trainer.networks.backend import keras
from trainer.training.averaging import WeightAverage
from trainer.training.batches import Batch
from trainer.training.history import Trained
from trainer.training.options import TrainingOptions
from trainer.training.schedule import learning_rate

Progress = Callable[[int, Sequence[float]], None]
"""Takes the number of the epoch and the losses of its batches so far."""


def train_epoch(
    model: keras.Model,
    batches: Iterable[Batch],
    options: TrainingOptions,
    number: int,
    average: WeightAverage | None,
    progress: Progress,
) -> Trained:
    """Train a compiled model for one epoch, number `number` from 1."""
    started = time.monotonic()
    first = (number - 1) * options.batches
    rate = learning_rate(options)
    # Weight files do not hold the state of dropout: tie it to the epoch, so that a resumed run
    # drops what the unbroken one would have dropped.
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
            layer.seed_generator.state.assign([options.seed, first])
    losses: list[float] = []
    progress(number, losses)
    for step, batch in enumerate(batches, first):
        model.optimizer.learning_rate = rate(step)
        model.reset_metrics()
        losses.append(float(model.train_on_batch(batch.windows, batch.targets, batch.weights)))
        if average:
            average.update(step)
        progress(number, losses)
    return Trained(
        epoch=number,
        seconds=time.monotonic() - started,
        learning_rate=rate(first + options.batches - 1),
        loss=float(np.mean(losses)),
    )


def device(model: keras.Model) -> str:
    """Return what kind of device a network is on, in whatever words a backend names devices."""
    name = str(model.weights[0].value.device).lower()
    return "GPU" if any(word in name for word in ("gpu", "cuda", "mps")) else "CPU"
