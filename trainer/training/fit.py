"""The training loop."""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import Any

from tagger.output.console import printable
from trainer.networks import optimizers, vgg
from trainer.networks.backend import keras, set_seed
from trainer.networks.base import WHOLE_BACKBONE, Architecture, architecture, window_shape
from trainer.training.averaging import MEASURED, WeightAverage
from trainer.training.epoch import Progress, device, train_epoch
from trainer.training.history import Epoch
from trainer.training.options import FitOptions
from trainer.training.phases import Phases
from trainer.training.plan import Plan
from trainer.training.run_folder import (
    Run,
    extended,
    load_run,
    load_weights,
    save_weights,
    surroundings,
)
from trainer.training.seen_tracks import divided_groups
from trainer.training.target_loss import mean_loss
from trainer.training.validation import Validation, validate
from trainer.training.vectors import joint_loss, with_vectors


def fit(plan: Plan, *, report: Callable[[str], None], progress: Progress) -> Run:
    """Train, and leave a run folder behind.

    An interrupted run goes on after its last whole epoch, with the batches and the learning rate
    that it would have had.

    Raises:
        DataError: first weights or folder cannot be used.
    """
    options, data, past = plan.options, plan.data, plan.past
    held_out = plan.held_out
    set_seed(options.seed)
    keras.mixed_precision.set_dtype_policy(options.precision)
    run, model, pretrained = _build(plan, report)
    _announce(plan, model, report)
    network = architecture(options.arch, plan.front_end)
    whole, loss = _with_vectors(plan, model)
    phases = Phases(plan, model, whole, report)
    best = max(past, key=lambda epoch: (epoch.track_accuracy, -epoch.track_loss), default=None)
    average = _average(whole, run, loss, resumed=bool(past))
    history = run.history
    head_only, warning = None, ""
    for number in range(len(past) + 1, options.epochs + 1):
        if head_only != (head_only := number <= options.head_epochs):
            frozen = frozen_layers(network, model, options, pretrained, head_only=head_only)
            vgg.freeze(model, frozen)
            _compile(whole, options, loss)
            if past and number == len(past) + 1:
                _load_last(whole, run, same_phase=(len(past) <= options.head_epochs) == head_only)
            of_head = min(options.head_epochs, options.epochs)
            phase = phases.begin(of_head if head_only else options.epochs - of_head)
        first = (number - 1) * options.batches
        drawn = phase.batches(first, options.batches)
        trained = train_epoch(phase.model, drawn, options, number, average, progress)
        some = phase.batches(first, 1 + MEASURED)
        with average.in_place(some) if average else nullcontext():
            found = validate(phase.genres, phase.held_out, data, held_out)
            epoch = Epoch(
                **asdict(trained),
                window_accuracy=found.window_accuracy,
                track_accuracy=found.track_accuracy,
                track_loss=found.track_loss,
            )
            if held_out and epoch.better_than(best):
                best, warning = epoch, found.nothing_to_write
                save_weights(whole, run.weights("best"))
            if average:
                save_weights(whole, run.weights("average"))
        save_weights(whole, run.weights("last"))
        history.append(epoch)
        is_best = held_out != () and best is epoch
        report(epoch_line(epoch, options, is_best=is_best, flattering=bool(data.flattering)))
        if len(found.by_source) > 1:
            report(_by_source(found))
        if options.patience and best and number - best.epoch >= options.patience:
            report(f"No better validation for {options.patience} epochs: stopped.")
            break
    if warning:
        report(warning)
    return run


def _announce(plan: Plan, model: keras.Model, report: Callable[[str], None]) -> None:
    """Say what is trained, on what, and what there is to know about its figures."""
    report(
        f"{len(plan.tracks)} tracks to train on, {len(plan.held_out)} to validate on, "
        f"{len(plan.data.labels)} genres, {model.count_params() / 1e6:.1f} million weights, "
        f"{keras.backend.backend()} on {device(model)} in {plan.options.precision}"
    )
    if plan.left_out:
        report(
            f"Tracks without labels that are recordings kept aside: {len(plan.left_out)}, such "
            f"as {printable(plan.left_out[0])}; left out."
        )
    if plan.data.flattering:
        report(f"Figures below are flattering: {plan.data.flattering}.")
    if divided := divided_groups(plan.tracks, plan.held_out):
        report(
            f"Artists or albums in training and validation: {len(divided)}, such as "
            f"{printable(divided[0])}; figures will be flattered."
        )
    if plan.seen and plan.seen.unknown:
        report(
            f"What {', '.join(plan.seen.unknown)} was trained on is not recorded, so it cannot be "
            "checked against the tracks that are scored."
        )


def _build(plan: Plan, report: Callable[[str], None]) -> tuple[Run, keras.Model, tuple[str, ...]]:
    """Return the run, its network, and the names of the layers that came pretrained."""
    options = plan.options
    if plan.past:
        run = _resumed(plan, report)
        return run, run.model("last"), tuple(run.metadata["pretrained"])
    network = architecture(options.arch, plan.front_end)
    taken: tuple[str, ...] = ()
    weights = network.weights("none" if plan.start else options.weights)
    if plan.start:
        batch_norm = plan.start.batch_norm
    elif options.batch_norm is None:
        batch_norm = network.wants_batch_norm(weights)
    else:
        batch_norm = options.batch_norm
    model = network.build(
        window_shape(plan.front_end, options.shrink),
        len(plan.data.labels),
        batch_norm=batch_norm,
        dropout=options.dropout,
        head=options.head,
    )
    if plan.start:
        plan.start.load_into(model, plan.data.labels)
        taken = WHOLE_BACKBONE
        report(f"Starting from the weights of {options.init}")
    elif taken := network.take(model, weights):
        report(f"Taken from {options.weights}: {', '.join(taken)}")
    metadata = {"pretrained": taken, **surroundings(keras.backend.backend())}
    run = Run(
        folder=plan.folder,
        options=options,
        front_end=plan.front_end,
        labels=plan.data.labels,
        batch_norm=batch_norm,
        metadata=metadata,
    )
    if plan.seen:
        plan.seen.save(plan.folder)
    run.save()  # last: with it the folder is a run, which a repeated command would refuse
    return run, model, taken


def _resumed(plan: Plan, report: Callable[[str], None]) -> Run:
    """Return the run that goes on; a longer one than it was to be is noted in its folder."""
    run = load_run(plan.folder)
    if run.options == plan.options:
        return run
    done, epochs = len(plan.past), plan.options.epochs
    if run.options.epochs != epochs:
        report(
            f"{run.options.epochs} epochs become {epochs}; from epoch {done + 1} on the learning "
            f"rate is that of a training of {epochs}."
        )
    longer = replace(run, options=plan.options, metadata=extended(run.metadata, done))
    longer.save()
    return longer


def frozen_layers(
    network: Architecture,
    model: keras.Model,
    options: FitOptions,
    pretrained: Sequence[str],
    *,
    head_only: bool,
) -> tuple[str, ...]:
    """Return which of the layers that came pretrained stay as they are."""
    taken = network.frozen(model, pretrained, math.inf)
    if head_only:
        return taken
    if options.unfreeze_layers is None:
        return network.frozen(model, pretrained, options.unfreeze_from)
    return taken[: max(len(taken) - options.unfreeze_layers, 0)]


def _with_vectors(plan: Plan, model: keras.Model) -> tuple[keras.Model, Any]:
    """Return what is trained, with a teacher's vectors if there are any, and its loss."""
    smoothing = plan.options.label_smoothing
    if not plan.recordings:
        return model, keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    targets = plan.recordings.targets
    loss = joint_loss(targets.parts, len(plan.data.labels), smoothing)
    return with_vectors(model, targets.size), loss


def _compile(model: keras.Model, options: FitOptions, loss: Any) -> None:
    """Make a fresh optimizer for what trains."""
    optimizer = optimizers.make_optimizer(
        options.optimizer,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        layer_decay=options.layer_decay,
    )
    optimizers.compile_model(model, optimizer, loss)


def _load_last(model: keras.Model, run: Run, *, same_phase: bool) -> None:
    """Restore the weights and, unless a new phase begins here, the optimizer's state."""
    if same_phase:
        model.optimizer.build(model.trainable_variables)
        model.load_weights(run.weights("last"))


def _average(model: keras.Model, run: Run, loss: Any, *, resumed: bool) -> WeightAverage | None:
    """Return the moving average of the weights, if one was asked for."""
    options = run.options
    if not options.average:
        return None
    own = model.get_weights()
    if resumed:
        load_weights(model, run.there("average"))
    start = model.get_weights()
    model.set_weights(own)
    return WeightAverage(model, options.average * options.batches, start, mean_loss(loss))


def epoch_line(epoch: Epoch, options: FitOptions, *, is_best: bool, flattering: bool) -> str:
    """Return the line of an epoch, which fits a terminal of eighty columns."""
    rate = options.batches * options.batch_size / epoch.seconds
    validation = (
        ""
        if math.isnan(epoch.track_accuracy)
        else f"  windows {epoch.window_accuracy:.1%}  tracks {epoch.track_accuracy:.1%}"
        f", loss {epoch.track_loss:.3f}{'*' if is_best else ''}"
    )
    return (
        f"epoch {epoch.epoch:3d}/{options.epochs}  loss {epoch.loss:.3f}{validation}"
        f"{' (flattering)' if flattering else f'  {rate:.1f}/s'}"
    )


def _by_source(found: Validation) -> str:
    return "           tracks of " + ", ".join(
        f"{name} {accuracy:.1%}" for name, accuracy in found.by_source.items()
    )
