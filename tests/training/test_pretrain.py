"""Pretraining on a teacher's vectors."""

import json
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commandline import train
from hypothesis import given
from hypothesis import strategies as st

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.recordings import load_recordings
from trainer.data.targets import TargetPart, Targets, load_targets
from trainer.data.tracks_table import Row, read_rows, write_rows
from trainer.training.augmentation import Augmentation
from trainer.training.display import TrainingDisplay
from trainer.training.history import History, PretrainEpoch
from trainer.training.pretrain import _line, _mean_correlation
from trainer.training.pretraining_folder import load_pretraining
from trainer.training.seen_tracks import load_seen
from trainer.training.start import load_start
from trainer.training.target_batches import TargetSampler, interpolate, validation_batch

WINDOW = 64  # half-resolution frames
TINY = "--arch cnn14 --shrink 2 --epochs 3 --batches 4 --batch-size 8 --warm-up 2".split()
TINY += "--learning-rate 0.003 --probe-every 2 --average 1".split()
PARTS = (
    TargetPart(name="tags", size=2, loss="cross-entropy", weight=5),
    TargetPart(name="features", size=1, loss="squared-error"),
)


def write_data(folder: Path, splits: str, *, genres: str = "ab") -> Path:
    """Half-resolution strips, brighter in one genre than in the other, with level as target."""
    rng = np.random.default_rng(0)
    rows, values = [], []
    for number, letter in enumerate(splits):
        genre = genres[number % len(genres)]
        split = {"t": "train", "v": "valid"}[letter]
        strip = rng.standard_normal((64, 3 * WINDOW)).astype(np.float32) / 4
        strip[: 32 if genre == "a" else 64] += rng.uniform(0.5, 1)
        file = f"{genre}/{number}.npy"
        prepared.save_strip(folder / file, strip, np.float16)
        rows.append(Row(file=file, genre=genre, track=str(number), split=split))
        windows = [strip[:, start : start + WINDOW] for start in (0, 64, 128)]
        values.append([[w[:32].mean() * 4, w[32:].mean() * 4, w.mean()] for w in windows])
    write_rows(folder / "tracks.csv", rows)
    Targets(values=np.array(values), starts=(0, 64, 128), parts=PARTS).save(folder)
    prepared.write_front_end(folder, MelStrip(), 2)
    return folder


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("music"), "ttttttvv")


@pytest.fixture(scope="module")
def run(music: Path) -> Path:
    folder = music.parent / "pretrained"
    text = train("pretrain", music, "--run", folder, *TINY, "--probe", music)
    assert "6 recordings to train on, 2 to validate on, 3 outputs" in text
    assert "epoch   3/3" in text
    assert "probe" in text
    return folder


def history(run: Path) -> list[PretrainEpoch]:
    return History(run / "history.csv", PretrainEpoch).read()


def test_loss_falls_and_every_epoch_is_noted(run):
    epochs = history(run)
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
    assert epochs[-1].loss < epochs[0].loss
    assert all(np.isfinite(epoch.validation_loss) for epoch in epochs)
    assert [np.isfinite(epoch.probe_track_accuracy) for epoch in epochs] == [False, True, True]


def test_what_a_pretraining_has_seen_is_recorded(run, music):
    """All that it was trained on by name and audio, and that nobody knows of its teacher."""
    seen = load_seen(run)
    trained = load_recordings(music).split("train")
    assert seen.names == tuple(load_recordings(music).rows[index].full_name for index in trained)
    assert len(set(seen.digests)) == len(trained)
    assert seen.unknown == (f"the teacher of {music.name}",)


def test_a_resumed_pretraining_ends_like_an_unbroken_one(run, music, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    show = TrainingDisplay.progress

    def stop(display, epoch, losses):
        if (epoch, len(losses)) == (2, 1):
            raise KeyboardInterrupt
        show(display, epoch, losses)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingDisplay, "progress", stop)
        with pytest.raises(Exception, match="genretag-train pretrain --run"):
            train("pretrain", music, "--run", broken, *TINY, "--probe", music)
    assert len(history(broken)) == 1
    train("pretrain", "--run", broken, "--resume")
    assert load_pretraining(broken).options == load_pretraining(run).options
    for name in ("loss", "validation_loss"):
        found, expected = (
            [getattr(epoch, name) for epoch in history(folder)] for folder in (broken, run)
        )
        np.testing.assert_allclose(found, expected, rtol=5e-3)


def test_a_run_goes_on_with_its_data_named_again_but_not_with_other_data(run, music, tmp_path):
    longer, other = tmp_path / "longer", tmp_path / "other"
    shutil.copytree(run, longer)
    shutil.copytree(music, other)
    train("pretrain", music, "--run", longer, "--resume", "--epochs", 4)
    assert [epoch.epoch for epoch in history(longer)] == [1, 2, 3, 4]
    begun = f"begun with other options: DATA is {other} and was {music}. Repeat"
    with pytest.raises(DataError, match=re.escape(begun)):
        train("pretrain", other, "--run", longer, "--resume", "--epochs", 5)
    assert len(history(longer)) == 4


def test_a_run_is_not_begun_twice_and_not_resumed_without_its_weights(run, music, tmp_path):
    with pytest.raises(DataError, match="--resume"):
        train("pretrain", music, "--run", run, *TINY)
    lost = tmp_path / "lost"
    lost.mkdir()
    for name in ("run.toml", "run.json", "history.csv"):
        (lost / name).write_text((run / name).read_text())
    with pytest.raises(DataError, match=r"3 epochs are done, but last\.weights\.h5 is missing"):
        train("pretrain", "--run", lost, "--resume")
    with pytest.raises(DataError, match="is a pretraining"):
        train("evaluate", run)


@pytest.mark.usefixtures("untraced")
def test_a_fit_starts_from_the_pretrained_layers(run, music, tmp_path):
    from trainer.training.pretrain import build_network

    assert load_start(run).weights.name == "average.weights.h5"
    folder = tmp_path / "fit"
    options = "--shrink 2 --epochs 1 --batches 1 --batch-size 2 --learning-rate 0".split()
    text = train("fit", music, "--run", folder, "--arch", "cnn14", "--init", run, *options)
    assert "Starting from the weights" in text
    from trainer.training.run_folder import load_run

    begun = load_run(folder).model("last")
    pretrained = build_network(load_pretraining(run), 3)
    pretrained.load_weights(run / "average.weights.h5")
    for mine, theirs in zip(begun.layers[:-1], pretrained.layers[:-1], strict=True):
        for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(weight, expected, atol=1e-6)
    with pytest.raises(DataError, match="trained cnn14, not vgg16"):
        train("fit", music, "--run", tmp_path / "other", "--init", run, *options)


def test_vgg_keeps_the_names_and_order_that_weight_files_go_by(tmp_path):
    """A weight file finds layers by their kind and number: pretraining and fit must agree."""
    from trainer.networks.base import architecture
    from trainer.training.options import PretrainOptions
    from trainer.training.pretrain import build_network
    from trainer.training.pretraining_folder import Pretraining

    run = Pretraining(
        folder=tmp_path,
        options=PretrainOptions(data="music", shrink=2),
        front_end=MelStrip(),
        batch_norm=True,
        outputs=5,
        metadata={},
    )
    fitted = architecture("vgg16", MelStrip()).build((64, 64), 10, batch_norm=True, dropout=0.5)
    names = [layer.name for layer in build_network(run, 5).layers]
    assert names[1:-1] == [layer.name for layer in fitted.layers][1:-1]
    assert (names[-1], fitted.layers[-1].name) == ("targets", "head")
    assert (names[1], names[-3]) == ("block1_conv1", "pooled")


# Targets


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
def test_a_target_lies_between_those_of_the_windows_around_it(counts, data):
    """Strips of so many windows of the teacher, and a window of each at any place."""
    starts = np.array([data.draw(st.floats(-50, 500)) for _ in counts])
    teacher = np.arange(6) * 64.0
    of_strips = [np.random.default_rng(count).standard_normal((count, 3)) for count in counts]
    values = np.concatenate(of_strips).astype(np.float32)
    first = np.cumsum(counts) - counts
    found = interpolate(values, first, np.array(counts), teacher, starts)
    for target, own, start in zip(found, of_strips, starts, strict=True):
        for output in range(3):
            expected = np.interp(start, teacher[: len(own)], own[:, output])
            assert target[output] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("factor", [1, 2])
def test_windows_come_with_the_targets_of_their_place(tmp_path, factor):
    """Every frame holds its own number, so that a window tells where it was cut."""
    number = np.arange(192, dtype=np.float16)
    prepared.save_strip(tmp_path / "a.npy", np.tile(number / 192, (64, 1)), np.float16)
    write_rows(tmp_path / "tracks.csv", [Row(file="a.npy", genre="x", track="a", split="train")])
    part = TargetPart(name="start", size=1, loss="squared-error")
    starts = (0, 64, 128)
    Targets(values=np.array(starts)[None, :, None], starts=starts, parts=(part,)).save(tmp_path)
    prepared.write_front_end(tmp_path, MelStrip(), 2)
    sampler = TargetSampler(
        load_recordings(tmp_path), WindowGrid(), Augmentation.off(), factor=factor
    )
    batch = sampler.batch(0, 32)
    assert batch.windows.shape == (32, 128 // factor, 128 // factor, 1)
    np.testing.assert_allclose(batch.windows[:, 0, 0, 0] * 192, batch.targets[:, 0], atol=0.6)
    assert len(np.unique(batch.targets)) > 10
    np.testing.assert_array_equal(sampler.batch(0, 32).windows, batch.windows)


def test_validation_takes_windows_as_they_are(music):
    batch = validation_batch(load_recordings(music), WindowGrid(), 2)
    assert batch.windows.shape == (4, 64, 64, 1)
    assert validation_batch(load_recordings(music), WindowGrid(), 1).windows.shape[1] == 128


def test_losses_vanish_for_a_perfect_copy_and_weigh_parts():
    from trainer.training.target_loss import correlations, mean_loss, target_loss

    targets = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    loss = mean_loss(target_loss(PARTS))
    assert loss(targets, targets) == pytest.approx(0, abs=1e-6)
    features_off, tags_off = targets.copy(), targets.copy()
    features_off[:, 2] += 2
    tags_off[:, 0] += 2
    assert loss(targets, features_off) == pytest.approx(4)
    p, q = (1 / (1 + np.exp(-x[:, :2].astype(float))) for x in (targets, tags_off))
    divergence = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    assert loss(targets, tags_off) == pytest.approx(5 * divergence.mean(), rel=1e-3)
    found = correlations(PARTS, targets, -targets)
    assert found == {"tags": pytest.approx(-1, abs=1e-5), "features": pytest.approx(-1, abs=1e-5)}


# Teachers


def level(windows: np.ndarray) -> dict[str, np.ndarray]:
    """A teacher for the tests: how loud windows are, as a probability and as a feature."""
    mean = windows.mean((1, 2))[:, None]
    return {"loud_probabilities": 1 / (1 + np.exp(-mean)), "level": 7 + 100 * mean}


def nonsense(windows: np.ndarray) -> np.ndarray:
    return np.zeros(3)


def unlabelled(folder: Path) -> Path:
    write_data(folder, "ttv")
    (folder / "targets.npy").unlink()
    (folder / "targets.json").unlink()
    short = np.load(folder / "a" / "2.npy")[:, :80]
    np.save(folder / "a" / "2.npy", short)
    return folder


@pytest.mark.usefixtures("untraced")
def test_a_function_makes_targets_once(tmp_path):
    folder, run = unlabelled(tmp_path / "music"), tmp_path / "run"
    with pytest.raises(DataError, match="pretrain --teacher"):
        train("pretrain", folder, "--run", run, *TINY)
    short = [*TINY, "--epochs", 1, "--batches", 1, "--batch-size", 2]
    train("pretrain", folder, "--run", run, *short, "--teacher", f"{__name__}:level")
    targets = load_targets(folder)
    assert [part.loss for part in targets.parts] == ["cross-entropy", "squared-error"]
    assert targets.starts == (0, 32, 64, 96, 128)
    strip = np.load(folder / "a" / "0.npy").astype(np.float32)
    means = [strip[:, start : start + 64].mean() for start in targets.starts]
    np.testing.assert_allclose(targets.values[0, :, 0], means, atol=2e-3)  # logits
    assert np.isnan(targets.values[2, 1:]).all()  # one window of 80 frames
    assert np.nanstd(targets.values[..., 1].astype(np.float32)) == pytest.approx(1, abs=0.01)
    before = (folder / "targets.npy").stat().st_mtime_ns
    train("pretrain", "--run", run, "--resume")
    assert (folder / "targets.npy").stat().st_mtime_ns == before
    with pytest.raises(DataError, match="has targets already"):
        train("pretrain", folder, "--run", tmp_path / "b", *short, "--teacher", "os:getcwd")


def test_targets_are_made_again_when_tracks_have_come(tmp_path):
    from trainer.data.teacher import write_targets

    folder, teacher = unlabelled(tmp_path / "music"), f"{__name__}:level"
    write_targets(folder, teacher)
    rows = read_rows(folder / "tracks.csv")
    write_rows(folder / "tracks.csv", rows[::-1])
    with pytest.raises(DataError, match="targets of other tracks"):
        load_recordings(folder)
    write_targets(folder, teacher)
    assert np.isnan(load_recordings(folder).targets.values[0, 1:]).all()


def test_an_onnx_file_is_a_teacher(tmp_path, toy_model):
    """A model file of genretag gives probabilities, a row a window."""
    from trainer.data.teacher import load_teacher, write_targets

    folder = write_data(tmp_path / "music", "tv")
    (folder / "targets.json").unlink()
    given = load_teacher(str(toy_model))(np.zeros((2, 128, 128), np.float32))
    assert {name: array.shape for name, array in given.items()} == {"windows": (2, 3)}
    with pytest.raises(DataError, match="failed"):  # it takes 128 bands, and these are 64
        write_targets(folder, str(toy_model))
    prepared.write_front_end(folder, MelStrip(), 1)
    rows = read_rows(folder / "tracks.csv")
    for row in rows:
        np.save(folder / row.file, np.load(folder / row.file).repeat(2, 0))
    targets = write_targets(folder, str(toy_model))
    assert [(part.size, part.loss) for part in targets.parts] == [(3, "cross-entropy")]
    description = json.loads((folder / "targets.json").read_text())
    assert description["teacher"] == str(toy_model)


@pytest.mark.parametrize(
    ("teacher", "words"),
    [
        ("no_such_module:function", "cannot be loaded"),
        (f"{__name__}:no_such_function", "cannot be loaded"),
        (f"{__name__}:nonsense", "should give finite numbers"),
        ("nowhere.onnx", "cannot be loaded"),
        ("level", "FILE.onnx or MODULE:FUNCTION"),
    ],
)
def test_teachers_that_cannot_teach(tmp_path, teacher, words):
    from trainer.data.teacher import write_targets

    with pytest.raises(DataError, match=words):
        write_targets(unlabelled(tmp_path / "music"), teacher)


def test_what_has_no_correlation_is_a_dash_in_the_line_of_an_epoch():
    options = SimpleNamespace(batches=2, batch_size=4, epochs=3)
    fit_of_parts = {"logits": 0.25, "features": math.nan}
    epoch = PretrainEpoch(
        epoch=1,
        seconds=1.0,
        learning_rate=0.1,
        loss=1.0,
        validation_loss=2.0,
        correlation=_mean_correlation(fit_of_parts),
        probe_window_accuracy=math.nan,
        probe_track_accuracy=math.nan,
    )
    line = _line(epoch, SimpleNamespace(options=options), fit_of_parts, None)
    assert epoch.correlation == 0.25
    assert "validation 2.000 (logits 0.250, features –)" in line
    assert "nan" not in line
