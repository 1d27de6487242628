"""Cross-validation: what is made of the predictions of all folds, and the command."""

import csv
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from commandline import train

from tagger.audio.summary import SummaryFeatures
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.tracks_table import Row, read_rows, write_rows
from trainer.evaluation import charts, drawing
from trainer.evaluation.crossvalidate import crossvalidate
from trainer.evaluation.crossvalidation import (
    CrossValidation,
    FoldPredictions,
    Spread,
    cross_validation,
    describe,
)
from trainer.evaluation.predictions import WindowPredictions
from trainer.training.history import Epoch
from trainer.training.options import FitOptions
from trainer.training.plan import Plan
from trainer.training.run_folder import Run, load_run

LABELS = ("jazz", "rock")
FOLDS = (1, 2, 3)


def predictions(fold: int, skill: float, seed: int = 0, tracks: int = 20) -> WindowPredictions:
    """Make two windows for each track of a fold; every two tracks are by one artist."""
    rng = np.random.default_rng((fold, seed))
    targets = np.arange(tracks) % 2
    right = np.repeat(rng.uniform(0, 0.5, tracks) + np.where(rng.random(tracks) < skill, 0.5, 0), 2)
    of_rock = np.where(np.repeat(targets, 2) == 1, right, 1 - right)
    return WindowPredictions(
        labels=LABELS,
        names=tuple(f"{LABELS[target]}/{fold}-{i}" for i, target in enumerate(targets)),
        sources=("clips",) * tracks,
        groups=tuple(f"artist {fold} {i // 4}" for i in range(tracks)),
        targets=targets,
        windows=np.stack([1 - of_rock, of_rock], 1).astype(np.float32),
        owners=np.repeat(np.arange(tracks), 2),
    )


def validated(*seeds: int, keep: str = "last", **skills: float) -> CrossValidation:
    parts = [
        FoldPredictions(
            fold=fold,
            seed=seed,
            predicted=predictions(fold, skills.get(f"fold_{fold}", 0.8), seed),
        )
        for seed in seeds
        for fold in FOLDS
    ]
    return cross_validation(parts, keep)


def test_runs_are_summed_up_by_mean_and_deviation():
    found = validated(1, fold_1=1.0, fold_2=1.0, fold_3=0.0)
    assert [run.accuracy for run in found.runs] == [1.0, 1.0, 0.0]
    assert found.accuracy == Spread(mean=pytest.approx(2 / 3), deviation=pytest.approx(0.57735))
    assert found.by_seed.deviation is None
    assert "66.7% ± 57.7%" in describe(found)


def test_all_tracks_are_pooled_once_for_each_seed():
    found = validated(1, 2)
    assert np.sum(found.track.confusion) == found.track.tracks == 120
    assert found.track.groups == 15  # artists of both seeds are the same
    assert set(found.predictions) == {1, 2}
    assert found.track.accuracy == pytest.approx(found.by_seed.mean)
    assert "60 tracks in 3 folds" in found.protocol
    assert "each of 2 seeds" in found.protocol


def test_a_fold_takes_no_part_in_its_own_settings(monkeypatch):
    from trainer.evaluation import crossvalidation

    asked = []
    fit = crossvalidation.fit_settings

    def spy(predicted):
        asked.append(set(predicted.names))
        return fit(predicted)

    monkeypatch.setattr(crossvalidation, "fit_settings", spy)
    validated(1)
    for fold, names in zip(FOLDS, asked, strict=True):
        assert names.isdisjoint(predictions(fold, 0.8, 1).names)
        assert len(names) == 40


def test_it_is_said_that_the_best_epoch_was_chosen_on_the_scored_tracks():
    assert "best on these tracks" in describe(validated(1, keep="best")).replace("\n", " ")
    assert "best on" not in describe(validated(1))


@pytest.fixture
def folds(tmp_path: Path) -> Path:
    """Features of noise in three folds, for the network that is quickest to train."""
    folder, front_end = tmp_path / "folds", SummaryFeatures()
    rng = np.random.default_rng(0)
    rows = []
    for genre in LABELS:
        for number in range(6):
            file = f"{genre}/{number}.npy"
            strip = rng.standard_normal((front_end.rows, 2)).astype(np.float32)
            prepared.save_strip(folder / file, strip, front_end.storage)
            fold = str(1 + number % 3)
            rows.append(Row(file=file, genre=genre, track=str(number), fold=fold))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, front_end)
    return folder


class Halves:
    """Stands in for a network: as likely one genre as the other."""

    def predict_on_batch(self, batch):
        return np.full((len(batch), 2), 0.5, np.float32)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave out what takes time; returns the names of runs that are trained."""
    monkeypatch.setattr(drawing, "save", lambda _, stem: stem.with_suffix(".png").touch())
    monkeypatch.setattr(charts, "confusion", lambda _: None)
    monkeypatch.setattr(Run, "deployed", lambda *_: Halves())
    return []


def validate(folds: Path, output: Path, epochs: int, trained: list[str]) -> CrossValidation:
    def train(planned: Plan) -> Run:
        trained.append(planned.folder.name)
        data = planned.data
        run = Run(planned.folder, planned.options, data.front_end, data.labels, False, {})
        run.save()
        if planned.seen:
            planned.seen.save(run.folder)
        run.weights("last").touch()
        for number in range(len(planned.past) + 1, epochs + 1):
            figures = dict.fromkeys([field.name for field in fields(Epoch)], 0.5)
            run.history.append(Epoch(**figures | {"epoch": number}))
        return run

    options = FitOptions(data=(str(folds),), arch="ann", epochs=epochs, patience=1)
    return crossvalidate(output, options, seeds=(1,), keep=None, train=train, report=str)


def test_each_fold_is_trained_and_goes_on_where_it_was(folds, tmp_path, trained):
    output = tmp_path / "cv"
    found = validate(folds, output, 1, trained)
    assert "12 tracks in 3 folds" in found.protocol
    names = [f"fold-{fold}-seed-1" for fold in FOLDS]
    assert trained == names
    stored = json.loads((output / "crossvalidation.json").read_text())
    assert [run["fold"] for run in stored["runs"]] == [1, 2, 3]
    lines = list(csv.DictReader((output / "predictions-seed-1.csv").open()))
    assert sorted(line["track"] for line in lines) == sorted(
        f"{genre}/{number}" for genre in LABELS for number in range(6)
    )
    for fold, name in enumerate(names):
        run = load_run(output / name)
        assert run.options.patience is None
        assert len(run.seen.names) == 8
        assert all(int(seen[-1]) % 3 != fold for seen in run.seen.names)

    validate(folds, output, 1, trained)
    assert trained == names
    validate(folds, output, 2, trained)
    assert trained == names * 2


def test_a_run_is_not_scored_on_what_it_has_seen(folds, tmp_path, trained):
    output = tmp_path / "cv"
    validate(folds, output, 1, trained)
    rows = read_rows(folds / "tracks.csv")
    turned = [replace(row, fold=str(int(row.fold) % 3 + 1)) for row in rows]
    write_rows(folds / "tracks.csv", turned)
    with pytest.raises(DataError, match="fold-1-seed-1 was trained on 4 of the 4 tracks"):
        validate(folds, output, 1, trained)


def test_data_that_is_not_in_folds_is_refused(folds, tmp_path):
    rows = read_rows(folds / "tracks.csv")
    other = tmp_path / "other"
    prepared.write_front_end(other, SummaryFeatures())
    for names, words in ((("", "1"), "not in folds"), (("1", "2"), "other folds than")):
        changed = [replace(row, fold=names[i % 2]) for i, row in enumerate(rows)]
        write_rows(other / "tracks.csv", changed)
        with pytest.raises(DataError, match=words):
            train("crossvalidate", folds, other, "--run", tmp_path / "cv", "--arch", "ann")
