"""From an exported ONNX file to one that computes in eight-bit integers.

Static quantisation in ONNX Runtime's QDQ form: weights by channel, activations by the ranges that
training strips give them. Weights keep to seven bits, since processors without VNNI would add the
products of eight-bit ones in registers that overflow.
"""

from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError, ModelError
from tagger.inference.confidence import track_probabilities
from tagger.inference.metadata import METADATA_KEY, ModelMetadata
from tagger.inference.model import GenreModel
from trainer.data.dataset import DataSet, Track
from trainer.training.batches import Array, inputs

ACCURACY_LOSS = 0.005  # most that may be lost on validation tracks, or a single one if that is more
WINDOWS_OF_LABEL = 10  # to find the ranges with, from as many training tracks
PERCENTILE = 99.99  # of the values of an activation lie within its range


def quantise(
    source: Path, output: Path, data: DataSet, splits: Sequence[str], compared_on: str
) -> str:
    """Write the int8 form of an exported model, and compare the two on validation tracks.

    Returns:
        The comparison in a sentence.

    Raises:
        DataError: there are no tracks to compare them on.
        ModelError: the network has no convolutions to quantise, or loses more than half a point of
            accuracy by it.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    tracks = data.split(compared_on)
    if not tracks:
        raise DataError(f"There are no tracks in the split {compared_on!r} to check int8 on.")
    metadata = GenreModel(source, "cpu").metadata
    prepared = output.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    graph = onnx.load(prepared).graph
    last = _last_convolutions(graph)
    if sum(node.op_type == "Conv" for node in graph.node) <= len(last):
        raise ModelError("Only networks with convolutions can be stored as int8.")
    with redirect_stdout(StringIO()):  # of the search for ranges
        quantize_static(
            str(prepared),
            str(output),
            _Windows(data, splits, metadata),
            op_types_to_quantize=["Conv", "MaxPool"],
            # Behind the last convolution come averages: its many small values would be rounded to
            # nothing beside a few large ones. To leave it in float costs a fifteenth of the time,
            # and the divergence from the float network falls to a sixteenth.
            nodes_to_exclude=last,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={
                "CalibPercentile": PERCENTILE,
                # What the layers give for a window goes into the histograms before the next one,
                # or that of all windows would be kept: with each method, in spite of the name.
                "CalibStridedMinMax": 1,
            },
        )
    prepared.unlink()
    _stamp(output, metadata)
    return _compare(source, output, data, tracks)


def _last_convolutions(graph: Any) -> list[str]:
    """Return the names of the convolutions that no other one follows, one in each network."""
    followed: set[str] = set()  # tensors that a convolution comes of
    last = []
    for node in reversed(graph.node):
        leads_on = not followed.isdisjoint(node.output)
        if node.op_type == "Conv" and not leads_on:
            last.append(node.name)
        if node.op_type == "Conv" or leads_on:
            followed.update(node.input)
    return last


class _Windows:
    """Hands out training windows, as many of each genre, in the way that ONNX Runtime reads.

    The one of the widest range comes first: from it the histograms get the width of their bins.
    """

    def __init__(self, data: DataSet, splits: Sequence[str], metadata: ModelMetadata) -> None:
        drawn = self._draw(data, data.split(*splits), metadata)
        self._windows = sorted(drawn, key=np.ptp, reverse=True)
        self._left = iter(self._windows)

    def __len__(self) -> int:
        return len(self._windows)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Hand out only these from now on."""
        self._left = iter(self._windows[start_index:end_index])

    def get_next(self) -> dict[str, Array] | None:
        return next(({"strips": window} for window in self._left), None)

    @staticmethod
    def _draw(data: DataSet, tracks: Sequence[Track], metadata: ModelMetadata) -> Iterator[Array]:
        rng = np.random.default_rng(0)
        size = metadata.grid.window
        for label in data.labels:
            own = [track for track in tracks if track.genre == label]
            for place in rng.permutation(len(own))[:WINDOWS_OF_LABEL]:
                strips = own[place].load()
                strip = strips[rng.integers(len(strips))]
                start = int(rng.integers(max(1, strip.shape[1] - size + 1)))
                window = strip[:, start : start + size]
                yield inputs(window, metadata.front_end)[:1]


def _stamp(file: Path, metadata: ModelMetadata) -> None:
    """Give a file the metadata of its source, which quantisation drops."""
    import onnx
    from onnx import helper

    model = onnx.load(file)
    helper.set_model_props(model, {METADATA_KEY: metadata.to_json()})
    model.producer_name = "genretag-train"
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _compare(source: Path, output: Path, data: DataSet, tracks: Sequence[Track]) -> str:
    """Compare the tracks' genres by two models; raise where they are too far apart."""
    targets = np.array([data.target(track) for track in tracks])
    plain, small = (_predict(GenreModel(file, "cpu"), tracks) for file in (source, output))
    agreement = float((plain.argmax(1) == small.argmax(1)).mean())
    before, after = (int((p.argmax(1) == targets).sum()) for p in (plain, small))
    found = (
        f"int8 agrees with float in {agreement:.1%} of {len(tracks)} tracks, accuracy "
        f"{after / len(tracks):.1%} instead of {before / len(tracks):.1%}, "
        f"mean difference {np.abs(plain - small).mean():.4f} in probability"
    )
    if before - after > max(1, ACCURACY_LOSS * len(tracks)):
        raise ModelError(f"int8 costs this network too much accuracy: {found}.")
    return found


def _predict(model: GenreModel, tracks: Sequence[Track]) -> NDArray[Any]:
    """Return track probabilities `[tracks, labels]`."""
    metadata = model.metadata

    def predict_one(track: Track) -> NDArray[Any]:
        batches = [inputs(strip, metadata.front_end)[..., 0] for strip in track.load()]
        windows = [model.window_probabilities(batch) for batch in batches]
        rows = np.concatenate([found.reshape(-1, len(metadata.labels)) for found in windows])
        return track_probabilities(rows, metadata.voting, metadata.temperature, metadata.confidence)

    return np.stack([predict_one(track) for track in tracks])
