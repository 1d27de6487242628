"""From a Keras network to an ONNX graph, layer by layer.

A general converter traces the network with TensorFlow and folds constants in copies of the whole of
it, which takes gigabytes. The networks here are made of some twenty kinds of layers; each becomes
one or two ONNX operators, and every weight is copied once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.errors import ModelError
from trainer.export.layers import LAYERS, Name

if TYPE_CHECKING:
    import keras

OPSET = 17
IR_VERSION = 9
INPUT, OUTPUT = "strips", "windows"


def to_onnx(model: "keras.Model", *, frames: int | None) -> Any:
    """Return an ONNX model that computes what a deployed network does.

    Its input is `strips`, `float32 [batch, rows, frames, 1]`, its output `windows`. Weights are in
    float32.

    Args:
        model: A functional network with one input and one output.
        frames: Of the input; None: any number.

    Raises:
        ModelError: it has a layer of a kind that is not known here.
    """
    from onnx import TensorProto, checker, helper

    (given,) = model.inputs
    shape = ["batch", given.shape[1], "frames" if frames is None else frames, given.shape[3]]
    graph = Graph()
    if given.shape[3] != 1:
        raise ModelError("The export takes networks with one channel.")
    # To bring a single channel forward moves nothing.
    first = graph.add("Reshape", INPUT, graph.constant([0, 1, given.shape[1], -1]))
    last = graph.run(model, [first])
    graph.nodes.append(helper.make_node("Identity", [last], [OUTPUT]))
    windows = ["windows"] if len(model.outputs[0].shape) == 3 else []  # noqa: PLR2004
    result = ["batch", *windows, model.outputs[0].shape[-1]]
    found = helper.make_model(
        helper.make_graph(
            _without_last_identity(graph.nodes),
            "genretag",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, result)],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    checker.check_model(found)
    return found


def _without_last_identity(nodes: list[Any]) -> list[Any]:
    """Let the node before the last one, which only renames, give the output itself."""
    *others, rename = nodes
    for node in others:
        node.output[:] = [OUTPUT if name == rename.input[0] else name for name in node.output]
    return others


class Graph:
    """Nodes and weights of an ONNX graph that is being made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, *inputs: Name, **attributes: Any) -> Name:
        """Add a node; gives the name of its output."""
        from onnx import helper

        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, values: Any, name: str = "") -> Name:
        """Add weights, or integers such as a shape."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(values)
        if array.dtype != np.int64:
            array = array.astype(np.float32)
        name = f"{name or 'constant'}_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def run(self, model: "keras.Model", inputs: Sequence[Name]) -> Name:
        """Add all layers of a network; gives the name of its output."""
        names = {id(tensor): name for tensor, name in zip(model.inputs, inputs, strict=True)}
        for depth in sorted(model._nodes_by_depth, reverse=True):
            for node in model._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                given = [names[id(tensor)] for tensor in node.arguments.keras_tensors]
                (output,) = node.outputs
                names[id(output)] = self._layer(node, given)
        (result,) = model.outputs
        return names[id(result)]

    def _layer(self, node: Any, inputs: list[Name]) -> Name:
        layer = node.operation
        kind = type(layer).__name__
        if hasattr(layer, "_nodes_by_depth"):
            return self.run(layer, inputs)
        if kind not in LAYERS:
            raise ModelError(f"The export knows no layers of the kind {kind}.")
        return LAYERS[kind](self, node, inputs)

    def activate(self, function: Any, name: Name) -> Name:
        """Add the activation of a layer."""
        kind = getattr(function, "__name__", str(function))
        if kind == "linear":
            return name
        if kind in ("silu", "swish"):
            return self.add("Mul", name, self.add("Sigmoid", name))
        if kind == "softmax":
            return self.add("Softmax", name, axis=-1)
        if kind in ("relu", "sigmoid", "tanh"):
            return self.add(kind.capitalize(), name)
        raise ModelError(f"The export knows no activation {kind}.")
