"""Learning genres and a teacher's vectors at once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commandline import train
from conftest import untraced_steps
from small_networks import narrow_vgg

from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.targets import TargetPart, Targets
from trainer.data.tracks_table import Row, write_rows
from trainer.training.display import TrainingDisplay
from trainer.training.run_folder import load_run

PARTS = (
    TargetPart(name="tags", size=2, loss="cross-entropy", weight=5),
    TargetPart(name="features", size=1, loss="squared-error"),
)
STARTS = (0, 64, 128)
TINY = (
    "--arch vgg16 --shrink 2 --epochs 2 --batches 3 --batch-size 8 --warm-up 1 --average 1".split()
)


def write(folder: Path, seed: int, splits: str, genres: tuple[str, ...]) -> Path:
    """Half-resolution strips, and where nobody knows their genre, vectors of a teacher."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, letter in enumerate(splits):
        strip = rng.standard_normal((64, 192)).astype(np.float32)
        genre, file = genres[number % len(genres)], f"{number}.npy"
        prepared.save_strip(folder / file, strip, np.float16)
        split = {"t": "train", "v": "valid"}[letter]
        rows.append(Row(file=file, genre=genre, track=f"{seed}-{number}", split=split))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, MelStrip(), 2)
    if genres == ("unlabelled",):
        values = rng.standard_normal((len(rows), len(STARTS), 3))
        Targets(values=values, starts=STARTS, parts=PARTS).save(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def small_networks() -> Iterator[None]:
    with narrow_vgg(), untraced_steps():
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    write(folder / "labelled", 1, "ttttvv", ("a", "b"))
    write(folder / "music", 2, "ttttv", ("unlabelled",))
    train(*training(folder), "--run", folder / "run")
    return folder


def training(folder: Path) -> tuple[object, ...]:
    return "fit", folder / "labelled", "--recordings", folder / "music", *TINY


def losses(run: Path) -> list[float]:
    return [epoch.loss for epoch in load_run(run).history.read()]


def test_genres_count_in_labelled_rows_and_vectors_in_the_others():
    from trainer.networks.backend import keras
    from trainer.training.target_loss import target_loss
    from trainer.training.vectors import joint_loss

    rng = np.random.default_rng(0)
    targets = np.zeros((2, 5), np.float32)
    targets[0, 1] = 1
    targets[1, 2:] = rng.standard_normal(3)
    predicted = rng.random((2, 5)).astype(np.float32)
    predicted[:, :2] /= predicted[:, :2].sum(1, keepdims=True)
    of_genres, of_vectors = np.asarray(joint_loss(PARTS, 2, 0)(targets, predicted))
    assert of_genres == pytest.approx(-np.log(predicted[0, 1]), rel=1e-5)
    tensors = (keras.ops.convert_to_tensor(array[1:, 2:]) for array in (targets, predicted))
    assert of_vectors == pytest.approx(float(target_loss(PARTS)(*tensors)[0]), rel=1e-5)


def test_windows_come_from_labelled_tracks_and_recordings_by_their_shares(folders):
    from trainer.networks.strip_vgg import VGG16
    from trainer.training.options import FitOptions
    from trainer.training.phases import Phases
    from trainer.training.plan import plan

    options = FitOptions(
        data=(str(folders / "labelled"),),
        recordings=str(folders / "music"),
        recordings_share=0.25,
        batch_size=8,
        shrink=2,
    )
    planned = plan(folders / "new", options, resume=False)
    model = VGG16.build((64, 64), 2, batch_norm=True, dropout=0)
    (batch,) = Phases(planned, model, model, print).begin(1).batches(0, 1)
    assert batch.windows.shape == (8, 64, 64, 1)
    assert batch.targets[:, :2].sum(1).tolist() == pytest.approx([1] * 6 + [0] * 2)
    assert not batch.targets[:6, 2:].any()
    assert batch.targets[6:, 2:].all()


def test_a_run_that_learns_vectors_is_evaluated_as_any_other(folders):
    assert all(np.isfinite(losses(folders / "run")))
    model = load_run(folders / "run").model("average")
    assert model.output_shape == (None, 2)
    text = train("evaluate", folders / "run", "--keep", "average")
    assert "2 tracks" in text


def test_a_resumed_run_ends_like_an_unbroken_one(folders, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    show = TrainingDisplay.progress

    def stop(display, epoch, losses):
        if (epoch, len(losses)) == (2, 1):
            raise KeyboardInterrupt
        show(display, epoch, losses)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingDisplay, "progress", stop)
        with pytest.raises(Exception, match="genretag-train fit --run"):
            train(*training(folders), "--run", broken)
    assert len(losses(broken)) == 1
    train("fit", "--run", broken, "--resume")
    np.testing.assert_allclose(losses(broken), losses(folders / "run"), rtol=5e-3)
    for keep in ("last", "average"):
        one, other = (load_run(run).model(keep) for run in (broken, folders / "run"))
        for mine, its in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(mine, its, atol=2e-3)


def test_recordings_that_are_kept_aside_elsewhere_are_left_out(folders, tmp_path):
    music = write(tmp_path / "music", 3, "tttt", ("unlabelled",))
    kept_aside = np.load(folders / "labelled" / "4.npy")
    np.save(music / "1.npy", kept_aside)
    run = tmp_path / "run"
    text = train("fit", folders / "labelled", "--recordings", music, *TINY, "--run", run)
    assert "recordings kept aside: 1, such as unlabelled/3-1; left out" in " ".join(text.split())
    assert "unlabelled/3-1" not in load_run(run).seen.names
    assert "unlabelled/3-2" in load_run(run).seen.names
    assert load_run(run).seen.unknown == ("the teacher of music",)


def test_recordings_without_vectors_are_refused(folders, tmp_path):
    plain = write(tmp_path / "plain", 4, "tttt", ("a", "b"))
    with pytest.raises(DataError, match="no readable targets"):
        train(*training(folders), "--recordings", plain, "--run", tmp_path / "run")


def test_a_share_of_recordings_without_any_is_said_to_do_nothing(folders, tmp_path):
    arguments = ("fit", folders / "labelled", *TINY, "--epochs", 1, "--run", tmp_path / "run")
    text = train(*arguments, "--recordings-share", 0.5)
    assert "--recordings-share has no effect without --recordings." in text


@pytest.mark.parametrize(("name", "width"), [("vgg16-half", 2), ("vgg16-quarter", 4)])
def test_a_narrow_network_has_a_share_of_the_filters(name, width):
    from trainer.networks.base import architecture
    from trainer.networks.vgg import convolutions

    def filters(name: str) -> list[int]:
        network = architecture(name, MelStrip())
        model = network.build((64, 64), 2, batch_norm=True, dropout=0)
        return [layer.filters for layer in convolutions(model)]

    assert filters(name) == [count // width for count in filters("vgg16")]
    with pytest.raises(DataError, match="trained from scratch"):
        architecture(name, MelStrip()).weights("imagenet")
