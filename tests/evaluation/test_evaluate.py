"""Validation chooses and test tells: what `evaluate` and `export` say of a run, without a training.

The network is a stand-in that answers by the number in the middle of a strip.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from trainer.cli import app
from trainer.data import dataset as prepared
from trainer.data.tracks_table import Row, read_rows, write_rows
from trainer.evaluation import charts, drawing
from trainer.evaluation import evaluate as evaluating
from trainer.evaluation.evaluate import EvaluateOptions, evaluate, publish
from trainer.evaluation.figures import figures_of
from trainer.evaluation.results import Evaluation
from trainer.export import export as exporting
from trainer.training.options import FitOptions
from trainer.training.run_folder import Run
from trainer.training.seen_tracks import Seen

LABELS = ("jazz", "rock")
FRAMES = 192  # two windows


class StandIn:
    """Answers with the probability of rock that a strip holds in all of its cells."""

    def predict_on_batch(self, batch):
        rock = batch[:, 0, ::64, 0][:, :2]
        return np.stack([1 - rock, rock], -1).astype(np.float32)

    def count_params(self):
        return 1


def prepare(folder: Path, tracks: list[tuple[str, str, float]], genre: str = "") -> Path:
    """Write strips of (genre, split, probability of rock); every two are by one artist."""
    rows = []
    for number, (own, split, rock) in enumerate(tracks):
        file = f"{genre or own}/{number}.npy"
        strip = np.full((128, FRAMES), rock, np.float32)
        prepared.save_strip(folder / file, strip, np.float16)
        group = f"{folder.name} {split} {number // 2}"
        rows.append(
            Row(
                file=file,
                genre=genre or own,
                track=f"{folder.name}-{number}",
                split=split,
                seconds=4.0,
                group=group,
            )
        )
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, MelStrip())
    return folder


def tracks(count: int, right: float, split: str, seed: int) -> list[tuple[str, str, float]]:
    """Make tracks of which a share is right, the surer the more often."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        genre = LABELS[number % 2]
        sure = rng.uniform(0.5, 1)
        is_right = rng.random() < right * (0.5 + sure / 2)
        found.append((genre, split, sure if (genre == "rock") == is_right else 1 - sure))
    return found


@pytest.fixture
def clips(tmp_path):
    return prepare(
        tmp_path / "clips",
        [*tracks(60, 1.0, "valid", 0), *tracks(40, 0.7, "test", 1), *tracks(4, 1, "train", 2)],
    )


@pytest.fixture
def songs(tmp_path):
    return prepare(tmp_path / "songs", [*tracks(60, 0.75, "valid", 3), *tracks(4, 1, "train", 4)])


@pytest.fixture
def run(tmp_path, clips, songs, monkeypatch):
    monkeypatch.setattr(Run, "deployed", lambda *_: StandIn())
    monkeypatch.setattr(evaluating, "SPEED_RUNS", 1)
    return new_run(tmp_path / "run", clips, songs)


def new_run(folder: Path, *data: Path, **options: object) -> Run:
    made = Run(
        folder=folder,
        options=FitOptions(data=tuple(map(str, data)), **options),
        front_end=MelStrip(),
        labels=LABELS,
        batch_norm=True,
        metadata={"pretrained": []},
    )
    made.save()
    Seen().save(folder)
    return made


@pytest.fixture(autouse=True)
def no_charts(monkeypatch):
    """Charts have tests of their own, and take seconds."""
    monkeypatch.setattr(drawing, "save", lambda _, stem: stem.with_suffix(".png").touch())
    for name in ("confusion", "reliability", "risk_coverage"):
        monkeypatch.setattr(charts, name, lambda *_: None)
    monkeypatch.setattr(evaluating, "gallery", lambda *_: None)


def scored(run: Run, figures_from: Run | None = None, **options: object) -> Evaluation:
    return evaluate(run, EvaluateOptions(**options), figures_from=figures_from, report=str)


# Test means test


def test_the_test_split_is_scored_with_the_settings_of_the_validation_tracks(run):
    chosen = scored(run)
    told = scored(run, split="test")
    assert told.settings == chosen.settings
    assert told.calibration.error_cross_validated is None
    assert told.confidence is None
    assert told.track.tracks == 40
    # Fitted to its own tracks it would have had others.
    own = evaluating.evaluate_predictions(
        told.subject,
        evaluating.predict_windows(
            StandIn(), prepared.load([Path(run.options.data[0])]).split("test"), run
        ),
        goal=0.8,
    )
    assert own.settings.temperature != chosen.settings.temperature


def test_the_test_figures_stand_beside_those_of_the_validation_tracks(run):
    scored(run)
    before = {file.name: file.read_bytes() for file in run.folder.iterdir()}
    scored(run, split="test")
    after = {file.name: file.read_bytes() for file in run.folder.iterdir()}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {
        *("metrics-test.json", "predictions-test.csv"),
        *(f"{name}-test.png" for name in ("confusion", "reliability", "mistakes")),
    }
    assert run.metrics()["subject"]["split"] == "valid"
    assert run.metrics("test")["track"]["tracks"] == 40


def test_without_validation_figures_there_are_none_on_the_test_split(run):
    with pytest.raises(DataError, match="was not evaluated; run 'genretag-train evaluate"):
        scored(run, split="test")
    scored(run)
    with pytest.raises(DataError, match="evaluated with --keep best"):
        scored(run, split="test", keep="last")
    for options in ({"confidence_from": "songs"}, {"unknown": (Path("x"),)}):
        with pytest.raises(DataError, match="Settings are chosen on the validation tracks"):
            scored(run, split="test", **options)
    with pytest.raises(DataError, match="is for --split test"):
        scored(run, run)


def test_a_model_file_holds_both_figures_if_they_belong_together(run):
    scored(run)
    metadata = exporting._training_metadata(run, figures_of(run, "best"))
    assert metadata["accuracy"]["tracks"] == 120
    assert metadata["accuracy"]["artists"] == 60
    assert "test_accuracy" not in metadata
    scored(run, split="test")
    metadata = exporting._training_metadata(run, figures_of(run, "best"))
    assert metadata["test_accuracy"]["tracks"] == 40
    # Validation chooses anew: the old test figures were counted with other settings.
    scored(run, precision_goal=0.95)
    metadata = exporting._training_metadata(run, figures_of(run, "best"))
    assert "test_accuracy" not in metadata
    assert metadata["confidence_fitted_to"]["precision_goal"] == 0.95


# Whose figures


def test_the_split_that_a_run_was_trained_on_has_no_figures(clips, tmp_path):
    final = new_run(tmp_path / "final", clips, train_splits=("train", "valid"))
    with pytest.raises(DataError, match=r"final was trained on 'valid'; its figures there mean"):
        scored(final)


def test_figures_of_another_run_need_a_network_of_the_same_kind(run, tmp_path, clips):
    scored(run)
    both = {"train_splits": ("train", "valid")}
    final = new_run(tmp_path / "final", clips, **both)
    with pytest.raises(DataError, match="was trained on the validation tracks; name the run"):
        figures_of(final, "last")
    assert figures_of(final, "last", run).borrowed
    told = scored(final, run, split="test", keep="last")
    assert told.settings == figures_of(run, "best").settings
    metadata = exporting._training_metadata(final, figures_of(final, "last", run))
    assert metadata["accuracy"]["protocol"].endswith("of the run that chose the settings")
    assert metadata["test_accuracy"]["protocol"].endswith("none of them in training")
    metadata = exporting._training_metadata(final, figures_of(final, "average", run))
    assert "test_accuracy" not in metadata  # it is of other weights
    for other, words in (
        (new_run(tmp_path / "vgg19", clips, arch="vgg19", **both), r"architecture .*\(vgg16"),
        (new_run(tmp_path / "coarse", clips, shrink=2, **both), r"--shrink .*\(1 instead of 2"),
        (replace(final, labels=("jazz", "pop")), "another labels .*jazz, rock instead of jazz, p"),
        (replace(final, front_end=MelStrip(top_db=60.0)), "another front end"),
    ):
        with pytest.raises(DataError, match=words):
            figures_of(other, "last", run)


# Songs, and music of none of the genres


def test_the_confidence_is_fitted_to_the_tracks_of_one_source(run):
    everything = scored(run)
    assert [s.source for s in everything.sources] == ["clips", "songs"]
    clips, songs = everything.sources
    assert clips.accuracy > songs.accuracy
    assert clips.groups == 30
    fitted = scored(run, confidence_from="songs", precision_goal=0.85)
    assert fitted.settings.source == "songs"
    assert fitted.settings.tracks == 60
    assert (
        fitted.settings.min_confidence
        > scored(run, confidence_from="clips").settings.min_confidence
    )
    assert run.metrics()["settings"]["source"] == "clips"  # the last one
    with pytest.raises(DataError, match=r"'records'; the data sets .* are clips, songs"):
        scored(run, confidence_from="records")


def test_music_of_none_of_the_genres_counts_as_written_wrongly(run, tmp_path):
    other = prepare(tmp_path / "other", [("", "train", p) for p in np.linspace(0, 1, 41)], "polka")
    plain = scored(run)
    wary = scored(run, unknown=(other,))
    assert wary.settings.unknown == 41
    assert wary.settings.tracks == 120
    assert wary.track == plain.track  # it takes no part in the accuracy
    assert wary.settings.min_confidence > plain.settings.min_confidence
    assert wary.confidence is not None
    assert wary.confidence.unknown_written is not None
    assert wary.confidence.unknown_written < 0.5
    assert json.loads(run.metrics_file().read_text())["settings"]["unknown"] == 41


def test_data_with_fewer_genres_can_be_scored_and_with_strange_ones_not(run, tmp_path):
    wide = replace(run, labels=("jazz", "polka", "rock"))
    monkeyed = evaluating._tracks(
        wide, prepared.load([Path(run.options.data[0])]), EvaluateOptions()
    )
    assert len(monkeyed) == 60
    strange = prepare(tmp_path / "strange", tracks(4, 1, "valid", 0))
    rows = read_rows(strange / "tracks.csv")
    write_rows(
        strange / "tracks.csv",
        [replace(row, genre=row.genre if i else "polka") for i, row in enumerate(rows)],
    )
    with pytest.raises(DataError, match=r"does not know \(polka\).*--unknown"):
        scored(run, data=(strange,))


def test_a_failed_evaluation_leaves_no_part_of_the_test_figures(run, monkeypatch):
    scored(run)
    told = replace(scored(run), subject=replace(scored(run).subject, split="test"))
    before = sorted(file.name for file in run.folder.iterdir())

    def full(*_):
        raise OSError("full")

    monkeypatch.setattr(drawing, "save", full)
    with pytest.raises(DataError, match=r"cannot be written \(full\)"):
        publish(told, run)
    assert sorted(file.name for file in run.folder.iterdir()) == before


@pytest.mark.parametrize("option", ["--figures-from", "--judged-by"])
def test_the_old_spelling_of_figures_from_is_understood(run, tmp_path, monkeypatch, option):
    scored(run)
    asked = []
    monkeypatch.setattr(exporting, "export", lambda *_, **options: asked.append(options))
    final = new_run(tmp_path / "final", train_splits=("train", "valid"))
    done = CliRunner().invoke(app, ["export", str(final.folder), "m.onnx", option, str(run.folder)])
    assert done.exit_code == 0, done.output
    assert asked[0]["figures_from"] == [run]
    assert "--judged-by" not in CliRunner().invoke(app, ["export", "--help"]).output


def test_a_useless_network_is_said_to_write_nothing_wherever_it_is_used(
    tmp_path, clips, run, monkeypatch
):
    """Half of the tracks are right, whatever the confidence."""
    useless = prepare(tmp_path / "useless", [*tracks(80, 0.0, "valid", 5), ("jazz", "train", 0.1)])
    said = []
    evaluate(run, EvaluateOptions(data=(useless,)), report=said.append)
    assert "writes nothing by default" in " ".join(said[0].split())
    assert run.metrics()["settings"]["min_confidence"] == 1.0

    monkeypatch.setattr(exporting, "_write", lambda file, *_: file.touch())
    monkeypatch.setattr(exporting, "check_agreement", lambda *_: 0.0)
    monkeypatch.setattr(exporting, "_record_answer", lambda _: None)
    said.clear()
    metadata = exporting.export([run], tmp_path / "m.onnx", "best", report=said.append)
    assert metadata.min_confidence == 1.0
    assert any("writes nothing by default" in line for line in said)
