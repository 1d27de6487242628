"""No run is scored on tracks that it, or a run it comes from, has seen in training."""

import csv
import json
import shutil
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
from trainer.data.windows import BY_WINDOW
from trainer.training.options import FitOptions, PretrainOptions
from trainer.training.plan import plan
from trainer.training.pretraining_folder import Pretraining
from trainer.training.run_folder import METRICS_FORMAT, Run, load_run
from trainer.training.seen_tracks import SEEN_FILE, Seen, load_seen, overlaps, seen_in

FRAMES = 800  # 19 seconds


def noise(seed: int) -> np.ndarray:
    """A strip that resembles no other, slow enough to survive another offset in time."""
    rng = np.random.default_rng(seed)
    rough = rng.standard_normal((32, FRAMES // 8))
    return rough.repeat(4, 0).repeat(8, 1).astype(np.float16)


def changed(strip: np.ndarray) -> np.ndarray:
    """Another trim, level and codec of the same recording."""
    rng = np.random.default_rng(99)
    return (strip[:, 37:-60] * 0.8 + 0.2 * rng.standard_normal((128, FRAMES - 97))).astype(
        np.float16
    )


def write(folder: Path, strips: dict[str, np.ndarray], splits: str) -> Path:
    """Prepare strips, named "genre/track"; a letter of `splits` each, or a number for a fold."""
    rows = []
    for (name, strip), letter in zip(strips.items(), splits, strict=True):
        genre, track = name.split("/")
        split = {"t": "train", "v": "valid", "x": "test"}.get(letter, "")
        file = f"{name}.npy"
        prepared.save_strip(folder / file, strip, np.float16)
        fold = letter if letter.isdigit() else ""
        rows.append(Row(file=file, genre=genre, track=track, split=split, fold=fold))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, MelStrip())
    return folder


STRIPS = {
    f"{genre}/{number}": noise(10 * number + len(genre))
    for genre in ("jazz", "metal")
    for number in range(3)
}
TRACKS = "ttvttx"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "data", STRIPS, TRACKS)


def make_run(folder: Path, *data: Path, **options: object) -> Run:
    """Leave the run folder of a training behind, without the training."""
    chosen = FitOptions(data=tuple(map(str, data)), **options)
    planned = plan(folder, chosen, resume=False)
    run = Run(folder, chosen, planned.front_end, planned.data.labels, True, {"pretrained": []})
    run.save()
    planned.seen.save(folder)
    for keep in ("best", "last"):
        run.weights(keep).touch()
    return run


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert isinstance(done.exception, DataError), done.output
    return str(done.exception)


# The run itself


def test_another_split_of_the_same_tracks_is_refused(data, tmp_path):
    run = make_run(tmp_path / "run", data)
    write(data, STRIPS, "vtttvt")  # as prepare with another --seed
    said = refused("evaluate", run.folder)
    assert "was trained on 2 of the 2 tracks" in said
    assert "jazz/0 (same name)" in said
    assert "metal/1 (same name)" in said


def test_tracks_of_another_data_set_are_found_by_their_audio(data, tmp_path):
    run = make_run(tmp_path / "run", data)
    strips = {
        "jazz/new": noise(77),
        "jazz/copy": STRIPS["jazz/1"],
        "metal/mp3": changed(STRIPS["metal/0"]),
    }
    other = write(tmp_path / "other", strips, "vvv")
    said = refused("evaluate", run.folder, "--data", other)
    assert "2 of the 3 tracks" in said
    assert "jazz/copy (same audio, which is jazz/1)" in said
    assert "metal/mp3 (same recording, which is metal/0)" in said
    assert "jazz/new" not in said


def test_a_copy_of_a_training_clip_in_validation_is_refused(data, tmp_path):
    renamed = {f"{name}-copy": strip for name, strip in STRIPS.items()}
    copy = write(tmp_path / "copy", renamed, "vvtttt")
    said = refused("fit", data, copy, "--run", tmp_path / "run")
    assert "jazz/0-copy (same audio, which is jazz/0)" in said
    assert "jazz/1-copy (same audio, which is jazz/1)" in said
    assert not (tmp_path / "run").exists()


def test_a_changed_copy_of_a_training_clip_in_validation_is_refused(data, tmp_path):
    strips = {"jazz/a": changed(STRIPS["jazz/0"]), "metal/a": noise(78), "metal/b": noise(79)}
    other = write(tmp_path / "other", strips, "vtt")
    said = refused("fit", data, other, "--run", tmp_path / "run")
    assert "jazz/a (same recording, which is jazz/0)" in said


def test_a_split_of_windows_is_no_cheat_since_it_is_marked(data, tmp_path):
    rows = read_rows(data / "tracks.csv")
    marked = [replace(row, split=BY_WINDOW) for row in rows]
    write_rows(data / "tracks.csv", marked)
    assert make_run(tmp_path / "run", data).seen.names


# Where it comes from


def test_a_run_of_another_split_is_no_start_and_no_teacher(data, tmp_path):
    run = make_run(tmp_path / "run", data)
    write(data, STRIPS, "vttttx")
    for option in ("--init", "--teacher"):
        said = refused("fit", data, "--run", tmp_path / "new", option, run.folder)
        assert f"{run.folder} was trained on 1 of the 1 tracks" in said
        assert "jazz/0 (same name)" in said


def test_a_run_of_another_fold_is_no_start(data, tmp_path):
    folds = write(tmp_path / "folds", STRIPS, "123123")
    run = make_run(tmp_path / "run", folds, fold=1)
    said = refused("fit", folds, "--run", tmp_path / "new", "--fold", 2, "--init", run.folder)
    assert "kept aside" in said or "was trained on 2 of the 2 tracks" in said
    again = write(tmp_path / "other folds", STRIPS, "312312")  # another assignment, the same fold
    said = refused("fit", again, "--run", tmp_path / "new", "--fold", 1, "--init", run.folder)
    assert "was trained on 2 of the 2 tracks" in said


def pretrained(folder: Path, *strips: np.ndarray) -> Path:
    music = write(
        folder / "music", {f"unlabelled/{i}": s for i, s in enumerate(strips)}, "t" * len(strips)
    )
    run = Pretraining(
        folder=folder / "pretraining",
        options=PretrainOptions(data=str(music), average=0),
        front_end=MelStrip(),
        batch_norm=True,
        outputs=2,
        metadata={},
    )
    run.save()
    run.weights("last").touch()
    rows = read_rows(music / "tracks.csv")
    tracks = [
        prepared.Track(genre=r.genre, name=r.track, split="train", strips=(music / r.file,))
        for r in rows
    ]
    seen_in(tracks, MelStrip()).save(run.folder)
    return run.folder


def test_what_a_pretraining_has_seen_is_not_validated_on(data, tmp_path):
    start = pretrained(tmp_path, noise(55), changed(STRIPS["jazz/2"]))
    said = refused("fit", data, "--run", tmp_path / "new", "--init", start)
    assert "jazz/2 (same recording, which is unlabelled/1)" in said


def test_what_an_ancestor_has_seen_stays_known_through_generations(data, tmp_path):
    start = pretrained(tmp_path, changed(STRIPS["metal/2"]))  # a test track
    first = make_run(tmp_path / "first", data, init=str(start))
    second = make_run(tmp_path / "second", data, init=str(first.folder))
    third = make_run(tmp_path / "third", data, teachers=(str(second.folder),))
    for run in (first, second, third):
        said = refused("evaluate", run.folder, "--split", "test")
        assert "metal/2 (same recording, which is unlabelled/0 of pretraining)" in said


def test_a_run_without_a_record_is_named(data, tmp_path):
    old = make_run(tmp_path / "old", data)
    (old.folder / SEEN_FILE).unlink()
    run = make_run(tmp_path / "run", data, init=str(old.folder))
    assert run.seen.unknown == ("old",)
    assert set(run.seen.names) == {"jazz/0", "jazz/1", "metal/0", "metal/1"}


@pytest.mark.parametrize("option", ["--init", "--teacher"])
@pytest.mark.parametrize(
    ("splits", "trained", "fold"),
    [(TRACKS, {"train_splits": ("train", "valid")}, ()), ("123123", {"fold": 1}, ("--fold", 2))],
)
def test_without_a_record_splits_and_folds_tell_what_was_seen(
    tmp_path, splits, trained, fold, option
):
    data = write(tmp_path / "data", STRIPS, splits)
    old = make_run(tmp_path / "old", data, **trained)
    (old.folder / SEEN_FILE).unlink()
    said = refused("fit", data, "--run", tmp_path / "new", *fold, option, old.folder)
    assert "was trained on tracks that are kept aside here" in said


# Figures that are stored


def test_stored_figures_on_tracks_that_were_seen_are_refused(data, tmp_path):
    """They may come from a version that did not check."""
    run = make_run(tmp_path / "run", data)
    metrics = {"format": METRICS_FORMAT, "subject": {"protocol": "tracks of the split 'valid'"}}
    (run.folder / "metrics.json").write_text(json.dumps(metrics))
    with (run.folder / "predictions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("track", "genre"), ("jazz/2", "jazz"), ("jazz/0", "jazz")])
    for command in (("compare", run.folder), ("export", run.folder, tmp_path / "m.onnx")):
        said = refused(*command)
        assert "was trained on 1 of the 2 tracks" in said
        assert "jazz/0 (same name)" in said


# The record


def test_a_record_comes_back_as_it_was(data, tmp_path):
    seen = seen_in(prepared.load([data]).tracks, MelStrip())
    odd = replace(seen, names=("jazz/\udcff", *seen.names[1:]), unknown=("an old run",))
    odd.save(tmp_path)
    found = load_seen(tmp_path)
    assert found.names == odd.names
    assert found.digests == odd.digests
    assert found.unknown == ("an old run",)
    for mine, theirs in zip(found.fingerprints, odd.fingerprints, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    Seen().save(tmp_path)
    assert load_seen(tmp_path) == Seen()
    assert overlaps(seen, Seen()) == []
    for damage in (b"", b"PK"):
        (tmp_path / SEEN_FILE).write_bytes(damage)
        assert load_seen(tmp_path).unknown == (tmp_path.name,)


def test_fingerprints_of_an_older_version_are_not_compared(data, tmp_path):
    """Names and digests still tell, and that not all is known is said."""
    run = make_run(tmp_path / "run", data)
    file = run.folder / "trained_on.npz"
    with np.load(file) as stored:
        older = {name: stored[name] for name in stored.files if name != "step"}
    np.savez(file, **older)
    seen = load_seen(run.folder)
    assert (seen.names, seen.digests) == (run.seen.names, run.seen.digests)
    assert len(seen.names) == 4
    assert not any(map(len, seen.fingerprints))
    assert seen.unknown == ("run",)


def test_a_track_is_recorded_once_however_often_it_comes(data):
    seen = seen_in(prepared.load([data]).tracks, MelStrip())
    joined = seen.joined([seen.of_run("first"), seen.of_run("second")])
    assert joined.names == seen.names
    assert set(joined.runs) == {""}


def test_a_copied_run_folder_keeps_its_record(data, tmp_path):
    run = make_run(tmp_path / "run", data)
    shutil.copytree(run.folder, tmp_path / "moved")
    assert load_run(tmp_path / "moved").seen.names == run.seen.names
