"""Refuses model files whose graph does more than a network for music needs.

ONNX Runtime would open other files that a graph names, call code that others registered, and make
whatever room a graph asks for. What is refused here never reaches it.
"""

from collections.abc import Iterator
from math import prod
from pathlib import Path

from tagger.errors import ModelError
from tagger.inference.onnxfile import open_model, read_shape, read_tensor, understood
from tagger.inference.protobuf import Field, all_of, fields_of, text_of

_MODEL_GRAPH, _MODEL_FUNCTIONS = 7, 25
_GRAPH_NODE, _GRAPH_WEIGHTS, _GRAPH_SPARSE = 1, 5, 15
_GRAPH_VALUES = (11, 12, 13)  # inputs, outputs, and what is between them
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS = (5, 10)  # one, or a list
_ATTRIBUTE_REFUSED = (6, 11, 22, 23)  # graphs and sparse tensors
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14

_DOMAINS = ("", "ai.onnx")
_OPERATORS = frozenset(
    "Abs Add ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant Conv"
    " ConvInteger CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu"
    " Equal Erf Exp Flatten Floor GRU Gather Gelu Gemm GlobalAveragePool GlobalMaxPool Greater"
    " GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization LRN"
    " LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul MatMulInteger Max"
    " MaxPool Mean Min Mish Mul Neg Not PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear"
    " RNN Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape Round Selu Shape Sigmoid"
    " Sign Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh Transpose"
    " Unsqueeze Where".split()
)
"""Layers and what is between them: no loops or branches, nothing that makes data out of sizes."""

_MOST_VALUES = 1 << 31  # numbers of a tensor


def read_checked(path: Path) -> bytes:
    """Return the content of a model file whose graph is harmless.

    It is what is to be loaded: the file may be replaced at any time.

    Raises:
        ModelError: it cannot be read, or its graph is refused.
    """
    with understood(path), open_model(path) as (file, size):
        content = file.read(size)
        problem = next(_problems(memoryview(content)), "")
    if problem:
        raise ModelError(f"{path} is refused: {problem}.")
    return content


def _problems(content: memoryview) -> Iterator[str]:
    model = list(fields_of(content))
    if all_of(model, _MODEL_FUNCTIONS):
        yield "it defines operators of its own"
    for graph in all_of(model, _MODEL_GRAPH):
        fields = list(fields_of(graph))
        if all_of(fields, _GRAPH_SPARSE):
            yield "it has sparse weights"
        for node in all_of(fields, _GRAPH_NODE):
            yield from _node_problems(list(fields_of(node)))
        for tensor in all_of(fields, _GRAPH_WEIGHTS):
            yield from _tensor_problems(tensor)
        for number in _GRAPH_VALUES:
            for value in all_of(fields, number):
                if prod(size for size in read_shape(value) if isinstance(size, int)) > _MOST_VALUES:
                    yield "it computes tensors that are too large"


def _node_problems(node: list[Field]) -> Iterator[str]:
    names = [text_of(name) for name in all_of(node, _NODE_OPERATOR)]
    domains = [text_of(domain) for domain in all_of(node, _NODE_DOMAIN)]
    for name in names:
        if name not in _OPERATORS or not set(domains) <= set(_DOMAINS):
            full = ".".join(filter(None, [*domains, name]))
            yield f"its operator {full!r} is not on the list of those that networks need"
    for attribute in all_of(node, _NODE_ATTRIBUTE):
        fields = list(fields_of(attribute))
        if any(number in _ATTRIBUTE_REFUSED for number, _ in fields):
            yield "it has graphs within its graph, or sparse weights"
        for number in _ATTRIBUTE_TENSORS:
            for tensor in all_of(fields, number):
                yield from _tensor_problems(tensor)


def _tensor_problems(tensor: memoryview) -> Iterator[str]:
    fields = list(fields_of(tensor))
    if any(number in (_TENSOR_EXTERNAL, _TENSOR_LOCATION) and value for number, value in fields):
        yield "its weights are in another file"
    _, count = read_tensor(fields)
    if count > 2 * len(tensor):  # the smallest types have four bits
        yield "it has weights that say that they are larger than the file"
