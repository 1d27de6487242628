"""The mean of several runs as one model file, with networks of one dense layer."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from commandline import train

from tagger.audio.summary import SummaryFeatures
from tagger.errors import DataError
from tagger.inference.model import GenreModel
from trainer.data import dataset as prepared
from trainer.data.tracks_table import Row, write_rows
from trainer.evaluation import charts, drawing
from trainer.evaluation import evaluate as evaluating
from trainer.export.float16 import to_half
from trainer.export.graph import to_onnx
from trainer.export.int8 import _last_convolutions
from trainer.export.mean import mean_network
from trainer.networks.backend import keras, layers
from trainer.training.run_folder import load_run

LABELS = ("jazz", "rock")
SPLITS = ("train", "train", "train", "valid", "valid")
SHORT = "--arch ann --epochs 1 --batches 2 --batch-size 8 --warm-up 0".split()


def write(folder: Path, splits: tuple[str, ...] = SPLITS, labels: tuple[str, ...] = LABELS) -> Path:
    """Write features, those of rock a little higher."""
    front_end = SummaryFeatures()
    rng = np.random.default_rng(0)
    rows = []
    for genre in labels:
        for number, split in enumerate(splits):
            file = f"{genre}/{number}.npy"
            strip = rng.standard_normal((front_end.rows, 2)) + (genre == "rock")
            prepared.save_strip(folder / file, strip.astype(np.float32), front_end.storage)
            rows.append(Row(file=file, genre=genre, track=str(number), split=split))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, front_end)
    return folder


@pytest.fixture(autouse=True)
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts have tests of their own, and take seconds."""
    monkeypatch.setattr(drawing, "save", lambda _, stem: stem.with_suffix(".png").touch())
    for name in ("confusion", "reliability", "risk_coverage", "curves"):
        monkeypatch.setattr(charts, name, lambda *_: None)
    monkeypatch.setattr(evaluating, "gallery", lambda *_: None)
    monkeypatch.setattr(evaluating, "SPEED_RUNS", 1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("mean") / "data")


@pytest.fixture(scope="module")
def runs(data: Path) -> list[Path]:
    folders = [data.parent / f"seed-{seed}" for seed in (1, 2)]
    for seed, folder in enumerate(folders, 1):
        train("fit", data, "--run", folder, *SHORT, "--seed", seed)
    return folders


def test_the_mean_is_one_file_that_answers_as_all_do_together(runs, data, tmp_path):
    file = tmp_path / "mean.onnx"
    said = train("export", *runs, file)
    assert "The mean of 2 runs is right in" in said
    assert "4 tracks of the split 'valid', none of them in training" in said
    strip = np.load(data / "rock/3.npy")[:, :1]
    batch = strip[None, ..., None]
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"strips": batch})
    members = [load_run(run).deployed("best").predict_on_batch(batch) for run in runs]
    assert np.abs(members[0] - members[1]).max() > 1e-3
    np.testing.assert_allclose(found, np.mean(members, 0), atol=1e-5)
    metadata = GenreModel(file, "cpu").metadata
    assert metadata.labels == LABELS
    assert metadata.training["accuracy"]["tracks"] == 4
    members = metadata.training["mean_of_probabilities"]
    assert [members[name]["seed"] for name in ("network 1", "network 2")] == [1, 2]


def test_runs_that_have_no_mean_are_refused(runs, tmp_path):
    other = write(tmp_path / "other", labels=("jazz", "pop"))
    train("fit", other, "--run", tmp_path / "run", *SHORT)
    with pytest.raises(DataError, match=r"run has another labels than .*seed-1"):
        train("export", runs[0], tmp_path / "run", tmp_path / "m.onnx")
    with pytest.raises(DataError, match="named twice"):
        train("export", runs[0], runs[0], tmp_path / "m.onnx")


def test_tracks_that_one_of_the_runs_has_seen_tell_nothing_of_the_mean(runs, tmp_path):
    turned = write(tmp_path / "turned", ("valid", "valid", "train", "train", "train"))
    train("fit", turned, "--run", tmp_path / "run", *SHORT)
    with pytest.raises(DataError, match=r"was trained on 4 of the 4 tracks.*--figures-from"):
        train("export", runs[0], tmp_path / "run", tmp_path / "m.onnx")
    train("evaluate", runs[0])
    file = tmp_path / "m.onnx"
    train("export", runs[0], tmp_path / "run", file, "--figures-from", runs[0])
    accuracy = GenreModel(file, "cpu").metadata.training["accuracy"]
    assert accuracy["protocol"].endswith("of the run that chose the settings")


def test_the_mean_takes_no_figures_of_another_kind_of_network(runs, tmp_path):
    other = write(tmp_path / "other", labels=("jazz", "pop"))
    train("fit", other, "--run", tmp_path / "run", *SHORT)
    train("evaluate", tmp_path / "run")
    with pytest.raises(DataError, match=r"run has another labels than .*seed-1"):
        train("export", *runs, tmp_path / "m.onnx", "--figures-from", tmp_path / "run")


def test_the_figures_may_be_those_of_the_mean_of_other_runs(runs, data, tmp_path):
    """Networks that learnt the validation tracks too are judged by those that did not."""
    final = [tmp_path / "final-1", tmp_path / "final-2"]
    for run, folder in zip(runs, final, strict=True):
        both = ("--train-split", "train", "--train-split", "valid")
        train("fit", data, "--run", folder, *SHORT, "--init", run, *both)
    file = tmp_path / "m.onnx"
    last = ("--keep", "last")
    said = train(
        "export", *final, file, *last, "--figures-from", runs[0], "--figures-from", runs[1]
    )
    found = GenreModel(file, "cpu").metadata
    assert found.training["mean_of_probabilities"]["network 1"]["seed"] == 1
    assert found.training["accuracy"]["protocol"].endswith("of the run that chose the settings")
    train("export", *runs, tmp_path / "judge.onnx", *last)
    judge = GenreModel(tmp_path / "judge.onnx", "cpu").metadata
    assert (found.voting, found.temperature) == (judge.voting, judge.temperature)
    assert "The mean of 2 runs is right in" in said
    named = ("--figures-from", runs[0], "--figures-from", runs[1], *last)
    with pytest.raises(DataError, match="names 2 runs for the mean of 3; name one, or one for"):
        train("export", *final, runs[0], file, *named)
    with pytest.raises(DataError, match="names one run where one is written"):
        train("export", final[0], file, *named)


def test_the_mean_is_as_precise_as_the_strictest_of_its_runs_was_to_be(runs, tmp_path):
    file = tmp_path / "m.onnx"
    for run, goal in zip(runs, (0.9, 0.7), strict=True):
        train("evaluate", run, "--precision-goal", goal)
    said = train("export", *runs, file)
    assert "fitted to 4 validation tracks, for 90% right" in said
    fitted = GenreModel(file, "cpu").metadata.training["confidence_fitted_to"]
    assert fitted["precision_goal"] == 0.9


def test_figures_are_of_the_weights_that_are_exported(data, tmp_path):
    run = tmp_path / "run"
    train("fit", data, "--run", run, *SHORT)
    train("evaluate", run, "--keep", "last")
    train("fit", "--run", run, "--resume", "--epochs", 2)
    for command in (("export", run, tmp_path / "m.onnx", "--keep", "last"), ("compare", run)):
        with pytest.raises(DataError, match="was trained on since it was evaluated"):
            train(*command)
    assert load_run(run).metadata["extended_after"] == [1]


class Member:
    """Stands in for a run whose network has two convolutions."""

    def deployed(self, _keep):
        given = keras.Input((8, 8, 1))
        outputs = layers.Conv2D(3, 3, activation="relu")(given)
        outputs = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(outputs))
        return keras.Model(given, layers.Dense(2, activation="softmax")(outputs))


def test_the_mean_in_float16_is_taken_in_float32_and_each_member_keeps_its_last_convolution():
    model = mean_network([Member(), Member()], "best")
    graph = to_onnx(model, frames=8)
    convolutions = [node.name for node in graph.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 4
    last = _last_convolutions(graph.graph)
    assert sorted(convolutions.index(name) for name in last) in ([1, 3], [2, 3])
    batch = np.random.default_rng(0).normal(size=(300, 8, 8, 1)).astype(np.float32)
    session = onnxruntime.InferenceSession(
        to_half(graph).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {"strips": batch})
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(model(batch)), atol=1e-2)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
