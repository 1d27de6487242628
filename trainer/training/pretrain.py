"""Pretraining: a network learns a teacher's vectors instead of labels.

The vectors are logits of tags and features that a network trained on far more music gives for
windows of recordings; learning both is knowledge distillation (Hinton et al. 2015) with hints
(Romero et al. 2015). A `fit` can then start from the convolutions.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace

import numpy as np

from trainer.networks import optimizers
from trainer.networks.backend import keras, layers, set_seed
from trainer.networks.base import architecture, window_shape
from trainer.training.averaging import MEASURED, WeightAverage
from trainer.training.batches import Batch
from trainer.training.epoch import Progress, device, train_epoch
from trainer.training.history import PretrainEpoch
from trainer.training.pretrain_plan import PretrainPlan
from trainer.training.pretraining_folder import Pretraining, load_pretraining
from trainer.training.probe import ProbeScore, probe
from trainer.training.run_folder import extended, save_weights, surroundings
from trainer.training.seen_tracks import seen_as_taught
from trainer.training.target_batches import TargetSampler, validation_batch
from trainer.training.target_loss import correlations, mean_loss, target_loss

OUTPUTS = "targets"
"""The name of the last layer."""


def pretrain(
    plan: PretrainPlan, *, report: Callable[[str], None], progress: Progress
) -> Pretraining:
    """Pretrain a network, and leave a run folder behind.

    An interrupted run goes on after its last whole epoch, with the batches and the learning rate
    that it would have had.

    Raises:
        DataError: first weights or folder cannot be used.
    """
    options, parts, past = plan.options, plan.recordings.targets.parts, plan.past
    set_seed(options.seed)
    keras.mixed_precision.set_dtype_policy(options.precision)
    run, model = _build(plan, report)
    features = keras.Model(model.input, model.get_layer(OUTPUTS).input)
    report(
        f"{plan.recordings.split('train').size} recordings to train on, "
        f"{plan.recordings.split('valid').size} to validate on, "
        f"{run.outputs} outputs, {model.count_params() / 1e6:.1f} million weights, "
        f"{keras.backend.backend()} on {device(model)} in {options.precision}"
    )
    loss = target_loss(parts)
    optimizer = optimizers.make_optimizer(
        options.optimizer,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
    )
    optimizers.compile_model(model, optimizer, loss)
    if past:
        model.load_weights(run.weights("last"))
    average = _average(model, run, resumed=bool(past))
    grid = plan.front_end.grid
    sampler = TargetSampler(
        plan.recordings, grid, options.augmentation, seed=options.seed, factor=options.shrink
    )
    held_out = validation_batch(plan.recordings, grid, options.shrink)
    for number in range(len(past) + 1, options.epochs + 1):
        first = (number - 1) * options.batches
        batches = sampler.batches(first, options.batches, options.batch_size)
        trained = train_epoch(model, batches, options, number, average, progress)
        some = sampler.batches(first, 1 + MEASURED, options.batch_size)
        with average.in_place(some) if average else nullcontext():
            validation_loss, fit_of_parts = math.nan, dict[str, float]()
            if held_out:
                predicted = _predict(model, held_out)
                validation_loss = mean_loss(loss)(held_out.targets, predicted)
                fit_of_parts = correlations(parts, held_out.targets, predicted)
            probed = None
            if plan.probe and (number % options.probe_every == 0 or number == options.epochs):
                probed = probe(features, plan.probe, grid, options.shrink)
            if average:
                save_weights(model, run.weights("average"))
        save_weights(model, run.weights("last"))
        epoch = PretrainEpoch(
            **asdict(trained),
            validation_loss=validation_loss,
            correlation=_mean_correlation(fit_of_parts),
            probe_window_accuracy=probed.window_accuracy if probed else math.nan,
            probe_track_accuracy=probed.track_accuracy if probed else math.nan,
        )
        run.history.append(epoch)
        report(_line(epoch, plan, fit_of_parts, probed))
    return run


def _build(plan: PretrainPlan, report: Callable[[str], None]) -> tuple[Pretraining, keras.Model]:
    """Return the run and its network."""
    options, outputs = plan.options, plan.recordings.targets.size
    if plan.past:
        run = load_pretraining(plan.folder)
        if run.options != options:
            longer = extended(run.metadata, len(plan.past))
            run = replace(run, options=options, metadata=longer)
            run.save()
        return run, build_network(run, outputs)
    network = architecture(options.arch, plan.front_end)
    weights = network.weights(options.weights)
    batch_norm = options.batch_norm
    if batch_norm is None:
        batch_norm = network.wants_batch_norm(weights)
    run = Pretraining(
        folder=plan.folder,
        options=options,
        front_end=plan.front_end,
        batch_norm=batch_norm,
        outputs=outputs,
        metadata={},
    )
    model = build_network(run, outputs)
    taken = network.take(model, weights)
    if taken:
        report(f"Taken from {options.weights}: {', '.join(taken)}")
    metadata = {"pretrained": taken, **surroundings(keras.backend.backend())}
    seen_as_taught(plan.recordings).save(plan.folder)
    run = replace(run, metadata=metadata)
    run.save()  # last: with it the folder is a run, which a repeated command would refuse
    return run, model


def build_network(run: Pretraining, outputs: int) -> keras.Model:
    """Build a network as `fit` does, with a linear layer of `outputs` units in place of its head.

    Names and order of the other layers are those of `fit`, which starts from their weights.
    """
    base = architecture(run.options.arch, run.front_end).build(
        window_shape(run.front_end, run.options.shrink),
        1,
        batch_norm=run.batch_norm,
        dropout=run.options.dropout,
    )
    last = layers.Dense(outputs, dtype="float32", name=OUTPUTS)
    return keras.Model(base.input, last(base.get_layer("head").input))


def _average(model: keras.Model, run: Pretraining, *, resumed: bool) -> WeightAverage | None:
    """Return the moving average of the weights, if one was asked for."""
    options = run.options
    if not options.average:
        return None
    start = None
    if resumed:
        averaged = build_network(run, run.outputs)
        averaged.load_weights(run.weights("average"))
        start = averaged.get_weights()
    loss = mean_loss(model.loss)
    return WeightAverage(model, options.average * options.batches, start, loss)


def _predict(model: keras.Model, batch: Batch) -> np.ndarray:
    return np.asarray(model.predict(batch.windows, batch_size=64, verbose=0))


def _mean_correlation(fit_of_parts: dict[str, float]) -> float:
    """Return the mean over the parts that have a correlation; NaN if none has."""
    known = [value for value in fit_of_parts.values() if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _line(
    epoch: PretrainEpoch,
    plan: PretrainPlan,
    fit_of_parts: dict[str, float],
    probed: ProbeScore | None,
) -> str:
    options = plan.options
    rate = options.batches * options.batch_size / epoch.seconds
    validation = ""
    if fit_of_parts:
        parts = ", ".join(
            # Of one window, or of targets that are all alike, there is no correlation.
            f"{name} –" if math.isnan(value) else f"{name} {value:.3f}"
            for name, value in fit_of_parts.items()
        )
        validation = f"  validation {epoch.validation_loss:.3f} ({parts})"
    probe_text = f"  probe {probed.track_accuracy:.1%}" if probed else ""
    return (
        f"epoch {epoch.epoch:3d}/{options.epochs}  loss {epoch.loss:.3f}{validation}{probe_text}"
        f"  {rate:5.1f} windows/s"
    )
