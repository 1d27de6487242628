"""The runtimes that are compared on a GPU: genretag's ONNX Runtime session and PyTorch.

Each contender runs in its own process, because their CUDA libraries can conflict and because one
that fails must not stop the others. All start from strips in the memory of their process and end
with probabilities there.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from tagger.options import Device

Run = Callable[[np.ndarray], np.ndarray]
"""From strips `[batch, rows, frames]` to probabilities `[batch, windows, labels]`."""

WARM_UP = 3  # runs before the first that counts: algorithms are chosen, code is compiled
PATIENCE = 900  # seconds for an answer; compiling takes long


@dataclass(frozen=True)
class Contender:
    """One way of running the model; can be pickled and sent to a process."""

    kind: str  # a name in KINDS
    model: Path
    device: str
    options: Mapping[str, Any]


def genretag(model: Path, device: Device, **provider: str) -> Run:
    """Run the class that scans use; `provider` changes what it tells CUDA."""
    from tagger.inference import cuda
    from tagger.inference.model import GenreModel

    cuda.OPTIONS.update(provider)
    return GenreModel(model, device).window_probabilities


def pytorch(model: Path, device: str, *, compiled: bool = False) -> Run:
    """Run the same network in PyTorch: channels last, half precision on a GPU."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("PyTorch has no CUDA here")
    torch.backends.cudnn.benchmark = True
    half = torch.float16 if device == "cuda" else torch.float32
    network = _network(model).eval().to(device, half, memory_format=torch.channels_last)
    forward = torch.compile(network) if compiled else network

    @torch.inference_mode()
    def run(strips: np.ndarray) -> np.ndarray:
        given = torch.from_numpy(strips)[:, None].to(device).to(half)
        answer = forward(given.contiguous(memory_format=torch.channels_last))
        return answer.cpu().numpy()

    return run


KINDS: dict[str, Callable[..., Run]] = {"genretag": genretag, "pytorch": pytorch}


def _network(file: Path) -> Any:
    """Build what an exported ONNX file holds in PyTorch: VGG, or the mean of several."""
    import onnx
    import torch
    from onnx import numpy_helper
    from torch import nn

    graph = onnx.load(file).graph
    weights = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    weights |= {  # stored as float16 and widened by a Cast node
        node.output[0]: weights[node.input[0]]
        for node in graph.node
        if node.op_type == "Cast" and node.input[0] in weights
    }
    made_by = {name: node for node in graph.node for name in node.output}

    def up_to(node: Any) -> list[Any]:
        """Return the nodes that lead to a node, from the input of the network on."""
        before = next(
            (made_by[name] for name in node.input if name in made_by and name not in weights), None
        )
        return [*(up_to(before) if before is not None else ()), node]

    members = [_member(up_to(node), weights) for node in graph.node if node.op_type == "Softmax"]

    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.members = nn.ModuleList(members)

        def forward(self, strips: torch.Tensor) -> torch.Tensor:
            return torch.stack([member(strips) for member in self.members]).mean(0)

    return Mean()


def _member(nodes: Sequence[Any], weights: Mapping[str, np.ndarray]) -> Any:
    """Build one VGG in PyTorch from its nodes, first to last, and the weights that they name."""
    import onnx
    import torch
    from torch import nn

    def attributes(node: Any) -> dict[str, Any]:
        return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}

    def tensor(name: str) -> torch.Tensor:
        return torch.from_numpy(np.array(weights[name], np.float32))

    def only(kind: str) -> Any:
        (found,) = (node for node in nodes if node.op_type == kind)
        return found

    *shrinking, average = (attributes(node) for node in nodes if node.op_type == "AveragePool")
    layers: list[nn.Module] = [nn.AvgPool2d(tuple(pool["kernel_shape"])) for pool in shrinking]
    for node in nodes:
        if node.op_type == "Conv":
            kernel, bias = map(tensor, node.input[1:])
            layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
            layer.weight.data, layer.bias.data = kernel, bias
            layers.append(layer)
        elif node.op_type == "Relu":
            layers.append(nn.ReLU(inplace=True))
        elif node.op_type == "MaxPool":
            layers.append(nn.MaxPool2d(2))
    window, step = (tuple(average[name]) for name in ("kernel_shape", "strides"))
    (offset,) = (tensor(name) for name in only("Add").input if name in weights)
    matrix = tensor(only("MatMul").input[1])

    class Strips(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.columns = nn.Sequential(*layers)
            self.head = nn.Linear(1, 1)
            self.head.weight.data = matrix.T.contiguous()
            self.head.bias.data = offset

        def forward(self, strips: torch.Tensor) -> torch.Tensor:
            columns = self.columns(strips)
            pooled = torch.cat(
                [
                    nn.functional.avg_pool2d(columns, window, step),
                    nn.functional.max_pool2d(columns, window, step),
                ],
                dim=1,
            )
            return torch.softmax(self.head(pooled.flatten(2).mT).float(), -1)

    return Strips()


class Worker:
    """A contender in its own process; `error` says why it failed, and is empty until then."""

    def __init__(self, contender: Contender) -> None:
        context = get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end, contender), daemon=True)
        self._process.start()
        end.close()
        self.error = ""

    def ask(self, strips: np.ndarray, times: int) -> tuple[float, np.ndarray] | None:
        """Run `times` times; return the seconds and the probabilities, or None after a failure."""
        if self.error:
            return None
        with suppress(OSError):  # the process may have failed already and sent its error
            self._pipe.send((strips, times))
        try:
            if not self._pipe.poll(PATIENCE):
                raise EOFError
            answer = self._pipe.recv()
        except (EOFError, OSError):
            answer = "its process ended or did not answer"
        if isinstance(answer, str):
            self.error = answer
            self.close()
            return None
        return answer

    def close(self) -> None:
        """End the process and free its memory."""
        self._process.terminate()
        self._process.join()


def _serve(pipe: Any, contender: Contender) -> None:
    seen: set[tuple[int, ...]] = set()
    try:
        make = KINDS[contender.kind]
        run = make(contender.model, contender.device, **contender.options)
        while True:
            strips, times = pipe.recv()
            for _ in range(0 if strips.shape in seen else WARM_UP):
                run(strips)
            seen.add(strips.shape)
            began = time.perf_counter()
            for _ in range(times):
                answer = run(strips)
            pipe.send((time.perf_counter() - began, answer))
    except EOFError:
        return
    except Exception as error:  # any library may raise anything here
        lines = str(error).splitlines() or [""]
        pipe.send(f"{type(error).__name__}: {lines[0][:300]}")
