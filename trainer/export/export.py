"""From a run to the ONNX file that genretag listens with."""

import json
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError, ModelError
from tagger.inference.metadata import METADATA_KEY, ModelMetadata
from tagger.inference.model import GenreModel
from tagger.inference.verify import RECORDED, recorded_answer
from tagger.inference.vote import Voting
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet
from trainer.evaluation.calibration import too_few
from trainer.export.float16 import to_half
from trainer.export.int8 import quantise
from trainer.training.batches import Array, inputs
from trainer.training.options import Keep
from trainer.training.run_folder import Run

if TYPE_CHECKING:
    import keras

TOLERANCE = 1e-4  # largest difference of a probability between Keras and ONNX Runtime
HALF_TOLERANCE = 1e-2  # the same where ONNX Runtime computes in float16
CHECKED_STRIPS = 16


def export(
    run: Run,
    output: Path,
    keep: Keep,
    *,
    judged_by: Run | None = None,
    half: bool = False,
    int8: bool = False,
    report: Callable[[str], None],
) -> ModelMetadata:
    """Write the strip model of a run as ONNX, check it on real strips and stamp its facts.

    Voting, temperature, minimum confidence and accuracy come from the `metrics.json` of the run,
    or of `judged_by` when this run was trained on the validation tracks too. With `half` weights
    are stored as float16, and a GPU computes in it; with `int8` they are eight-bit integers and
    computed with as such.

    Raises:
        DataError: the run was not evaluated, or with other weights, or its data is gone.
        ModelError: Keras and ONNX Runtime disagree, or Keras runs on another backend than
            TensorFlow, the only one whose export keeps the number of frames open; or the network
            does not bear int8.
    """
    judge = judged_by or run
    metrics = judge.metrics()
    if judge is run and (judged := metrics["subject"]["weights"]) != keep:
        raise DataError(
            f"{run.folder} was evaluated with --keep {judged}; "
            f"export these weights, or evaluate it with --keep {keep}."
        )
    data = prepared.load([Path(folder) for folder in run.options.data], run.options.fold)
    run.there(keep)
    from trainer.networks.backend import keras

    if keras.backend.backend() != "tensorflow":
        raise ModelError(
            "The export needs KERAS_BACKEND=tensorflow; it takes runs of every backend."
        )
    model = run.deployed(keep)
    if half:
        _round_to_half(model)
    facts = ModelMetadata(
        labels=run.labels,
        front_end=run.front_end,
        grid=run.front_end.grid,
        voting=Voting(metrics["voting"]),
        temperature=round(metrics["temperature"], 4),
        min_confidence=metrics["min_confidence"],
        training=_training_facts(run, judge, metrics),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
        made = Path(scratch) / output.name
        model(np.zeros((1, run.front_end.rows, run.front_end.grid.window, 1), np.float32))
        with warnings.catch_warnings():
            # Keras asks numpy for a name that it has no longer, and numpy warns of that.
            warnings.filterwarnings("ignore", r".*`np\.object`", FutureWarning)
            model.export(str(made), format="onnx", verbose=False)
        _finish(made, facts, half)
        worst = largest_difference(model, made, _some_inputs(data, run.front_end))
        if worst > (HALF_TOLERANCE if half else TOLERANCE):
            raise ModelError(f"ONNX and Keras differ by {worst:.1e} in probability.")
        if int8:
            exact, made = made, made.with_suffix(".int8.onnx")
            report(
                quantise(exact, made, data, run.options.train_splits, metrics["subject"]["split"])
            )
        _record_answer(made)
        made.replace(output)
    report(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB, "
        f"largest difference from Keras {worst:.1e} in probability"
    )
    if warning := too_few(metrics["track"]["tracks"]):
        report(warning)
    return facts


def _record_answer(file: Path) -> None:
    """Add to a file's facts what it answers here, for `genretag model verify` elsewhere."""
    import onnx

    answer = recorded_answer(GenreModel(file, "cpu"))
    model = onnx.load(file)
    (document,) = (prop for prop in model.metadata_props if prop.key == METADATA_KEY)
    document.value = json.dumps(json.loads(document.value) | {RECORDED: answer}, ensure_ascii=False)
    onnx.save(model, file)


def _training_facts(run: Run, judge: Run, metrics: dict[str, Any]) -> dict[str, Any]:
    options = run.options
    return {
        "architecture": options.arch,
        "batch_norm": run.batch_norm,
        "shrink": options.shrink,
        "initial_run": Path(options.init).name if options.init else None,
        "teachers": [Path(folder).name for folder in options.teachers],
        "teacher_share": options.teacher_share if options.teachers else None,
        "initial_weights": Path(options.weights).name,
        "pretrained_layers": list(run.facts["pretrained"]),
        "data": [Path(folder).name for folder in options.data],
        "splits": list(options.train_splits),
        "fold": options.fold,
        "windows_seen": options.epochs * options.batches * options.batch_size,
        "seed": options.seed,
        "accuracy": {
            "protocol": metrics["subject"]["protocol"]
            + ("" if judge is run else "; of the run that chose the settings"),
            "tracks": metrics["track"]["tracks"],
            "track_accuracy": round(metrics["track"]["accuracy"], 4),
            "interval_95": [round(end, 4) for end in metrics["track"]["accuracy_interval"]],
            "macro_f1": round(metrics["track"]["macro_f1"], 4),
        },
    }


def _round_to_half(model: "keras.Model") -> None:
    """Round weights to what float16 can hold, so that both files mean the same numbers."""
    model.set_weights([w.astype(np.float16).astype(np.float32) for w in model.get_weights()])


def _finish(file: Path, facts: ModelMetadata, half: bool) -> None:
    """Name the input and output, compute in float16 if asked, and stamp the facts."""
    import onnx
    from onnx import helper

    model = onnx.load(file)
    _name_ends(model.graph, facts)
    if half:
        model = to_half(model)
    helper.set_model_props(model, {METADATA_KEY: facts.to_json()})
    model.producer_name = "genretag-train"
    model.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _name_ends(graph: Any, facts: ModelMetadata) -> None:
    """Give the input and the output of a graph the names and shapes that genretag knows."""
    from onnx import TensorProto, helper

    front_end, strips = facts.front_end, facts.front_end.takes_strips
    frames = "frames" if strips else front_end.grid.window
    shapes = {
        "strips": ["batch", front_end.rows, frames, 1],
        "windows": ["batch", *(["windows"] if strips else []), len(facts.labels)],
    }
    weights = {tensor.name for tensor in graph.initializer}
    (given,) = (value for value in graph.input if value.name not in weights)
    (result,) = graph.output
    names = {given.name: "strips", result.name: "windows"}
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for ends, name in ((graph.input, "strips"), (graph.output, "windows")):
        del ends[:]
        ends.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]))


def _some_inputs(data: DataSet, front_end: FrontEnd) -> list[Array]:
    """Return real strips of different lengths as the network takes them."""
    step = max(1, len(data.tracks) // CHECKED_STRIPS)
    strips = [strip for track in data.tracks[::step] for strip in track.load()]
    return [inputs(strip, front_end) for strip in strips]


def largest_difference(model: "keras.Model", file: Path, batches: Sequence[Array]) -> float:
    """Return the largest difference in probability between Keras and the ONNX file."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def difference(batch: Array) -> float:
        expected = np.asarray(model.predict_on_batch(batch))
        return float(np.abs(session.run(None, {"strips": batch})[0] - expected).max())

    return max(map(difference, batches))
