"""From a run to the ONNX file that genretag runs."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError
from tagger.inference.metadata import METADATA_KEY, ModelMetadata
from tagger.inference.model import GenreModel
from tagger.inference.verify import RECORDED, recorded_answer
from trainer.data.dataset import DataSet
from trainer.evaluation.figures import Figures, figures_of
from trainer.evaluation.text import warnings as warnings_of
from trainer.export.agreement import check_agreement
from trainer.export.float16 import to_half
from trainer.export.graph import to_onnx
from trainer.export.int8 import quantise
from trainer.export.mean import check_mean, data_of, figures_of_mean, mean_network
from trainer.files import writing
from trainer.training.batches import Array, inputs
from trainer.training.options import Keep
from trainer.training.run_folder import Run

if TYPE_CHECKING:
    import keras

CHECKED_STRIPS = 16


def export(
    runs: Sequence[Run],
    output: Path,
    keep: Keep,
    *,
    figures_from: Sequence[Run] = (),
    half: bool = False,
    int8: bool = False,
    report: Callable[[str], None],
) -> ModelMetadata:
    """Write the strip model of a run, or the mean of several, as ONNX.

    It is checked on real strips. Voting, temperature, confidence and accuracy come from the
    evaluation of the run, or of `figures_from` when this run was trained on the validation tracks
    too; the mean of several is scored here, or that of as many in `figures_from`. With `half`
    weights are stored as float16, and a GPU computes in it; with `int8` they are eight-bit
    integers and computed with as such.

    Raises:
        DataError: the run was not evaluated, or with other weights, its data is gone,
            `figures_from` is a network of another kind, or several runs have no mean.
        ModelError: Keras and ONNX Runtime disagree, or int8 costs the network too much accuracy.
    """
    run, *others = runs
    check_mean(runs)
    if not others and len(figures_from) > 1:
        raise DataError("--figures-from names one run where one is written.")
    figures = None if others else figures_of(run, keep, *figures_from)
    data = data_of(run)
    model = mean_network(runs, keep) if others else run.deployed(keep)
    if figures is None:
        figures = figures_of_mean(runs, keep, model, data, figures_from, report)
    settings = figures.settings
    if half:
        _round_to_half(model)
    metadata = ModelMetadata(
        labels=run.labels,
        front_end=run.front_end,
        grid=run.front_end.grid,
        voting=settings.voting,
        temperature=settings.temperature,
        min_confidence=settings.min_confidence,
        training=_mean_metadata(runs, figures) if others else _training_metadata(run, figures),
        confidence=settings.confidence,
    )
    checked = _some_inputs(data, run.front_end)
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
            made = Path(scratch) / output.name
            _write(made, model, metadata, half)
            worst = check_agreement(model, made, checked, half)
            if int8:
                exact, made = made, made.with_suffix(".int8.onnx")
                compared_on = figures.metrics["subject"]["split"]
                report(quantise(exact, made, data, run.options.train_splits, compared_on))
            _record_answer(made)
            made.replace(output)
    form = " before it became int8" if int8 else ""
    report(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB, "
        f"largest difference from Keras{form} {worst:.1e} in probability"
    )
    if not others and run.metrics_file("test").exists() and figures.test is None:
        report(
            f"The test figures of {run.folder} are of other weights or settings and are left out; "
            "evaluate it with --split test again."
        )
    for warning in warnings_of(settings):
        report(warning)
    return metadata


def _record_answer(file: Path) -> None:
    """Add to a file's metadata what it answers here, for `genretag model verify` elsewhere."""
    import onnx

    answer = recorded_answer(GenreModel(file, "cpu"))
    model = onnx.load(file)
    (document,) = (prop for prop in model.metadata_props if prop.key == METADATA_KEY)
    document.value = json.dumps(json.loads(document.value) | {RECORDED: answer}, ensure_ascii=False)
    onnx.save(model, file)


def _training_metadata(run: Run, figures: Figures) -> dict[str, Any]:
    return {**_of_run(run), **_of_figures(figures)}


def _mean_metadata(runs: Sequence[Run], figures: Figures) -> dict[str, Any]:
    return {
        "architecture": " + ".join(run.options.arch for run in runs),
        "mean_of_probabilities": {
            f"network {number}": _of_run(run) for number, run in enumerate(runs, 1)
        },
        **_of_figures(figures),
    }


def _of_run(run: Run) -> dict[str, Any]:
    """Return how a network was trained."""
    options = run.options
    return {
        "architecture": options.arch,
        "batch_norm": run.batch_norm,
        "shrink": options.shrink,
        "initial_run": Path(options.init).name if options.init else None,
        "teachers": [Path(folder).name for folder in options.teachers],
        "teacher_share": options.teacher_share if options.teachers else None,
        "initial_weights": Path(options.weights).name,
        "pretrained_layers": list(run.metadata["pretrained"]),
        "data": [Path(folder).name for folder in options.data],
        "splits": list(options.train_splits),
        "fold": options.fold,
        "windows_seen": options.epochs * options.batches * options.batch_size,
        "seed": options.seed,
        "extended_after": list(run.metadata.get("extended_after", ())),
    }


def _of_figures(figures: Figures) -> dict[str, Any]:
    """Return how good a network is, and what its confidence comes from."""
    test = figures.test
    return {
        "accuracy": _accuracy(figures.metrics, borrowed=figures.borrowed),
        **({"test_accuracy": _accuracy(test)} if test else {}),
        "confidence_fitted_to": {
            "data": figures.settings.source or "all validation tracks",
            "tracks": figures.settings.tracks,
            "other_music": figures.settings.unknown,
            "precision_goal": figures.settings.precision_goal,
        },
    }


def _accuracy(metrics: Mapping[str, Any], *, borrowed: bool = False) -> dict[str, Any]:
    """Return the figures of an evaluation that a model file holds."""
    track = metrics["track"]
    return {
        "protocol": metrics["subject"]["protocol"]
        + ("; of the run that chose the settings" if borrowed else ""),
        "tracks": track["tracks"],
        "artists": track["groups"],
        "track_accuracy": round(track["accuracy"], 4),
        "interval_95": [round(end, 4) for end in track["accuracy_interval"]],
        "macro_f1": round(track["macro_f1"], 4),
    }


def _round_to_half(model: "keras.Model") -> None:
    """Round weights to what float16 can hold, so that both files mean the same numbers."""
    model.set_weights([w.astype(np.float16).astype(np.float32) for w in model.get_weights()])


def _write(file: Path, model: "keras.Model", metadata: ModelMetadata, half: bool) -> None:
    """Write a network as ONNX, in float16 if asked, with its metadata."""
    import onnx
    from onnx import helper

    front_end = metadata.front_end
    graph = to_onnx(model, frames=None if front_end.takes_strips else front_end.grid.window)
    if half:
        graph = to_half(graph)
    helper.set_model_props(graph, {METADATA_KEY: metadata.to_json()})
    graph.producer_name = "genretag-train"
    onnx.checker.check_model(graph)
    onnx.save(graph, file)


def _some_inputs(data: DataSet, front_end: FrontEnd) -> list[Array]:
    """Return real strips of different lengths as the network takes them."""
    step = max(1, len(data.tracks) // CHECKED_STRIPS)
    strips = [strip for track in data.tracks[::step] for strip in track.load()]
    return [inputs(strip, front_end) for strip in strips]
