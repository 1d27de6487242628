"""Pretraining: a network learns a teacher's vectors instead of labels.

The vectors are logits of tags and features that a network trained on far more music gives for
windows of unlabelled recordings (`targets.npy`); learning both is knowledge distillation (Hinton et
al. 2015) with hints (Romero et al. 2015). What the convolutions have learnt then starts a `fit`. A
linear probe on labelled tracks, every few epochs, shows how much of it serves to tell genres.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.dataset import TRACKS_FILE, load, read_rows, read_shrink
from trainer.data.targets import CROSS_ENTROPY, TargetPart, Targets, load_targets
from trainer.networks import vgg
from trainer.networks.backend import keras, layers
from trainer.training.averaging import WeightAverage
from trainer.training.batches import Array, Augmentation, _mask, _vary, cut_window, shrink

WINDOW = 64
JITTER = 0.25  # of a window: how far windows of the training are off those of the teacher


@dataclass(frozen=True, kw_only=True)
class Source:
    strips: list[NDArray[Any]]
    targets: Targets
    train: NDArray[np.int_]
    valid: NDArray[np.int_]


def read_source(folder: Path) -> Source:
    rows = read_rows(folder / TRACKS_FILE)
    splits = np.array([row.split for row in rows])
    return Source(
        strips=[np.load(folder / row.file) for row in rows],
        targets=load_targets(folder),
        train=np.flatnonzero(splits == "train"),
        valid=np.flatnonzero(splits == "valid"),
    )


class TargetSampler:
    """Draws augmented windows with the teacher's vectors."""

    def __init__(self, source: Source, augmentation: Augmentation, seed: int) -> None:
        self.source, self.augmentation, self.seed = source, augmentation, seed
        self._values = source.targets.values.astype(np.float32)

    def batch(self, number: int, size: int) -> tuple[Array, Array]:
        rng = np.random.default_rng((self.seed, number))
        starts = self.source.targets.starts
        stride = starts[1] - starts[0]
        windows, targets = [], []
        for index in rng.choice(self.source.train, size):
            strip = self.source.strips[index]
            window = int(rng.integers(len(starts)))
            offset = int(rng.integers(-1, 2)) * int(rng.integers(int(JITTER * WINDOW) + 1))
            start = int(np.clip(starts[window] + offset, starts[0], starts[-1]))
            place = (start - starts[0]) / stride
            below = min(int(place), len(starts) - 2)
            share = np.float32(place - below)
            values = self._values[index]
            targets.append(values[below] * (1 - share) + values[below + 1] * share)
            stretch = rng.uniform(-1, 1) * self.augmentation.stretch_frames
            length = min(round(WINDOW * (1 + stretch)), strip.shape[1] - start)
            piece = cut_window(strip, start, length)
            windows.append(_vary(piece, WINDOW, self.augmentation, rng))
        stacked = np.stack(windows)
        for one in stacked:
            _mask(one, self.augmentation, rng)
        if self.augmentation.noise:
            noise = rng.standard_normal(stacked.shape, dtype=np.float32)
            stacked += np.float32(self.augmentation.noise) * noise
        return stacked[..., None], np.stack(targets)

    def batches(self, first: int, count: int, size: int) -> Iterator[tuple[Array, Array]]:
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self.batch, first, size)
            for number in range(first + 1, first + count + 1):
                ready = ahead.result()
                if number < first + count:
                    ahead = pool.submit(self.batch, number, size)
                yield ready


def make_loss(parts: Sequence[TargetPart]) -> Callable[[Any, Any], Any]:
    """Sum over parts: the binary cross-entropy to the teacher's probabilities, summed over tags; squared error, mean."""

    def loss(true: Any, predicted: Any) -> Any:
        total, first = 0.0, 0
        for part in parts:
            one, other = (v[:, first : first + part.size] for v in (true, predicted))
            if part.loss == CROSS_ENTROPY:
                # The teacher's entropy is subtracted: zero is reached by copying it.
                p = keras.ops.sigmoid(one)
                cells = keras.ops.softplus(other) - p * other
                cells -= keras.ops.softplus(one) - p * one
            else:
                cells = keras.ops.square(one - other)
            if part.weights:
                cells = cells * keras.ops.convert_to_tensor(np.array(part.weights, np.float32))
            total = total + part.weight * keras.ops.mean(cells, axis=-1)
            first += part.size
        return total

    return loss


def build(targets: Targets, application: str, dropout: float) -> keras.Model:
    base = vgg.build_windows(application, 2, batch_norm=True, dropout=dropout)
    dropped = base.get_layer("dropout").output
    return keras.Model(
        base.input, layers.Dense(targets.size, dtype="float32", name="targets")(dropped)
    )


def probe(features: keras.Model, data: Any, factor: int) -> tuple[float, float]:
    """Accuracy of a logistic regression on the pooled features of windows, voting by track."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def of(split: str) -> tuple[Any, Any, Any, Any]:
        windows, owners, targets = [], [], []
        for number, track in enumerate(data.split(split)):
            targets.append(data.target(track))
            for strip in track.load():
                room = max(strip.shape[1] - 128, 0)
                for start in np.linspace(0, room, 1 + min(room // 128, 3)).astype(int):
                    windows.append(cut_window(strip, int(start), 128))
                    owners.append(number)
        x = features.predict(shrink(np.stack(windows), factor)[..., None], batch_size=64, verbose=0)
        return x, np.array(owners), np.array(targets), None

    x, owners, targets, _ = of("train")
    weight = 1 / np.bincount(owners)[owners]
    line = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=300))
    line.fit(x, targets[owners], logisticregression__sample_weight=weight)
    x, owners, targets, _ = of("valid")
    p = line.predict_log_proba(x)
    votes = np.stack([p[owners == i].mean(0) for i in range(len(targets))])
    return float((line.predict(x) == targets[owners]).mean()), float(
        (votes.argmax(1) == targets).mean()
    )


def main() -> None:
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("music", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--probe", type=Path, nargs="*")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--epochs", type=int, default=52)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--probe-every", type=int, default=4)
    a = parser.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(1)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    source = read_source(a.music)
    augmentation = Augmentation(
        mixup=0,
        masks=1,
        mask_bands=16,
        mask_frames=16,
        shift_bands=1,
        stretch_frames=0.05,
        equaliser=0.15,
        gain=0.2,
        noise=0.1,
    ).scaled(read_shrink(a.music))
    sampler = TargetSampler(source, augmentation, 1)
    model = build(source.targets, "VGG16", 0.1)
    if a.weights:
        print(vgg.take_weights(model, vgg.read_weights("VGG16", a.weights)))
    print(f"{len(source.train)} recordings, {len(source.valid)} to validate on", flush=True)
    opt = keras.optimizers.AdamW(a.rate, weight_decay=0.05, global_clipnorm=5.0)
    opt.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    opt.build(model.trainable_variables)
    model.compile(opt, make_loss(source.targets.parts), jit_compile=False)
    features = keras.Model(model.input, model.get_layer("pooled").output)
    labelled = load(a.probe) if a.probe else None
    done = 0
    log = a.run / "history.csv"
    average = WeightAverage(model, 2 * a.batches)
    if (a.run / "last.weights.h5").exists():
        model.load_weights(a.run / "last.weights.h5")
        done = len(log.read_text().splitlines())
        average = WeightAverage(model, 2 * a.batches)
    starts = source.targets.starts
    vx = np.stack(
        [cut_window(source.strips[i], s, WINDOW) for i in source.valid for s in starts[::2]]
    )[..., None]
    vy = source.targets.values[source.valid][:, ::2].reshape(len(vx), -1).astype(np.float32)
    total = a.epochs * a.batches
    for epoch in range(done, a.epochs):
        t, losses = time.monotonic(), []
        for step, (x, y) in enumerate(
            sampler.batches(epoch * a.batches, a.batches, a.batch_size), epoch * a.batches
        ):
            progress = max(step - 200, 0) / (total - 200)
            rate = a.rate * min(1, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * progress))
            model.optimizer.learning_rate = rate
            losses.append(float(model.train_on_batch(x, y)))
            model.reset_metrics()
            average.update(step)
        seconds = time.monotonic() - t
        with average.in_place(()) if False else _nothing():
            pred = model.predict(vx, batch_size=128, verbose=0)
        v = float(np.mean(keras.ops.convert_to_numpy(make_loss(source.targets.parts)(vy, pred))))
        corr = float(np.mean([np.corrcoef(vy[:, i], pred[:, i])[0, 1] for i in range(50)]))
        fc = float(np.mean([np.corrcoef(vy[:, i], pred[:, i])[0, 1] for i in range(50, 82)]))
        found = (math.nan, math.nan)
        if labelled and (epoch % a.probe_every == a.probe_every - 1 or epoch == a.epochs - 1):
            found = probe(features, labelled, 2)
        model.save_weights(a.run / "part.weights.h5", overwrite=True)
        (a.run / "part.weights.h5").replace(a.run / "last.weights.h5")
        line = f"{epoch + 1},{seconds:.1f},{rate:.3g},{np.mean(losses):.4f},{v:.4f},{corr:.4f},{fc:.4f},{found[0]:.4f},{found[1]:.4f}"
        with log.open("a") as f:
            f.write(line + "\n")
        print(line, f"{a.batches * a.batch_size / seconds:.1f} w/s", flush=True)


from contextlib import nullcontext as _nothing  # noqa: E402

if __name__ == "__main__":
    main()
