"""The training loop."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from trainer.data.dataset import DataSet, Track
from trainer.networks import optimizers, vgg
from trainer.networks.architectures import architecture, window_shape
from trainer.networks.backend import keras
from trainer.training.averaging import MEASURED, WeightAverage
from trainer.training.batches import Batch, WindowSampler, cut_window, shrink, shrunk
from trainer.training.history import Epoch
from trainer.training.options import FitOptions
from trainer.training.plan import Plan
from trainer.training.run_folder import Run, load_run, save_weights, surroundings
from trainer.training.teachers import Teachers
from trainer.voting import track_probabilities

Progress = Callable[[int, Sequence[float]], None]
"""Takes the number of the epoch and the losses of its batches so far."""

AFTER_ALL_BLOCKS = 6  # of VGG: training only the head
CLIP_NORM = 5.0
VALIDATION_WINDOWS = 4  # a strip; enough to steer by, `evaluate` takes them all


def fit(plan: Plan, *, report: Callable[[str], None], progress: Progress) -> Run:
    """Train, and leave a run folder behind.

    An interrupted run goes on after its last whole epoch, with the batches and the learning rate
    that it would have had.

    Raises:
        DataError: first weights or folder cannot be used.
    """
    options, data, past = plan.options, plan.data, plan.past
    tracks, held_out = plan.tracks, plan.held_out
    network = architecture(options.arch)
    keras.utils.set_random_seed(options.seed)
    keras.mixed_precision.set_dtype_policy(options.precision)
    run, model, pretrained = _build(plan, report)
    teachers = Teachers(plan.teachers, options.teacher_share)
    report(
        f"{len(tracks)} tracks to train on, {len(held_out)} to validate on, "
        f"{len(data.labels)} genres, {model.count_params() / 1e6:.1f} million weights, "
        f"{keras.backend.backend()} on {_device(model)} in {options.precision}"
    )
    if data.flattering:
        report(f"Figures below are flattering: {data.flattering}.")
    sampler = WindowSampler(
        data,
        tracks,
        run.front_end.grid,
        options.augmentation,
        balance=options.balance,
        seed=options.seed,
        factor=options.shrink,
        shares=plan.shares,
    )

    def batches(first: int, count: int) -> Iterator[Batch]:
        drawn = sampler.batches(first, count, options.batch_size)
        return (shrunk(teachers.teach(batch), 1) for batch in drawn)

    best = max(past, key=lambda epoch: (epoch.track_accuracy, -epoch.track_loss), default=None)
    average = _average(model, run, resumed=bool(past))
    history = run.history
    phase = None
    for number in range(len(past) + 1, options.epochs + 1):
        if phase != (phase := number <= options.head_epochs):
            block = AFTER_ALL_BLOCKS if phase else options.unfreeze_from
            _compile(model, options, network.frozen(model, pretrained, block))
            if past and number == len(past) + 1:
                _load_last(model, run, same_phase=(len(past) <= options.head_epochs) == phase)
        first = (number - 1) * options.batches
        trained = _one_epoch(
            model, batches(first, options.batches), options, number, average, progress
        )
        some = batches(first, 1 + MEASURED)
        with average.in_place(some) if average else nullcontext():
            epoch = Epoch(*trained, *_validate(model, run, data, held_out))
            if held_out and epoch.better_than(best):
                best = epoch
                save_weights(model, run.weights("best"))
            if average:
                save_weights(model, run.weights("average"))
        save_weights(model, run.weights("last"))
        history.append(epoch)
        mark = "  (flattering)" if data.flattering else ""
        report(_line(epoch, options, is_best=held_out != () and best is epoch) + mark)
        if options.patience and best and number - best.epoch >= options.patience:
            report(f"No better validation for {options.patience} epochs: stopped.")
            break
    return run


def _build(plan: Plan, report: Callable[[str], None]) -> tuple[Run, keras.Model, tuple[str, ...]]:
    """Return the run, its network, and the names of the layers that came pretrained."""
    options = plan.options
    if plan.past:
        run = load_run(plan.folder)
        return run, run.model("last"), tuple(run.facts["pretrained"])
    network = architecture(options.arch)
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
    )
    if plan.start:
        plan.start.load_into(model, plan.data.labels)
        report(f"Starting from the weights of {options.init}")
    elif taken := network.take(model, weights):
        report(f"Taken from {options.weights}: {', '.join(taken)}")
    facts = {"pretrained": taken, **surroundings(keras.backend.backend())}
    run = Run(plan.folder, options, plan.front_end, plan.data.labels, batch_norm, facts)
    run.save()
    return run, model, taken


def _compile(model: keras.Model, options: FitOptions, frozen: Sequence[str]) -> None:
    """Freeze, and make a fresh optimizer for what trains."""
    vgg.freeze(model, frozen)
    if options.optimizer == "adam":
        optimizer = keras.optimizers.Adam(options.learning_rate, global_clipnorm=CLIP_NORM)
    else:
        optimizer = optimizers.AdamWByDepth(
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            global_clipnorm=CLIP_NORM,
            layer_decay=options.layer_decay,
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    # Built here, or TensorFlow would trace the first step twice: with its variables, and without.
    optimizer.build(model.trainable_variables)
    # XLA makes the training of VGG16 on a CPU slower by half.
    model.compile(optimizer, "categorical_crossentropy", jit_compile=False)


def _device(model: keras.Model) -> str:
    """Return what kind of device a network is on, in whatever words a backend names devices."""
    name = str(model.weights[0].value.device).lower()
    return "GPU" if any(word in name for word in ("gpu", "cuda", "mps")) else "CPU"


def _load_last(model: keras.Model, run: Run, *, same_phase: bool) -> None:
    """Restore the weights and, unless a new phase begins here, the optimizer's state."""
    if same_phase:
        model.optimizer.build(model.trainable_variables)
        model.load_weights(run.weights("last"))


def _average(model: keras.Model, run: Run, *, resumed: bool) -> WeightAverage | None:
    options = run.options
    if not options.average:
        return None
    start = run.model("average").get_weights() if resumed else None
    return WeightAverage(model, options.average * options.batches, start)


def learning_rate(step: int, options: FitOptions) -> float:
    """Return the learning rate of a batch: a linear warm-up, then a cosine down to zero."""
    if step < options.warm_up:
        return options.learning_rate * (step + 1) / options.warm_up
    total = options.epochs * options.batches
    progress = (step - options.warm_up) / max(total - options.warm_up, 1)
    return options.learning_rate * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def _one_epoch(
    model: keras.Model,
    batches: Iterable[Batch],
    options: FitOptions,
    number: int,
    average: WeightAverage | None,
    progress: Progress,
) -> tuple[int, float, float, float]:
    """Return its number, the seconds it took, the last learning rate and the mean loss."""
    started = time.monotonic()
    first = (number - 1) * options.batches
    # Weight files do not hold the state of dropout: tie it to the epoch, so that a resumed run
    # drops what the unbroken one would have dropped.
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
            layer.seed_generator.state.assign([options.seed, first])
    losses: list[float] = []
    progress(number, losses)
    for step, batch in enumerate(batches, first):
        model.optimizer.learning_rate = learning_rate(step, options)
        model.reset_metrics()
        losses.append(float(model.train_on_batch(batch.windows, batch.targets, batch.weights)))
        if average:
            average.update(step)
        progress(number, losses)
    return (
        number,
        time.monotonic() - started,
        learning_rate(first + options.batches - 1, options),
        float(np.mean(losses)),
    )


def _validate(
    model: keras.Model, run: Run, data: DataSet, tracks: Sequence[Track]
) -> tuple[float, float, float]:
    """Return window accuracy, track accuracy and track loss."""
    if not tracks:
        return math.nan, math.nan, math.nan
    window = run.front_end.grid.window
    windows: list[Any] = []
    owner: list[int] = []
    for index, track in enumerate(tracks):
        for strip in track.load():
            room = max(strip.shape[1] - window, 0)
            count = min(VALIDATION_WINDOWS, 1 + room // window)
            starts = np.linspace(0, room, count + 2)[1:-1].astype(int)
            windows += [cut_window(strip, int(start), window) for start in starts]
            owner += [index] * count
    stacked = shrink(np.stack(windows), run.options.shrink)[..., None]
    probabilities = model.predict(stacked, batch_size=64, verbose=0)
    owners = np.array(owner)
    targets = np.array([data.target(track) for track in tracks])
    votes = track_probabilities(probabilities, owners, len(tracks))
    return (
        float((probabilities.argmax(1) == targets[owners]).mean()),
        float((votes.argmax(1) == targets).mean()),
        float(-np.log(votes[np.arange(len(tracks)), targets] + 1e-9).mean()),
    )


def _line(epoch: Epoch, options: FitOptions, *, is_best: bool) -> str:
    rate = options.batches * options.batch_size / epoch.seconds
    validation = (
        ""
        if math.isnan(epoch.track_accuracy)
        else f"  windows {epoch.window_accuracy:6.1%}  tracks {epoch.track_accuracy:6.1%}"
        f"  track loss {epoch.track_loss:.3f}{'  *' if is_best else ''}"
    )
    return (
        f"epoch {epoch.epoch:3d}/{options.epochs}  loss {epoch.loss:.3f}{validation}"
        f"  {rate:5.1f} windows/s"
    )
