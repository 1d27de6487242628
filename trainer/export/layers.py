"""How each kind of Keras layer is written as ONNX operators.

Keras has channels last, ONNX channels first: a tensor of four axes is `[batch, rows, columns,
channels]` there and `[batch, channels, rows, columns]` here.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import ModelError

if TYPE_CHECKING:
    from trainer.export.graph import Graph

PICTURE = 4  # axes of a tensor with channels
TO_CHANNELS_FIRST = (0, 3, 1, 2)
TO_CHANNELS_LAST = (0, 2, 3, 1)

Name = str
"""Of a tensor in the graph."""

Convert = Callable[["Graph", Any, list[Name]], Name]


def _rank(node: Any) -> int:
    return len(node.arguments.keras_tensors[0].shape)


def _window(layer: Any, size: Sequence[int]) -> dict[str, Any]:
    """Return kernel, strides and padding of a convolution or a pooling."""
    strides = list(layer.strides)
    found: dict[str, Any] = {"kernel_shape": list(size), "strides": strides}
    dilation = getattr(layer, "dilation_rate", (1, 1))
    if tuple(dilation) != (1, 1):
        raise ModelError("The export knows no dilated convolutions.")
    if layer.padding == "valid":
        return found
    if strides == [1, 1] and all(length % 2 for length in size):
        return found | {"pads": [length // 2 for length in size] * 2}
    return found | {"auto_pad": "SAME_UPPER"}  # as TensorFlow pads


def _convolution(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    layer = node.operation
    kernel, *bias = layer.get_weights()  # [rows, columns, in, out]
    weights = [graph.constant(w, layer.name) for w in (kernel.transpose(3, 2, 0, 1), *bias)]
    attributes = _window(layer, kernel.shape[:2])
    return graph.activate(layer.activation, graph.add("Conv", *inputs, *weights, **attributes))


def _depthwise(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    layer = node.operation
    kernel, *bias = layer.get_weights()  # [rows, columns, in, multiplier]
    rows, columns, channels, times = kernel.shape
    grouped = kernel.transpose(2, 3, 0, 1).reshape(channels * times, 1, rows, columns)
    weights = [graph.constant(w, layer.name) for w in (grouped, *bias)]
    attributes = _window(layer, (rows, columns)) | {"group": channels}
    return graph.activate(layer.activation, graph.add("Conv", *inputs, *weights, **attributes))


def _dense(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    layer = node.operation
    kernel, *bias = layer.get_weights()
    name = graph.add("MatMul", *inputs, graph.constant(kernel, layer.name))
    if bias:
        name = graph.add("Add", name, graph.constant(bias[0], layer.name))
    return graph.activate(layer.activation, name)


def _batch_norm(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    """Write it as a scale and an offset.

    In double precision, since features that vary by millionths have variances of billionths.
    """
    layer = node.operation
    weights = [weight.astype(np.float64) for weight in layer.get_weights()]
    gamma = weights.pop(0) if layer.scale else np.float64(1)
    beta = weights.pop(0) if layer.center else np.float64(0)
    mean, variance = weights
    scale = gamma / np.sqrt(variance + layer.epsilon)
    if _rank(node) == PICTURE:
        one = np.ones_like(mean)
        names = [graph.constant(w, layer.name) for w in (scale * one, beta * one, mean, one)]
        return graph.add("BatchNormalization", *inputs, *names, epsilon=0.0)
    name = graph.add("Sub", *inputs, graph.constant(mean, layer.name))
    name = graph.add("Mul", name, graph.constant(scale, layer.name))
    return name if not layer.center else graph.add("Add", name, graph.constant(beta, layer.name))


def _pooling(kind: str) -> Convert:
    def convert(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
        layer = node.operation
        return graph.add(kind, *inputs, **_window(layer, layer.pool_size))

    return convert


def _global_pooling(kind: str) -> Convert:
    def convert(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
        pooled = graph.add(kind, *inputs)
        return pooled if node.operation.keepdims else graph.add("Flatten", pooled)

    return convert


def _channels_last(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    (name,) = inputs
    return graph.add("Transpose", name, perm=TO_CHANNELS_LAST) if _rank(node) == PICTURE else name


def _reshape(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    last = _channels_last(graph, node, inputs)
    shape = [0, *node.operation.target_shape]
    name = graph.add("Reshape", last, graph.constant(shape))
    return graph.add("Transpose", name, perm=TO_CHANNELS_FIRST) if len(shape) == PICTURE else name


def _flatten(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    return graph.add("Flatten", _channels_last(graph, node, inputs))


def _concatenate(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    if node.operation.axis not in (-1, _rank(node) - 1):
        raise ModelError("The export knows no concatenation but that of channels.")
    return graph.add("Concat", *inputs, axis=1 if _rank(node) == PICTURE else -1)


def _zero_padding(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    (top, bottom), (left, right) = node.operation.padding
    return graph.add("Pad", *inputs, graph.constant([0, 0, top, left, 0, 0, bottom, right]))


def _along_channels(values: Any, node: Any) -> NDArray[Any]:
    """Return a constant so that it is broadcast over rows and columns, not over channels."""
    array = np.asarray(values, np.float64)
    return array.reshape(-1, 1, 1) if _rank(node) == PICTURE and array.size > 1 else array


def _rescaling(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    layer = node.operation
    name = graph.add("Mul", *inputs, graph.constant(_along_channels(layer.scale, node)))
    return graph.add("Add", name, graph.constant(_along_channels(layer.offset, node)))


def _relu(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    layer = node.operation
    if layer.negative_slope or layer.threshold:
        raise ModelError("The export knows no leaky rectifiers.")
    if layer.max_value is None:
        return graph.add("Relu", *inputs)
    ends = [graph.constant(np.array(end, np.float32)) for end in (0, layer.max_value)]
    return graph.add("Clip", *inputs, *ends)


def _activation(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
    return graph.activate(node.operation.activation, inputs[0])


def _arithmetic(kind: str) -> Convert:
    """Convert an operator between tensors, or between a tensor and a number."""

    def convert(graph: "Graph", node: Any, inputs: list[Name]) -> Name:
        if len(inputs) > 1:
            return graph.add(kind, *inputs)
        arguments = [*node.arguments.args, *node.arguments.kwargs.values()]
        (other,) = (value for value in arguments if not hasattr(value, "_keras_history"))
        return graph.add(kind, *inputs, graph.constant(_along_channels(other, node)))

    return convert


def _nothing(_graph: "Graph", _node: Any, inputs: list[Name]) -> Name:
    return inputs[0]


LAYERS: dict[str, Convert] = {
    "Activation": _activation,
    "Add": _arithmetic("Add"),
    "Average": _arithmetic("Mean"),
    "AveragePooling2D": _pooling("AveragePool"),
    "BatchNormalization": _batch_norm,
    "Concatenate": _concatenate,
    "Conv2D": _convolution,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "Divide": _arithmetic("Div"),
    "Dropout": _nothing,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_pooling("GlobalAveragePool"),
    "GlobalMaxPooling2D": _global_pooling("GlobalMaxPool"),
    "MaxPooling2D": _pooling("MaxPool"),
    "Multiply": _arithmetic("Mul"),
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Subtract": _arithmetic("Sub"),
    "TrueDivide": _arithmetic("Div"),
    "ZeroPadding2D": _zero_padding,
}
"""How each kind of layer is written, by the name of its class."""
