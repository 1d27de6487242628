"""Networks that give music without genres soft labels."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commandline import train
from conftest import untraced_steps
from full_disk import room
from small_networks import narrow_vgg

from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError, UsageError
from trainer.data import dataset as prepared
from trainer.data.soft_labels import SoftLabels, load_soft_labels
from trainer.data.targets import TargetPart, Targets
from trainer.data.tracks_table import Row, write_rows
from trainer.training.labelling import of_vectors
from trainer.training.options import FitOptions
from trainer.training.plan import Plan, plan
from trainer.training.probe import linear_probe
from trainer.training.seen_tracks import SEEN_FILE, load_seen

TINY = "--shrink 2 --epochs 1 --batches 1 --batch-size 8 --warm-up 2".split()
TINY += "--learning-rate 0.003 --augment off".split()
PART = TargetPart(name="brightness", size=2, loss="squared-error")
STARTS = (0, 64, 128)


def write(
    folder: Path, seed: int, genres: list[str], valid: tuple[int, int] = (4, 5), first: int = 0
) -> Path:
    """Strips that are brighter in "b" than in "a", with their brightness as a teacher's vectors."""
    rng = np.random.default_rng(seed)
    rows, values = [], []
    for number, genre in enumerate(genres):
        strip = rng.standard_normal((64, 192)).astype(np.float32) / 4
        strip[: 32 if number % 2 == 0 else 64] += rng.uniform(0.8, 1.2)
        file = f"{number}.npy"
        prepared.save_strip(folder / file, strip, np.float16)
        split = "valid" if number in valid else "train"
        rows.append(Row(file=file, genre=genre, track=str(first + number), split=split))
        windows = [strip[:, start : start + 64] for start in STARTS]
        values.append([[window[:32].mean(), window[32:].mean()] for window in windows])
    write_rows(folder / "tracks.csv", rows)
    Targets(values=np.array(values), starts=STARTS, parts=(PART,)).save(folder)
    prepared.write_front_end(folder, MelStrip(), 2)
    return folder


@pytest.fixture(scope="module", autouse=True)
def small_networks() -> Iterator[None]:
    with narrow_vgg(), untraced_steps():
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled and unlabelled data, and a run of each kind of training."""
    folder = tmp_path_factory.mktemp("labelling")
    labelled = write(folder / "labelled", 0, ["a", "b"] * 4)
    music = write(folder / "music", 1, ["unlabelled"] * 8)
    train("fit", labelled, "--run", folder / "fitted", *TINY, "--mixup", 0)
    train("pretrain", music, "--run", folder / "pretrained", *TINY, "--average", 0)
    return folder


def label(folders: Path, *arguments: object) -> np.ndarray:
    text = train("label", folders / "music", *arguments)
    assert "8 tracks, likeliest genre" in text
    found = load_soft_labels(folders / "music")
    assert found is not None
    assert found.labels == ("a", "b")
    return found.values


def planned(*data: Path) -> Plan:
    return plan(data[0].parent / "new", FitOptions(data=tuple(map(str, data))), resume=False)


def test_a_probe_turns_vectors_into_genres():
    """The first vector is high in genre 0, and the tracks of both have windows of noise."""
    rng = np.random.default_rng(0)
    owners = np.arange(800).repeat(3)
    vectors = (
        rng.standard_normal((2400, 2)).astype(np.float32) + [[3, 0]] * (owners % 2 == 0)[:, None]
    )
    regression = linear_probe(vectors, owners % 2, owners)
    high, low = np.array([[3, 0]] * 3), np.array([[0, 0], [0, 1], [np.nan, np.nan]])
    assert of_vectors(regression, high, 2)[0] > 0.6
    assert of_vectors(regression, low, 2)[1] > 0.6
    np.testing.assert_allclose(of_vectors(regression, low[2:], 2), 0.5)


def test_several_teachers_label_tracks_together(folders):
    pretrained = ("--teacher", folders / "pretrained")
    with pytest.raises(UsageError, match="name labelled data with --probe"):
        label(folders, *pretrained)
    pretrained += ("--probe", folders / "labelled")
    fitted = ("--teacher", folders / "fitted")
    one, other, both = (
        label(folders, *teachers) for teachers in (pretrained, fitted, pretrained + fitted)
    )
    product = np.sqrt(one * other)
    np.testing.assert_allclose(both, product / product.sum(1, keepdims=True), atol=2e-3)


def test_a_full_disk_leaves_the_soft_labels_that_were_there(folders, tmp_path):
    music = tmp_path / "music"
    shutil.copytree(folders / "music", music)
    train("label", music, "--teacher", folders / "fitted")
    before = {path: path.read_bytes() for path in music.rglob("*") if path.is_file()}
    with (
        room(10),
        pytest.raises(DataError, match=rf"{SEEN_FILE} cannot be written .*: what is done"),
    ):
        train("label", music, "--teacher", folders / "fitted")
    assert {path: path.read_bytes() for path in music.rglob("*") if path.is_file()} == before


def test_a_run_knows_what_was_seen_by_those_that_labelled_its_tracks(folders):
    label(folders, "--teacher", folders / "fitted")
    assert "a/0" in load_seen(folders / "music").names
    with pytest.raises(DataError, match=r"What labelled \S+music was trained on 2 of the 2 tracks"):
        planned(write(folders / "same", 0, ["a", "b"] * 4, valid=(0, 1)), folders / "music")
    files = tuple(f"{number}.npy" for number in range(8))
    values = np.eye(2, dtype=np.float32)[[0, 1] * 4]
    SoftLabels(labels=("a", "b"), files=files, values=values).save(folders / "music")
    learnt = planned(
        write(folders / "other", 2, ["a", "b"] * 4, valid=(0, 1), first=8), folders / "music"
    )
    assert learnt.seen is not None
    assert set(learnt.seen.runs) == {"", "fitted"}
    # One of the tracks without a genre is a recording that is validated on.
    shutil.copy(folders / "other" / "1.npy", folders / "music" / "6.npy")
    found = planned(folders / "other", folders / "music")
    assert found.left_out == ("a/music/6",)
    assert len(found.tracks) == len(learnt.tracks) - 1
    (folders / "music" / SEEN_FILE).unlink()
    learnt = planned(folders / "other", folders / "music")
    assert learnt.seen is not None
    assert learnt.seen.unknown == ("music",)
