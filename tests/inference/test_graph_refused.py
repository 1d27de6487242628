"""A model file that does more than a network needs never reaches ONNX Runtime."""

import numpy as np
import onnx
import pytest
from conftest import write_toy_model
from onnx import TensorProto, helper, numpy_helper

from tagger.errors import ModelError
from tagger.inference.graph import read_checked
from tagger.inference.model import GenreModel


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """Change a model file, and let no session be made of it."""

    def refuse(*_args, **_options):
        raise AssertionError("a session was made")

    monkeypatch.setattr("onnxruntime.InferenceSession", refuse)

    def change(edit):
        path = write_toy_model(tmp_path / "toy.onnx")
        model = onnx.load(path)
        edit(model)
        path.write_bytes(model.SerializeToString())
        return path

    return change


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")


def external_in_an_attribute(model):
    value = TensorProto(dims=[1], data_type=1, data_location=TensorProto.EXTERNAL)
    model.graph.node.append(helper.make_node("Constant", [], ["extra"], value=value))


def of_another_domain(model):
    model.graph.node.append(helper.make_node("Relu", ["logits"], ["x"], domain="evil.example"))


def made_of_sizes(model):
    model.graph.node.append(helper.make_node("ConstantOfShape", ["two"], ["x"]))


def a_loop(model):
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Relu", ["logits"], ["x"], body=body))


def of_its_own(model):
    model.functions.append(helper.make_function("mine", "F", ["x"], ["y"], [], []))


def sparse(model):
    model.graph.sparse_initializer.add(dims=[1 << 40])


def larger_than_the_file(model):
    model.graph.initializer[0].dims[0] = 1 << 40


def too_large_between(model):
    shape = [1 << 20, 1 << 20]
    model.graph.value_info.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, shape))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (external, "its weights are in another file"),
        (external_in_an_attribute, "its weights are in another file"),
        (of_another_domain, "operator 'evil.example.Relu' is not on the list"),
        (made_of_sizes, "operator 'ConstantOfShape' is not on the list"),
        (a_loop, "graphs within its graph"),
        (of_its_own, "operators of its own"),
        (sparse, "sparse weights"),
        (larger_than_the_file, "larger than the file"),
        (too_large_between, "tensors that are too large"),
    ],
)
def test_a_hostile_graph_is_refused_before_a_session_is_made(changed, edit, words):
    with pytest.raises(ModelError, match=words):
        GenreModel(changed(edit), "cpu")


def test_a_second_graph_is_checked_too(changed):
    """In a protocol buffer a later field counts as well."""
    path = changed(lambda model: None)
    graph = onnx.ModelProto(graph=onnx.GraphProto(sparse_initializer=[onnx.SparseTensorProto()]))
    path.write_bytes(path.read_bytes() + graph.SerializeToString())
    with pytest.raises(ModelError, match="sparse weights"):
        read_checked(path)


def test_what_was_checked_is_what_is_loaded(tmp_path, monkeypatch):
    import onnxruntime

    path, plain, given = write_toy_model(tmp_path / "toy.onnx"), onnxruntime.InferenceSession, []
    content = path.read_bytes()

    def session(model, *args, **options):
        given.append(model)
        return plain(model, *args, **options)

    monkeypatch.setattr("onnxruntime.InferenceSession", session)
    GenreModel(path, "cpu")
    assert given == [content]


def test_packed_and_tiny_weights_are_not_taken_for_larger_ones(changed):
    def tiny(model):
        zeros = numpy_helper.from_array(np.zeros(1000, np.int64), "zeros")
        typed = helper.make_tensor("typed", TensorProto.INT64, [1000], [0] * 1000)
        model.graph.initializer.extend([zeros, typed])

    read_checked(changed(tiny))
