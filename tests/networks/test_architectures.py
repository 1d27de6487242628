"""Every network, from clips to a scan with the model file it became."""

import csv
import json
import math
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from commandline import train
from conftest import RATE, genretag_here, music, write_audio
from small_networks import narrow_vgg

from tagger.audio.frontend_registry import KINDS, front_end_of
from tagger.audio.log_mel import MelStrip, MelWindow
from tagger.audio.pictures import SpectrogramPicture, resize
from tagger.audio.summary import NAMES, SummaryFeatures
from tagger.errors import DataError
from tagger.inference.model import GenreModel
from trainer.commands.options import Architecture as Choice
from trainer.commands.prepare import Prepared
from trainer.export.agreement import TOLERANCE
from trainer.networks.base import Architecture, architecture, window_shape
from trainer.networks.registry import NETWORKS
from trainer.networks.strip_vgg import Vgg
from trainer.training.batches import shrink
from trainer.training.run_folder import load_run

GENRES = {"drone": 110.0, "whistle": 1760.0}
DEEP = ("inceptionv3", "efficientnetb0", "mobilenetv2")  # a hundred layers and more


@pytest.fixture(autouse=True)
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes time and has tests of its own."""
    monkeypatch.setattr("trainer.evaluation.drawing.save", lambda *_: None)
    monkeypatch.setattr("trainer.evaluation.evaluate.SPEED_RUNS", 1)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clips")
    for genre, pitch in GENRES.items():
        for number in range(4):
            # Of equal seeds, clips would be of one recording, and one of them in training.
            seed = int(pitch) + number
            samples = music(6.2, pitch=pitch * (1 + number / 50), seed=seed)
            write_audio(root / genre / f"{number}.wav", samples)
    return root


@pytest.fixture(scope="module")
def data(clips: Path) -> dict[type, Path]:
    """The clips prepared for every kind of network."""
    folders = {}
    for kind, name in (
        (MelStrip, "mel-strip"),
        (SpectrogramPicture, "spectrogram-picture"),
        (SummaryFeatures, "summary-features"),
    ):
        folders[kind] = clips.parent / name
        shares = ("--shares", "0.5", "0.5", "0")
        train("prepare", clips, folders[kind], "--front-end", name, *shares, "--jobs", 1)
    return folders | {MelWindow: folders[MelStrip]}


@pytest.fixture
def quickly(name: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """Trace networks of few layers only, and train one VGG of full size."""
    if name in DEEP:
        request.getfixturevalue("untraced")
    with narrow_vgg() if name in ("vgg19", "vgg16-half") else nullcontext():
        yield


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.usefixtures("quickly")
def test_from_clips_to_a_scan(name, data, clips, tmp_path):
    front_end = NETWORKS[name][0].front_end
    folder, file = tmp_path / "run", tmp_path / f"{name}.onnx"
    short = ["--epochs", 1, "--batches", 2, "--batch-size", 4, "--warm-up", 0]
    if isinstance(architecture(name, front_end()), Vgg):
        short += ["--shrink", 2]  # a quarter of the time
    train("fit", data[front_end], "--run", folder, "--arch", name, *short)
    train("evaluate", folder)
    # The export itself refuses a file that differs from Keras.
    train("export", folder, file)
    if name == "vgg16":  # which docs/training.md trains, and writes in smaller forms
        assert load_run(folder).metrics()["subject"]["parameters"] == pytest.approx(
            14.7e6, rel=0.01
        )
        half, int8 = tmp_path / "half.onnx", tmp_path / "int8.onnx"
        train("export", folder, half, "--half")
        train("export", folder, int8, "--int8")
        assert file.stat().st_size < 65e6
        assert half.stat().st_size < 33e6
        assert int8.stat().st_size < 0.4 * file.stat().st_size

    model = GenreModel(file, "cpu")
    assert model.metadata.front_end.kind == front_end.kind
    assert model.metadata.training["architecture"] == name
    done = genretag_here("scan", clips, "--model", file, "--csv", tmp_path / "x.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))
    assert len(rows) == 8
    assert {row["status"] for row in rows} <= {"ok", "uncertain"}
    for row in rows:  # of four decimals
        assert float(row["p_drone"]) + float(row["p_whistle"]) == pytest.approx(1, abs=1.001e-4)


def test_vgg19_has_the_size_of_the_published_one():
    network = architecture("vgg19", MelStrip()).build((64, 64), 2, batch_norm=False, dropout=0.5)
    assert network.count_params() == pytest.approx(20.0e6, rel=0.01)


def test_the_choices_of_the_command_line_are_the_networks_there_are():
    assert list(Choice.__args__) == list(NETWORKS)
    for name, forms in NETWORKS.items():
        for form in forms:
            assert isinstance(architecture(name, form.front_end()), Architecture)
    assert {name.replace("-", " ") for name in Prepared.__args__} == set(KINDS) - {
        MelWindow.kind  # prepared as strips
    }


@pytest.mark.usefixtures("untraced")
def test_windows_and_strips_are_voted_on_alike(data, clips, tmp_path):
    """Window by window, a track has as many votes as in one strip."""
    folder = tmp_path / "run"
    short = ("--epochs", 1, "--batches", 1, "--batch-size", 4)
    train("fit", data[MelWindow], "--run", folder, "--arch", "cnn14", *short)
    train("evaluate", folder)
    train("export", folder, tmp_path / "m.onnx")
    model = GenreModel(tmp_path / "m.onnx", "cpu")
    strips = np.random.default_rng(0).standard_normal((3, 128, 128), np.float32)
    assert model.window_probabilities(strips).shape == (3, 1, 2)
    deployed = load_run(folder).deployed("best")
    np.testing.assert_allclose(
        model.window_probabilities(strips)[:, 0],
        deployed.predict_on_batch(strips[..., None]),
        atol=1e-4,
    )


def test_networks_refuse_data_for_others(data, tmp_path):
    for name, kind in (("ann", MelStrip), ("vgg16", SummaryFeatures), ("cnn-small", MelStrip)):
        with pytest.raises(DataError, match="prepare it again"):
            train("fit", data[kind], "--run", tmp_path / name, "--arch", name)
        assert not (tmp_path / name).exists()


def test_weights_of_applications(data, tmp_path, monkeypatch):
    """A file of the whole backbone is taken and frozen; another network's is refused."""
    import keras

    file = tmp_path / "mobilenet_v2.weights.h5"
    source = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(None, None, 3)
    )
    source.save_weights(file)
    network = architecture("mobilenetv2", MelWindow())
    model = network.build((128, 128), 2, batch_norm=False, dropout=0.5)
    assert model.get_layer("bn_Conv1").momentum < 0.99  # or short trainings would be misjudged
    taken = network.take(model, network.weights(str(file)))
    kernels = [m.get_layer("Conv1").get_weights()[0] for m in (source, model)]
    np.testing.assert_array_equal(*kernels)
    frozen = network.frozen(model, taken, math.inf)
    assert "Conv1" in frozen
    assert "head" not in frozen
    assert network.frozen(model, taken, 1) == ()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras has one for each of a hundred layers
        with pytest.raises(DataError, match=r"does not hold the weights of InceptionV3.*\.$") as no:
            architecture("inceptionv3", MelWindow()).weights(str(file))
    assert "\n" not in str(no.value)
    with pytest.raises(DataError, match="from scratch"):
        architecture("ann", SummaryFeatures()).weights(str(file))

    def no_network(**_: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(keras.applications, "MobileNetV2", no_network)
    with pytest.raises(DataError, match="--weights FILE"):
        network.weights("imagenet")


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.usefixtures("untraced")
def test_deploying_changes_nothing(factor):
    """Normalisation by constants, and the averaging of shrunk windows, are written otherwise."""
    network, front_end = architecture("efficientnetb0", MelWindow()), MelWindow()
    trained = network.build(window_shape(front_end, factor), 2, batch_norm=False, dropout=0.5)
    for layer in trained.layers:
        if layer.name.startswith("normalization"):
            layer.set_weights([np.array([0.1, 0.5, 0.9]), np.array([0.2, 1.0, 3.0]), np.array(0)])
            layer.finalize_state()
    windows = np.random.default_rng(0).standard_normal((2, 128, 128, 1)).astype(np.float32)
    deployed = network.deploy(trained, front_end, factor)
    np.testing.assert_allclose(
        deployed.predict_on_batch(windows),
        trained.predict_on_batch(shrink(windows[..., 0], factor)[..., None]),
        atol=TOLERANCE,
    )


def test_front_ends_survive_the_model_file():
    for kind in KINDS.values():
        front_end = kind()
        assert front_end_of(json.loads(json.dumps(front_end.to_dict()))) == front_end
    assert front_end_of({"n_mels": 64}) == MelStrip(n_mels=64)  # as older files say it
    with pytest.raises(ValueError, match="smell"):
        front_end_of({"kind": "smell"})


@pytest.mark.parametrize("kind", KINDS.values())
def test_front_ends_give_the_frames_they_promise(kind):
    front_end = kind()
    least = front_end.samples_for(front_end.grid.window)
    strip = front_end.compute(music(40)[:least])
    assert strip.shape == (front_end.rows, front_end.grid.window)
    assert strip.dtype == np.float32
    assert np.isfinite(strip).all()


def test_pictures():
    front_end = SpectrogramPicture()
    time = np.arange(RATE * 31) / RATE
    low, high = (np.sin(2 * np.pi * hertz * time).astype(np.float32) for hertz in (200, 9000))
    brightest = [front_end.compute(tone).mean(1).argmax() for tone in (low, high)]
    assert brightest[0] < 10  # low frequency at the top
    assert brightest[1] > 170
    assert front_end.compute(low).shape == (224, 224)
    assert front_end.compute(np.tile(low, 2)).shape == (224, 448)
    picture = front_end.compute(music(30))
    assert 0 <= picture.min() < picture.max() <= 255


def test_resizing_keeps_means_and_places():
    gradient = np.linspace(0, 255, 60)[None].repeat(40, 0)
    for height, width in ((20, 30), (80, 120)):
        resized = resize(gradient, height, width)
        assert resized.shape == (height, width)
        assert resized.mean() == pytest.approx(gradient.mean(), rel=0.01)
        assert (np.diff(resized[0]) > 0).all()


def test_summary_features():
    front_end = SummaryFeatures()
    strip = front_end.compute(music(10))
    assert strip.shape == (len(NAMES), 3)
    named = dict(zip(NAMES, strip[:, 0], strict=True))
    bright = dict(zip(NAMES, front_end.compute(music(4, pitch=1760.0))[:, 0], strict=True))
    assert named["spectral centroid mean"] < bright["spectral centroid mean"]
    assert 30 < named["tempo"] < 320
    quiet = front_end.compute(music(10) * 0.1)
    np.testing.assert_allclose(quiet, strip, rtol=1e-2, atol=1e-4)
