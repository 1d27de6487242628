"""The trainer, from clips to a model that the tagger takes."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from commandline import train
from conftest import RATE, music, write_audio
from onnx import TensorProto
from small_networks import FILTERS, narrow_vgg
from typer.testing import CliRunner

from tagger.audio.decode import decode
from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError, ModelError
from tagger.inference.model import GenreModel
from tagger.inference.verify import verify
from trainer.cli import app
from trainer.data import dataset as prepared
from trainer.data.tracks_table import Row, read_rows, write_rows
from trainer.training.augmentation import Augmentation
from trainer.training.batches import WindowSampler, cut_window, shrink
from trainer.training.history import Trained
from trainer.training.run_folder import load_run
from trainer.training.teachers import Teachers
from trainer.training.validation import Validation

NO_BETTER = Validation(window_accuracy=0.5, track_accuracy=0.5, track_loss=1.0, by_source={})
GENRES = {"drone": 110.0, "whistle": 1760.0}


@pytest.fixture
def small(untraced) -> Iterator[None]:
    """Train a narrow VGG16, as the run below is, but untraced."""
    with narrow_vgg():
        yield


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per genre, one clip of each in a format of its own."""
    root = tmp_path_factory.mktemp("clips")
    for genre, pitch in GENRES.items():
        for number in range(8):
            suffix = (".wav", ".au", ".flac", ".mp3")[number % 4]
            samples = music(4 + number % 2, pitch=pitch * (1 + number / 50), seed=number)
            write_audio(root / genre / f"{number}{suffix}", samples)
    return root


@pytest.fixture(scope="module")
def strips(clips: Path) -> Path:
    output = clips.parent / "strips"
    text = train("prepare", clips, output, "--shares", "0.5", "0.25", "0.25")
    assert "drone" in text
    assert "valid" in text
    return output


FIT = (
    *("--epochs", 3, "--batches", 6, "--batch-size", 8, "--shrink", 2, "--warm-up", 4),
    *("--learning-rate", 0.002, "--seed", 3, "--average", 2),
)


@pytest.fixture(scope="module")
def run(strips: Path) -> Path:
    folder = strips.parent / "run"
    with narrow_vgg():
        text = train("fit", strips, "--run", folder, *FIT)
    assert "epoch   3/3" in text
    assert "tracks" in text
    return folder


@pytest.fixture(scope="module")
def evaluation(run: Path) -> str:
    """What is said of the run when it is evaluated."""
    with narrow_vgg():
        return train("evaluate", run, "--baseline")


@pytest.fixture(scope="module")
def exact(run: Path, evaluation: str) -> Path:
    """The model file of the run, in float32."""
    return exported(run, run.parent / "float.onnx")


def exported(run: Path, file: Path, *flags: str) -> Path:
    with narrow_vgg():
        text = train("export", run, file, *flags)
    assert "largest difference from Keras" in text
    assert "come from 4 tracks, too few" in text
    return file


def test_prepared_strips_are_what_the_tagger_hears(clips, strips):
    rows = read_rows(strips / "tracks.csv")
    assert len(rows) == 16
    for row in rows:
        source = next(clips.glob(f"{row.genre}/{row.track}.*"))
        strip = np.load(strips / row.file)
        assert strip.dtype == np.float16
        expected = MelStrip().compute(decode(source, RATE, 30))
        np.testing.assert_allclose(strip, expected, rtol=2**-10, atol=1e-4)  # it is float16


def test_a_track_is_in_one_split_only(strips):
    data = prepared.load([strips, strips])
    assert len(data.tracks) == 16
    assert all(len(track.strips) == 2 for track in data.tracks)
    assert {split: len(data.split(split)) for split in prepared.SPLITS} == {
        "train": 8,
        "valid": 4,
        "test": 4,
    }
    files = [{path for track in data.split(s) for path in track.strips} for s in prepared.SPLITS]
    assert not files[0] & files[1]
    assert not files[0] & files[2]


def test_a_track_in_two_splits_is_refused(strips, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "front_end.json").write_text((strips / "front_end.json").read_text())
    flipped = {"train": "valid", "valid": "train", "test": "test"}
    write_rows(
        other / "tracks.csv",
        [
            Row(
                file=str(strips / row.file),
                genre=row.genre,
                track=row.track,
                split=flipped[row.split],
            )
            for row in read_rows(strips / "tracks.csv")
        ],
    )
    with pytest.raises(DataError, match="two splits"):
        prepared.load([strips, other])


def test_batches_depend_on_seed_and_number_alone(strips):
    data = prepared.load([strips])

    def sampler(seed: int) -> WindowSampler:
        return WindowSampler(data, data.split("train"), WindowGrid(), Augmentation(), seed=seed)

    first = sampler(1).batch(5, 8)
    again = list(sampler(1).batches(4, 2, 8))[1]
    np.testing.assert_array_equal(first.windows, again.windows)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert not np.array_equal(first.windows, sampler(2).batch(5, 8).windows)
    assert first.windows.shape == (8, 128, 128)
    np.testing.assert_allclose(first.targets.sum(1), 1, atol=1e-6)


def test_windows_come_unchanged_when_augmentation_is_off(strips):
    data = prepared.load([strips])
    tracks = data.split("train")
    sampler = WindowSampler(data, tracks, WindowGrid(), Augmentation.off(), seed=1)
    batch = sampler.batch(0, 4)
    windows = {
        cut_window(strip, start, 128).tobytes()
        for track in tracks
        for strip in track.load()
        for start in range(strip.shape[1] - 127)
    }
    assert all(window.tobytes() in windows for window in batch.windows)


def test_class_weights_make_up_for_rare_genres(strips):
    data = prepared.load([strips])
    tracks = [track for track in data.split("train") if track.genre == "drone"]
    tracks += [track for track in data.split("train") if track.genre == "whistle"][:1]
    off = Augmentation.off()
    sampler = WindowSampler(data, tracks, WindowGrid(), off, balance="weights", seed=1)
    batch = sampler.batch(0, 64)
    weight = [batch.weights[batch.targets[:, label] == 1].sum() for label in range(2)]
    assert weight[0] == pytest.approx(weight[1], rel=0.7)
    assert batch.weights[batch.targets[:, 1] == 1].min() > batch.weights.min()


def test_short_strips_are_repeated_and_shrinking_averages():
    strip = np.arange(12, dtype=np.float16).reshape(2, 6)
    assert cut_window(strip, 0, 8)[0].tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    assert shrink(np.array([[[1, 3], [5, 7.0]]], np.float32), 2).tolist() == [[[4]]]


@pytest.mark.usefixtures("small")
def test_evaluate_and_export(run, evaluation, exact, clips, tmp_path):
    assert "MFCC + SVM" in evaluation
    assert "95 %" in evaluation
    assert "come from 4 tracks, too few" in evaluation
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["track"]["tracks"] == 4
    assert metrics["baseline"]["accuracy"] == 1.0  # these two genres are no riddle
    assert sum(map(sum, metrics["track"]["confusion"])) == 4
    assert metrics["subject"]["architecture"] == "vgg16"
    assert metrics["subject"]["parameters"] > 200_000  # of VGG16 itself: test_architectures.py
    assert metrics["subject"]["windows_per_second"] > 0
    assert {"confusion.svg", "curves.png", "reliability.svg", "predictions.csv"} <= {
        file.name for file in run.iterdir()
    }
    assert load_run(run).metadata["versions"].keys() >= {
        "genretag",
        "keras",
        "python",
        "tensorflow",
    }
    assert "run" in train("compare", run)
    with pytest.raises(DataError, match="evaluated with --keep best"):
        train("export", run, tmp_path / "model.onnx", "--keep", "last")

    half = exported(run, tmp_path / "half.onnx", "--half")
    assert half.stat().st_size < 0.55 * exact.stat().st_size
    for file in (exact, half):
        model = GenreModel(file, "cpu")
        checks = list(verify(file))
        assert "it gives the output recorded in it" in [check.name for check in checks]
        assert [check.problem for check in checks if check.problem] == []
        assert model.metadata.labels == tuple(GENRES)
        assert model.metadata.front_end == MelStrip()
        assert model.metadata.training["accuracy"]["tracks"] == 4
        strip = np.random.default_rng(0).standard_normal((1, 128, 320), np.float32)
        windows = model.window_probabilities(strip)
        assert windows.shape == (1, 4, 2)
        np.testing.assert_allclose(windows.sum(-1), 1, atol=1e-5)
    # That of --half computes in float16 all through, and says so in its types.
    graph = onnx.load(half).graph
    assert {t.data_type for t in graph.initializer} & {TensorProto.FLOAT, TensorProto.FLOAT16} == {
        TensorProto.FLOAT16
    }
    widened = [
        n for n in graph.node if n.op_type == "Cast" and n.attribute[0].i == TensorProto.FLOAT
    ]
    assert [n.input[0] for n in graph.node if n.op_type == "Softmax"] == [widened[-1].output[0]]
    assert len(widened) == 1
    assert [n.op_type for n in graph.node if "windows" in n.output] == ["Softmax"]

    code = "from tagger.cli import main; main()"
    scan = [sys.executable, "-c", code, "scan", clips, "--model", half, "--csv", "-"]
    done = subprocess.run(scan, capture_output=True, text=True, check=True)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert len(rows) == 16
    assert {row["status"] for row in rows} <= {"ok", "uncertain"}
    assert "p_drone" in rows[0]


@pytest.mark.usefixtures("small")
def test_int8_predicts_what_float_predicts(run, exact, strips, tmp_path, monkeypatch):
    from onnxruntime.quantization.calibrate import HistogramCalibrater

    kept = []
    clear = HistogramCalibrater.clear_collected_data
    monkeypatch.setattr(
        HistogramCalibrater,
        "clear_collected_data",
        lambda self: kept.append(len(self.intermediate_outputs)) or clear(self),
    )
    small = tmp_path / "int8.onnx"
    text = train("export", run, small, "--int8")
    # What the layers of a deep network give for a window takes 80 MB.
    assert len(kept) > 1
    assert set(kept) == {1}
    assert "of 4 tracks, accuracy" in text
    assert "%|" not in text
    assert list(tmp_path.glob("*.onnx*")) == [small]
    # A quarter of the weights; the rest is the graph, much of the file of so small a network.
    assert small.stat().st_size < 0.45 * exact.stat().st_size
    models = [GenreModel(file, "cpu") for file in (exact, small)]
    assert models[0].metadata == models[1].metadata
    differences = []
    for row in read_rows(strips / "tracks.csv"):
        strip = np.load(strips / row.file).astype(np.float32)[None]
        for repeated in (strip, np.tile(strip, (1, 1, 5))):  # any number of frames
            float_, int8 = (model.window_probabilities(repeated) for model in models)
            differences.append(np.abs(int8 - float_).ravel())
    # How sure so short a training becomes of itself depends on the processor's last bits.
    assert np.concatenate(differences).max() < 0.1
    assert np.concatenate(differences).mean() < 0.02


def test_a_network_that_loses_too_much_by_int8_is_refused(strips, monkeypatch):
    from trainer.export import int8

    data = prepared.load([strips])
    right = np.eye(2)[[data.target(track) for track in data.split("valid")]]
    predictions = iter([right, 1 - right])
    monkeypatch.setattr(int8, "GenreModel", lambda *_: None)
    monkeypatch.setattr(int8, "_predict", lambda *_: next(predictions))
    with pytest.raises(ModelError, match=r"too much accuracy.*accuracy 0\.0% instead of 100\.0%"):
        int8._compare(Path(), Path(), data, data.split("valid"))


@pytest.mark.parametrize("factor", [1, 2])
def test_folding_changes_nothing(factor):
    """A strip of one window gives what the training network gives for that window."""
    import keras

    from trainer.networks import vgg

    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    windows = vgg.build_windows("VGG16", 3, batch_norm=True, dropout=0.5)
    for layer in windows.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    head = windows.get_layer("head")
    head.set_weights([rng.normal(0, 1e-3, w.shape) for w in head.get_weights()])
    window = rng.standard_normal((3, 128, 128, 1)).astype(np.float32)
    expected = windows.predict_on_batch(shrink(window[..., 0], factor)[..., None])
    assert expected.std() > 0.01
    assert expected.max() < 0.99  # far from saturated, or anything would agree
    strip_model = vgg.build_strips("VGG16", windows, 128, WindowGrid(), factor)
    np.testing.assert_allclose(strip_model.predict_on_batch(window)[:, 0], expected, atol=1e-4)


@pytest.mark.usefixtures("small")
def test_a_resumed_run_ends_like_an_unbroken_one(run, strips, tmp_path):
    """Killed within the second epoch, it sees the same batches, rates and optimizer state."""
    code = (
        "import os, signal\n"
        "from trainer.training.batches import WindowSampler; from trainer.cli import main\n"
        "batch = WindowSampler.batch\n"
        "def die(sampler, number, size):\n"
        "    if number == 10:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return batch(sampler, number, size)\n"
        "WindowSampler.batch = die\n"
        "from small_networks import narrow_vgg\n"
        "with narrow_vgg():\n"
        "    main()"
    )
    broken = tmp_path / "run"
    arguments = [str(a) for a in ("fit", "--from", run / "run.toml", "--run", broken)]
    tests = str(Path(__file__).parents[1])
    places = {"PYTHONPATH": os.pathsep.join((tests, os.environ.get("PYTHONPATH", "")))}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=os.environ | places, check=False)
    assert done.returncode == -9
    text = train("fit", "--run", broken, "--resume")
    assert "epoch   1/3" not in text
    assert load_run(broken).options == load_run(run).options

    def losses(folder: Path) -> list[float]:
        with (folder / "history.csv").open() as file:
            return [float(line["loss"]) for line in csv.DictReader(file)]

    np.testing.assert_allclose(losses(broken), losses(run), rtol=1e-2)

    def averages(folder: Path) -> np.ndarray:
        return load_run(folder).model("average").get_layer("head").get_weights()[0]

    np.testing.assert_allclose(averages(broken), averages(run), atol=1e-3)
    assert (
        np.abs(averages(run) - load_run(run).model("last").get_layer("head").get_weights()[0]).max()
        > 1e-4
    )
    from tensorflow.compat.v1.train import summary_iterator

    events = sorted(broken.glob("events.out.tfevents.*"))
    assert len(events) == 2
    noted = {
        event.step: value.simple_value
        for file in events
        for event in summary_iterator(str(file))
        for value in event.summary.value
        if value.tag == "train/loss"
    }
    assert list(noted) == [1, 2, 3]
    np.testing.assert_allclose(list(noted.values()), losses(broken), rtol=1e-4)


def test_a_run_is_not_overwritten_and_not_resumed_with_other_options(run, strips):
    with pytest.raises(DataError, match="--resume"):
        train("fit", strips, "--run", run, *FIT)
    with pytest.raises(DataError, match="other options"):
        train("fit", strips, "--run", run, *FIT, "--resume", "--dropout", 0.1)


@pytest.mark.usefixtures("small")
def test_part_of_the_layers_may_be_pretrained(strips, tmp_path):
    rng = np.random.default_rng(0)
    first, *_, last = FILTERS
    kernel = rng.standard_normal((3, 3, 3, first)).astype(np.float32)
    file = tmp_path / "some.npz"
    np.savez(
        file,
        block1_conv1_kernel=kernel,
        block1_conv1_bias=np.zeros(first, np.float32),
        block5_conv3_bias=np.zeros(last, np.float32),  # without its kernel: not taken
    )
    folder = tmp_path / "run"
    options = ("--batches", 1, "--batch-size", 2, "--shrink", 2, "--weights", file)
    text = train("fit", strips, "--run", folder, "--epochs", 1, "--head-epochs", 1, *options)
    assert "Taken from" in text
    assert "block1_conv1" in text
    assert "block5_conv3" not in text
    stored = load_run(folder)
    assert stored.batch_norm
    trained = stored.model("last").get_layer("block1_conv1").get_weights()[0]
    np.testing.assert_allclose(trained, kernel.sum(2, keepdims=True) * 58, rtol=1e-5)

    second = tmp_path / "second"
    train(
        *("fit", strips, "--run", second, "--epochs", 1, "--batches", 1, "--batch-size", 2),
        *("--shrink", 2, "--init", folder, "--train-split", "train", "--train-split", "valid"),
    )
    with pytest.raises(DataError, match="mean nothing"):
        train("evaluate", second)
    with pytest.raises(DataError, match="name the run that chose its settings"):
        train("export", second, tmp_path / "m.onnx", "--keep", "last")


@pytest.mark.usefixtures("small")
def test_teachers_answers_are_a_part_of_the_targets(run, strips, tmp_path):
    data = prepared.load([strips])
    batch = WindowSampler(data, data.split("train"), WindowGrid(), Augmentation()).batch(0, 4)
    small = tmp_path / "small"
    options = ("--epochs", 1, "--batches", 1, "--batch-size", 2, "--shrink", 1)
    train("fit", strips, "--run", small, *options)
    answers = [
        load_run(folder).model(keep).predict_on_batch(shrink(batch.windows, factor)[..., None])
        for folder, keep, factor in ((run, "average", 2), (small, "last", 1))
    ]
    teachers = Teachers([load_run(run), load_run(small)], 0.75)
    np.testing.assert_allclose(
        teachers.teach(batch).targets,
        0.25 * batch.targets + 0.75 * (answers[0] + answers[1]) / 2,
        atol=1e-5,
    )

    pupil = tmp_path / "pupil"
    taught = ("--teacher", run, "--teacher", small, "--teacher-share", 1)
    train("fit", strips, "--run", pupil, *options, *taught)
    alone = tmp_path / "alone"
    train("fit", strips, "--run", alone, *options)
    losses = [load_run(folder).history.read()[0].loss for folder in (small, pupil, alone)]
    assert losses[0] == pytest.approx(losses[2], rel=1e-4)
    assert losses[0] != pytest.approx(losses[1], rel=1e-4)
    assert load_run(pupil).options.teachers == (str(run), str(small))

    cheat = tmp_path / "cheat"
    train(
        "fit", strips, "--run", cheat, *options, "--train-split", "train", "--train-split", "valid"
    )
    for option in ("--teacher", "--init"):
        with pytest.raises(DataError, match="cheat was trained on tracks that are kept aside"):
            train("fit", strips, "--run", tmp_path / "none", *options, option, cheat)

    metadata = json.loads((small / "run.json").read_text())
    (small / "run.json").write_text(json.dumps({**metadata, "labels": ["polka", "waltz"]}))
    with pytest.raises(DataError, match="small has other genres"):
        train("fit", strips, "--run", tmp_path / "none", *options, *taught)


@pytest.mark.parametrize("shrink", [3, 4])
def test_windows_that_cannot_be_shrunk_so_much_are_refused_before_the_training(
    strips, tmp_path, shrink
):
    with pytest.raises(DataError, match=rf"multiples of {32 * shrink} for this network"):
        train("fit", strips, "--run", tmp_path / "run", "--shrink", shrink)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "option", ["--epochs", "--batches", "--batch-size", "--mixup", "--dropout", "--learning-rate"]
)
def test_numbers_that_mean_nothing_are_refused(strips, tmp_path, option):
    arguments = ["fit", strips, "--run", tmp_path / "run", option, "-1"]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.output
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("small")
def test_training_stops_when_validation_does_not_improve(strips, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.training.fit.validate", lambda *_: NO_BETTER)
    folder = tmp_path / "run"
    text = train(
        *("fit", strips, "--run", folder, "--epochs", 9, "--batches", 1, "--batch-size", 2),
        *("--shrink", 2, "--patience", 2),
    )
    with (folder / "history.csv").open() as file:
        epochs = list(csv.DictReader(file))
    assert len(epochs) == 3  # the first was the best, and two were no better
    assert "No better validation for 2 epochs" in text


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes time, where a test is about the tracks and the words alone."""
    from trainer.evaluation import evaluate
    from trainer.training import fit

    def windows(model, tracks, front_end):
        return np.full((len(tracks), 2), 0.5, np.float32), np.arange(len(tracks))

    epoch = Trained(epoch=1, seconds=1.0, learning_rate=0.1, loss=1.0)
    monkeypatch.setattr(fit, "train_epoch", lambda *_: epoch)
    monkeypatch.setattr(fit, "validate", lambda *_: NO_BETTER)
    monkeypatch.setattr(evaluate, "strip_windows", windows)
    monkeypatch.setattr(evaluate, "windows_per_second", lambda *_: 1.0)
    monkeypatch.setattr("trainer.evaluation.drawing.save", lambda *_: None)


@pytest.mark.usefixtures("small")
def test_what_flatters_is_labelled_wherever_it_is_shown(clips, tmp_path, no_training):
    from trainer.evaluation.figures import figures_of
    from trainer.export.export import _training_metadata

    strips, folder = tmp_path / "strips", tmp_path / "run"
    assert "flattering" in train("prepare", clips, strips, "--split", "windows", "--jobs", 1)
    shown = train("fit", strips, "--run", folder, "--epochs", 1)
    assert "Figures below are flattering" in shown
    assert shown.splitlines()[-1].endswith("(flattering)")
    assert "flattering" in train("evaluate", folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert "flattering" in metrics["subject"]["protocol"]
    metadata = _training_metadata(load_run(folder), figures_of(load_run(folder), "best"))
    assert "flattering" in metadata["accuracy"]["protocol"]


@pytest.mark.usefixtures("small")
def test_one_fold_is_validated_on(clips, tmp_path, no_training):
    strips, folder = tmp_path / "strips", tmp_path / "run"
    train("prepare", clips, strips, "--split", "kfold", "--folds", 4, "--jobs", 1)
    with pytest.raises(DataError, match="--fold"):
        train("fit", strips, "--run", folder)
    shown = train("fit", strips, "--run", folder, "--epochs", 1, "--fold", 2)
    assert "12 tracks to train on, 4 to validate on" in shown
    assert "flattering" not in shown
    assert "4 tracks of the split 'valid', none of them in training" in train("evaluate", folder)


def test_layers_thaw_from_a_block_on():
    from trainer.networks import vgg
    from trainer.networks.strip_vgg import VGG16

    model = vgg.build_windows("VGG16", 2, batch_norm=True, dropout=0)
    names = [layer.name for layer in vgg.convolutions(model)]
    assert VGG16.frozen(model, names, 1) == ()
    frozen = VGG16.frozen(model, names, 3)
    assert frozen == ("block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2")
    vgg.freeze(model, frozen)
    still = {layer.name for layer in model.layers if not layer.trainable}
    assert still == {*frozen, *(f"{name}_norm" for name in frozen)}


def test_pictures_become_strips_of_the_same_tracks(strips, tmp_path):
    from PIL import Image

    rows = read_rows(strips / "tracks.csv")
    for row in rows[1:]:  # one has no picture
        picture = np.zeros((129, 60), np.uint8)
        picture[5 if row.genre == "drone" else 100] = 255  # low frequency is at the top
        file = (tmp_path / "pictures" / row.file).with_suffix(".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    output = tmp_path / "out"
    text = train("prepare", tmp_path / "pictures", output, "--pictures-of", strips, "--seconds", 6)
    assert "is not there; left out" in text
    data = prepared.load([strips, output])
    assert [len(track.strips) for track in data.tracks].count(2) == len(rows) - 1
    for row in read_rows(output / "tracks.csv"):
        assert np.load(output / row.file).shape == (128, 1 + 6 * RATE // 512)

    from trainer.data.pictures import approximate_strip

    tone = np.zeros((129, 60), np.float32)
    tone[5] = 1
    assert approximate_strip(tone, MelStrip(), 100).mean(1).argmax() < 32
    with pytest.raises(DataError, match="no picture"):
        train("prepare", tmp_path / "none", tmp_path / "o", "--pictures-of", strips)


def test_weights_of_another_network(strips, tmp_path):
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, dense=np.zeros((3, 3)))
    text = tmp_path / "text.h5"
    text.write_text("no weights")
    for file, words in ((wrong, "no convolution of VGG16"), (text, "cannot be read")):
        with pytest.raises(DataError, match=words):
            train("fit", strips, "--run", tmp_path / "run", "--weights", file)


def test_keras_application_files_are_read(tmp_path):
    import keras

    from trainer.networks import vgg

    model = keras.applications.VGG16(include_top=False, weights=None)
    import h5py

    file = tmp_path / "vgg16_weights_notop.h5"
    with h5py.File(file, "w") as h5:
        for layer in vgg.convolutions(model):
            kernel, bias = layer.get_weights()
            h5[f"{layer.name}/{layer.name}/kernel:0"] = kernel
            h5[f"{layer.name}/{layer.name}/bias:0"] = bias
    assert len(vgg.read_weights("VGG16", file)) == 13
    with pytest.raises(DataError, match="the convolutions of VGG16; take --arch vgg16"):
        vgg.read_weights("VGG19", file)
    names = vgg.names("VGG16")
    assert names == [layer.name for layer in vgg.convolutions(model)]

    own = tmp_path / "own.weights.h5"
    model.save_weights(own)
    found = vgg.read_weights("VGG16", own)
    for layer in vgg.convolutions(model):
        np.testing.assert_array_equal(found[layer.name][0], layer.get_weights()[0])
    with pytest.raises(DataError, match="13 convolutions, those of VGG16"):
        vgg.read_weights("VGG19", own)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("file,genre,track\n", "lists no tracks"),
        ("genre,track\nrock,1\n", "no column file"),
        ("file,genre,track,split\na.npy,rock,1,later\n", "not one of"),
        ("file,genre,track,split\na.npy,rock,1,train\n", "only one genre"),
    ],
)
def test_bad_tables(strips, tmp_path, table, words):
    (tmp_path / "front_end.json").write_text((strips / "front_end.json").read_text())
    (tmp_path / "tracks.csv").write_text(table)
    with pytest.raises(DataError, match=words):
        prepared.load([tmp_path])


def test_what_is_not_a_data_set_or_a_run(tmp_path):
    with pytest.raises(DataError, match="not a prepared data set"):
        train("fit", tmp_path, "--run", tmp_path / "run")
    with pytest.raises(DataError, match="not a run folder"):
        train("evaluate", tmp_path)
