"""`genretag model`: what a model file says of itself, and whether it is true."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import TOY_LABELS, TOY_METADATA, write_toy_model
from conftest import genretag_here as genretag

from tagger import SHIPPED_MODEL
from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelWindow
from tagger.errors import ModelError
from tagger.inference.metadata import METADATA_KEY
from tagger.inference.model import GenreModel
from tagger.inference.onnxfile import read_onnx
from tagger.inference.verify import recorded_answer, verify


def stamp(path: Path, **changes: object) -> None:
    """Change metadata without changing the model; None takes an entry out."""
    model = onnx.load(path)
    (entry,) = model.metadata_props
    document = {**json.loads(entry.value), **changes}
    entry.value = json.dumps({name: value for name, value in document.items() if value is not None})
    onnx.save(model, path)


def problems(path: Path) -> list[str]:
    return [check.problem for check in verify(path) if check.problem]


def test_info_shows_the_metadata(toy_model):
    done = genretag("model", "info", toy_model)
    assert done.returncode == 0, done.stderr
    for words in ("classical, hiphop, metal", "log-mean", "22050", "float32", "b × 128 × f × 1"):
        assert words in done.stdout
    assert hashlib.sha256(toy_model.read_bytes()).hexdigest() in done.stdout.replace("\n", "")


def test_info_as_json_prints_nothing_else():
    done = genretag("model", "info", "--json")
    metadata = json.loads(done.stdout)
    assert (metadata["bytes"], metadata["weights"]) == (SHIPPED_MODEL.stat().st_size, "float16")
    assert metadata["labels"] == list(GenreModel(SHIPPED_MODEL, "cpu").metadata.labels)
    assert {
        "temperature",
        "min_confidence",
        "voting",
        "window_frames",
        "training",
    } <= metadata.keys()
    assert done.stderr == ""


def test_an_onnx_file_is_read_as_its_own_library_does(toy_model):
    for path in (toy_model, SHIPPED_MODEL):
        ours, theirs = read_onnx(path), onnx.load(path)
        assert ours.opset == next(o.version for o in theirs.opset_import if not o.domain)
        assert ours.producer == theirs.producer_name
        shapes = tuple(
            tuple(dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim)
            for value in theirs.graph.input
        )
        assert ours.inputs == shapes
        stored: dict[str, int] = {}
        for tensor in theirs.graph.initializer:
            name = str(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
            stored[name] = stored.get(name, 0) + int(np.prod(tensor.dims))
        assert ours.weights == stored
        assert ours.metadata == {entry.key: entry.value for entry in theirs.metadata_props}


def test_verify_prints_a_line_for_each_check(toy_model):
    done = genretag("model", "verify", toy_model)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert all(line.startswith("ok ") for line in lines)


def test_the_model_of_the_package_is_fit_for_use():
    assert problems(SHIPPED_MODEL) == []


def test_what_is_no_model_is_refused_in_one_sentence(tmp_path):
    text = tmp_path / "text.onnx"
    text.write_text("not a model")
    bare = write_toy_model(tmp_path / "bare.onnx", None)
    missing = tmp_path / "missing.onnx"
    for path, words in (
        (text, "is not an ONNX model"),
        (bare, "is not a genretag model"),
        (missing, "no model"),
    ):
        for command in ("info", "verify"):
            done = genretag("model", command, path)
            assert done.returncode == 1
            assert words in done.stderr
            assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hop_frames": 32}, "not (2, 3)"),
        ({"hop_frames": 0}, "hop_frames is 0 and not a whole number"),
        ({"labels": ["rock", "pop", "rock"]}, "labels are no list of different names"),
        ({"training": {}}, "how it was trained"),
        ({"front_end": {"sample_rate": 22_050}}, "does not say n_fft"),
        ({"temperature": None}, "incomplete"),
        ({"check": {"windows": 1, "probabilities": [[0.0, 0.0, 1.0]]}}, "the recorded strip"),
        ({"check": {"probabilities": []}}, "could not be run"),
    ],
)
def test_metadata_that_do_not_fit_the_model_are_found(tmp_path, changes, words):
    path = write_toy_model(tmp_path / "toy.onnx")
    stamp(path, **changes)
    assert words in problems(path)[0]
    done = genretag("model", "verify", path)
    assert done.returncode == 1
    assert "failed" in done.stdout
    assert done.stderr.count("\n") == 1


def test_a_recorded_answer_that_is_right(tmp_path):
    path = write_toy_model(tmp_path / "toy.onnx")
    stamp(path, check=recorded_answer(GenreModel(path, "cpu")))
    checks = list(verify(path))
    assert checks[-1].name == "it gives the output recorded in it"
    assert [check.problem for check in checks] == [""] * 7


def rebuilt(path: Path, *nodes: onnx.NodeProto) -> Path:
    """Put other nodes in the place of the toy's softmax."""
    model = onnx.load(path)
    del model.graph.node[-1]
    model.graph.node.extend(nodes)
    onnx.save(model, path)
    return path


def test_answers_that_are_no_probabilities(tmp_path):
    node = onnx.helper.make_node
    path = write_toy_model(tmp_path / "toy.onnx")
    rebuilt(path, node("Sigmoid", ["logits"], ["windows"]))
    assert "sum of its probabilities" in problems(path)[0]
    rebuilt(path, node("Sqrt", ["logits"], ["windows"]))  # of numbers below zero
    assert "not between 0 and 1" in problems(path)[0]


def test_windows_that_depend_on_the_whole_strip(tmp_path):
    """Softmax over the windows of what is no longer the same when one is gone."""
    node = onnx.helper.make_node
    path = rebuilt(
        write_toy_model(tmp_path / "toy.onnx"),
        node("ReduceMax", ["logits"], ["loudest"], axes=[1], keepdims=1),
        node("Mul", ["logits", "loudest"], ["scaled"]),
        node("Mul", ["scaled", "loudest"], ["more"]),
        node("CumSum", ["more", "one"], ["summed"]),
        node("Softmax", ["summed"], ["windows"], axis=-1),
    )
    model = onnx.load(path)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(1), "one"))
    onnx.save(model, path)
    assert "one hop later" in problems(path)[0]


def test_a_prediction_that_depends_on_other_strips_is_found(tmp_path):
    node = onnx.helper.make_node
    path = rebuilt(
        write_toy_model(tmp_path / "toy.onnx"),
        node("ReduceMean", ["logits"], ["mean"], axes=[0], keepdims=1),
        node("Sub", ["logits", "mean"], ["rest"]),
        node("Softmax", ["rest"], ["windows"], axis=-1),
    )
    assert "a strip among others" in problems(path)[0]


def test_a_model_for_single_windows(tmp_path):
    path = write_toy_model(
        tmp_path / "toy.onnx",
        replace(TOY_METADATA, front_end=MelWindow(), grid=WindowGrid(128, 64)),
    )
    assert GenreModel(path, "cpu").metadata.labels == TOY_LABELS
    assert not GenreModel(path, "cpu").metadata.front_end.takes_strips
    assert problems(path) == []
    assert METADATA_KEY in read_onnx(path).metadata


@pytest.mark.parametrize("content", [b"8\n", b"\x10\xff\xff\xff\x7f", b"no model", b""])
def test_a_file_of_something_else_is_named(tmp_path, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"m\.onnx is not an ONNX model"):
        read_onnx(path)
