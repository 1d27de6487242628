"""What is trained while layers are frozen."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commandline import train
from small_networks import CONVOLUTIONS, FILTERS, narrow_vgg
from test_batches import write

from tagger.audio.log_mel import MelStrip
from tagger.errors import StoppedError
from trainer.data import dataset as prepared
from trainer.networks import vgg
from trainer.networks.strip_vgg import VGG16
from trainer.training import phases
from trainer.training.augmentation import Augmentation
from trainer.training.batches import WindowSampler
from trainer.training.fit import frozen_layers
from trainer.training.history import Epoch, History
from trainer.training.options import FitOptions
from trainer.training.plan import plan
from trainer.training.run_folder import load_run

ONCE = "their output is computed once for each of 12 windows"


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with narrow_vgg():
        yield


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, Path]:
    """Four tracks to train on, of three windows each, and two to validate on."""
    return write(tmp_path / "data", "aabb"), write(tmp_path / "valid", "ab", split="valid")


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    """A file of all convolutions."""
    rng = np.random.default_rng(0)
    blocks = zip(FILTERS, CONVOLUTIONS["VGG16"], strict=True)
    filters = [width for width, count in blocks for _ in range(count)]
    arrays = {}
    for name, given, made in zip(vgg.names("VGG16"), [3, *filters], filters, strict=False):
        kernel = rng.normal(0, np.sqrt(2 / (9 * given)), (3, 3, given, made))
        arrays[f"{name}_kernel"] = kernel.astype(np.float32)
        arrays[f"{name}_bias"] = np.zeros(made, np.float32)
    np.savez(tmp_path / "all.npz", **arrays)
    return tmp_path / "all.npz"


def fit(
    data: tuple[Path, Path], run: Path, pretrained: Path, *more: object, augment: str = "off"
) -> str:
    short = ("--epochs", 2, "--batches", 3, "--batch-size", 4, "--shrink", 2, "--warm-up", 0)
    frozen = ("--weights", pretrained, "--augment", augment)
    return train("fit", *data, "--run", run, *short, *frozen, *more)


def test_frozen_layers_are_computed_once(data, pretrained, tmp_path, monkeypatch):
    run, calls = tmp_path / "run", []
    compute = phases.feature_strips
    monkeypatch.setattr(
        phases, "feature_strips", lambda *given: calls.append(given) or compute(*given)
    )
    said = fit(data, run, pretrained, "--unfreeze-layers", 0, "--head-epochs", 1, "--average", 4)
    assert said.count(ONCE) == len(calls) == 1
    # The weights that are kept are those of the whole network.
    stored = load_run(run)
    first = stored.model("last").get_layer("block1_conv2").get_weights()[0]
    np.testing.assert_array_equal(first, np.load(pretrained)["block1_conv2_kernel"])
    heads = [stored.model(kept).get_layer("head").get_weights()[0] for kept in ("last", "average")]
    assert np.abs(heads[0] - heads[1]).max() > 0
    # What validation says is what the whole network says.
    best = max(
        History(run / "history.csv", Epoch).read(),
        key=lambda epoch: (epoch.track_accuracy, -epoch.track_loss),
    )
    found = load_run(run).model("best")
    tracks = prepared.load(data).split("valid")
    windows, owners = phases.spread_windows(tracks, MelStrip().grid, 2)
    probabilities = found.predict(windows, verbose=0)
    assert owners.tolist() == [0, 0, 1, 1]
    accuracy = (probabilities.argmax(1) == owners).mean()
    assert accuracy == pytest.approx(best.window_accuracy)


def test_layers_of_another_run_can_be_frozen(data, pretrained, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    fit(data, first, pretrained, "--unfreeze-layers", 0)
    said = train(
        *("fit", *data, "--run", second, "--init", first, "--augment", "off", "--unfreeze-from", 6),
        *("--epochs", 1, "--batches", 3, "--batch-size", 4, "--shrink", 2, "--warm-up", 0),
    )
    assert ONCE in said
    assert "no effect" not in said
    for layer, differs in (("block5_conv3", False), ("head", True)):
        kernels = [
            load_run(run).model("last").get_layer(layer).get_weights()[0] for run in (first, second)
        ]
        assert (np.abs(kernels[0] - kernels[1]).max() > 0) == differs


def test_a_stopped_training_of_a_head_goes_on_as_if_it_had_not_been(data, pretrained, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    frozen = ("--head-epochs", 2, "--head", 8)
    fit(data, whole, pretrained, *frozen)
    batch = WindowSampler.batch

    def stop(sampler: WindowSampler, number: int, size: int) -> object:
        if number == 5:
            raise KeyboardInterrupt
        return batch(sampler, number, size)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(StoppedError):
        patch.setattr(WindowSampler, "batch", stop)
        fit(data, broken, pretrained, *frozen)
    assert ONCE in train("fit", "--run", broken, "--resume")
    losses = [
        [epoch.loss for epoch in History(run / "history.csv", Epoch).read()]
        for run in (whole, broken)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "epochs", "head_alone"),
    [
        ({}, 1, True),
        ({"augmentation": Augmentation()}, 1, False),  # windows differ each time
        ({"unfreeze_layers": 1}, 1, False),
        ({"batches": 2}, 1, False),  # eight windows are drawn, of twelve
        ({"batches": 2}, 2, True),
    ],
)
def test_the_head_is_trained_alone_where_that_is_the_same_and_quicker(
    data, tmp_path, change, epochs, head_alone
):
    options = FitOptions(
        data=tuple(map(str, data)),
        batches=3,
        batch_size=4,
        unfreeze_layers=0,
        augmentation=Augmentation.off(),
    )
    options = replace(options, **change)
    model = VGG16.build((64, 64), 2, batch_norm=False, dropout=0.5)
    vgg.freeze(model, frozen_layers(VGG16, model, options, vgg.names("VGG16"), head_only=False))
    model.compile("adam", "categorical_crossentropy")
    said: list[str] = []
    planned = plan(tmp_path / "run", options, resume=False)
    begun = phases.Phases(planned, model, model, said.append)
    assert (begun.begin(epochs).model is not model) == head_alone == bool(said)
