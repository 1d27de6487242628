"""From a run to the ONNX file that genretag listens with."""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tagger.errors import DataError, ModelError
from tagger.facts import METADATA_KEY, ModelFacts
from tagger.frontend import Strip
from tagger.vote import Voting
from trainer import data as prepared
from trainer import networks
from trainer.batches import cut_window
from trainer.runs import METRICS_FILE, Keep, Run

TOLERANCE = 1e-4  # largest difference of a probability between Keras and ONNX Runtime
CHECKED_STRIPS = 16


def export(
    run: Run,
    output: Path,
    keep: Keep,
    *,
    judged_by: Run | None = None,
    half: bool = False,
    report: Callable[[str], None],
) -> ModelFacts:
    """Write the strip model of a run as ONNX, check it on real strips and stamp its facts.

    Voting, temperature, minimum confidence and accuracy come from the `metrics.json` of the run,
    or of `judged_by` when this run was trained on the validation tracks too. With `half` weights
    are stored as float16 and computed with in float32.

    Raises:
        DataError: the run was not evaluated, or its data is gone.
        ModelError: Keras and ONNX Runtime disagree, or Keras runs on another backend than
            TensorFlow, the only one whose export keeps the number of frames open.
    """
    if keras.backend.backend() != "tensorflow":
        raise ModelError(
            "The export needs KERAS_BACKEND=tensorflow; it takes runs of every backend."
        )
    judge = judged_by or run
    metrics = _metrics(judge)
    model = networks.build_strips(run.model(keep), run.front_end.n_mels, run.options.grid)
    if half:
        _round_to_half(model)
    facts = ModelFacts(
        run.labels,
        run.front_end,
        run.options.grid,
        Voting(metrics["voting"]),
        round(metrics["temperature"], 4),
        metrics["min_confidence"],
        _training_facts(run, judge, metrics),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
        made = Path(scratch) / output.name
        model(np.zeros((1, run.front_end.n_mels, run.options.grid.window, 1), np.float32))
        model.export(str(made), format="onnx", verbose=False)
        _finish(made, facts, half)
        worst = largest_difference(model, made, _some_strips(run))
        if worst > TOLERANCE:
            raise ModelError(f"ONNX and Keras differ by {worst:.1e} in probability.")
        made.replace(output)
    report(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB, "
        f"largest difference from Keras {worst:.1e} in probability"
    )
    return facts


def _metrics(run: Run) -> dict[str, Any]:
    try:
        metrics: dict[str, Any] = json.loads((run.folder / METRICS_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        raise DataError(
            f"{run.folder} was not evaluated; run 'genretag-train evaluate {run.folder}' first."
        ) from None
    return metrics


def _training_facts(run: Run, judge: Run, metrics: dict[str, Any]) -> dict[str, Any]:
    options = run.options
    return {
        "architecture": "vgg16",
        "batch_norm": run.batch_norm,
        "initial_weights": Path(options.weights).name,
        "pretrained_layers": list(run.facts["pretrained"]),
        "data": [Path(folder).name for folder in options.data],
        "splits": list(options.train_splits),
        "fold": options.fold,
        "windows_seen": options.epochs * options.batches * options.batch_size,
        "seed": options.seed,
        "accuracy": {
            "protocol": f"tracks of the split {metrics['split']!r}, "
            + (metrics.get("caveat") or "none of them in training")
            + ("" if judge is run else "; of the run that chose the settings"),
            "tracks": metrics["track"]["tracks"],
            "track_accuracy": round(metrics["track"]["accuracy"], 4),
            "interval_95": [round(end, 4) for end in metrics["track"]["accuracy_interval"]],
            "macro_f1": round(metrics["track"]["macro_f1"], 4),
        },
    }


def _round_to_half(model: keras.Model) -> None:
    """Round weights to what float16 can hold, so that both files mean the same numbers."""
    model.set_weights([w.astype(np.float16).astype(np.float32) for w in model.get_weights()])


def _finish(file: Path, facts: ModelFacts, half: bool) -> None:
    """Name the input and output, store the weights as asked, and stamp the facts."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.tools.update_model_dims import update_inputs_outputs_dims

    model = onnx.load(file)
    _rename(model, {model.graph.input[0].name: "strips", model.graph.output[0].name: "windows"})
    update_inputs_outputs_dims(
        model,
        {"strips": ["batch", facts.front_end.n_mels, "frames", 1]},
        {"windows": ["batch", "windows", len(facts.labels)]},
    )
    if half:
        casts = []
        for tensor in model.graph.initializer:
            if tensor.data_type != TensorProto.FLOAT:
                continue
            name = tensor.name
            values = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(values, f"{name}_half"))
            # ONNX Runtime folds these when it loads the file.
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
        for cast in reversed(casts):
            model.graph.node.insert(0, cast)
    helper.set_model_props(model, {METADATA_KEY: facts.to_json()})
    model.producer_name = "genretag-train"
    model.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _rename(model: Any, names: dict[str, str]) -> None:
    """Rename values throughout a graph."""
    graph = model.graph
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


def _some_strips(run: Run) -> list[Strip]:
    """Return real strips of different lengths, at least one window each."""
    data = prepared.load([Path(folder) for folder in run.options.data], run.options.fold)
    step = max(1, len(data.tracks) // CHECKED_STRIPS)
    strips = [strip for track in data.tracks[::step] for strip in track.load()]
    window = run.options.grid.window
    return [cut_window(strip, 0, max(strip.shape[1], window)) for strip in strips]


def largest_difference(model: keras.Model, file: Path, strips: Sequence[Strip]) -> float:
    """Return the largest difference in probability between Keras and the ONNX file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def difference(strip: Strip) -> float:
        batch: NDArray[np.float32] = strip[None, :, :, None]
        expected = np.asarray(model.predict_on_batch(batch))
        return float(np.abs(session.run(None, {"strips": batch})[0] - expected).max())

    return max(map(difference, strips))
