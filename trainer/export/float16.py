"""From an exported ONNX file to one that computes in float16."""

from typing import Any

EXACT = ("Softmax", "Mean")
"""What gives probabilities, and is computed in float32."""


def to_half(model: Any) -> Any:
    """Return an ONNX model with weights and activations in float16.

    Input, output, softmax and the mean of several networks stay float32, so that probabilities
    still sum to one. A GPU adds up
    the products of float16 in float32. A processor that cannot compute in float16 gets float32
    from ONNX Runtime, which widens the weights when it loads the file and is as quick as before.
    A model whose weights are only stored as float16, to be widened, is taken as well.
    """
    from onnx import TensorProto
    from onnxruntime.transformers import float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    _narrow(model, TensorProto)
    half = float16.convert_float_to_float16(
        model, keep_io_types=True, op_block_list=[*float16.DEFAULT_OP_BLOCK_LIST, *EXACT]
    )
    _keep_exact(half.graph)
    OnnxModel(half).topological_sort()  # new casts stand at the end
    return half


def _narrow(model: Any, types: Any) -> None:
    """Take the casts away that widen stored weights; the conversion rounds nothing twice."""
    from onnx import numpy_helper

    graph = model.graph
    stored = {t.name: t for t in graph.initializer if t.data_type == types.FLOAT16}
    casts = [node for node in graph.node if node.op_type == "Cast" and node.input[0] in stored]
    for cast in casts:
        weights = stored[cast.input[0]]
        wide = numpy_helper.to_array(weights).astype("float32")
        weights.CopyFrom(numpy_helper.from_array(wide, cast.output[0]))
        graph.node.remove(cast)


def _keep_exact(graph: Any) -> None:
    """Let probabilities pass as they are, not by way of float16."""
    made_by = {node.output[0]: node for node in graph.node}
    for widens in [node for node in graph.node if node.op_type == "Cast"]:
        narrows = made_by.get(widens.input[0])
        if narrows is None or narrows.op_type != "Cast":
            continue
        exact = made_by.get(narrows.input[0])
        if exact is not None and exact.op_type in EXACT:
            exact.output[0] = widens.output[0]
            graph.node.remove(narrows)
            graph.node.remove(widens)
