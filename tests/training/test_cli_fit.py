"""What is seen of the trainer's commands while they work, fail or are stopped."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commandline import digests, train
from full_disk import room
from rich.console import Console
from typer.testing import CliRunner

from tagger.audio.summary import SummaryFeatures
from tagger.errors import DataError, ExitCode, StoppedError
from trainer.cli import app
from trainer.data import dataset as prepared
from trainer.data.tracks_table import Row, write_rows
from trainer.networks.backend import LOG_LEVEL, without_log
from trainer.training.display import PrepareDisplay, TrainingDisplay
from trainer.training.fit import epoch_line
from trainer.training.history import Epoch, History
from trainer.training.options import FitOptions
from trainer.training.run_folder import RUN_FILE, load_run
from trainer.training.schedule import learning_rate

EPOCHS, BATCHES = 2, 3
TERMINAL = 80  # columns
FIT = f"--arch ann --epochs {EPOCHS} --batches {BATCHES} --batch-size 4 --warm-up 0".split()


@pytest.mark.parametrize("flattering", [False, True])
def test_the_line_of_an_epoch_fits_a_terminal(flattering):
    figures = {"window_accuracy": 0.5, "track_accuracy": 0.5, "track_loss": 2.5}
    epoch = Epoch(epoch=123, seconds=8.0, learning_rate=0.001, loss=2.5, **figures)
    options = FitOptions(data=(), epochs=200)
    shown = epoch_line(epoch, options, is_best=True, flattering=flattering)
    assert shown.startswith("epoch 123/200  loss 2.500  windows 50.0%  tracks 50.0%, loss 2.500*")
    assert len(shown) <= TERMINAL


@pytest.fixture(scope="module")
def strips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared data set of noise, for the network that is quickest to train."""
    folder = tmp_path_factory.mktemp("strips")
    rng = np.random.default_rng(0)
    front_end = SummaryFeatures()
    rows = []
    for genre in ("jazz", "rock"):
        for number, split in enumerate(("train", "train", "valid")):
            file = f"{genre}/{number}.npy"
            strip = rng.standard_normal((front_end.rows, 3)).astype(np.float32)
            prepared.save_strip(folder / file, strip, front_end.storage)
            rows.append(Row(file=file, genre=genre, track=str(number), split=split))
    write_rows(folder / "tracks.csv", rows)
    prepared.write_front_end(folder, front_end)
    return folder


@pytest.fixture(scope="module")
def unbroken(strips: Path) -> Path:
    run = strips.parent / "unbroken"
    train("fit", strips, "--run", run, *FIT)
    return run


def losses(run: Path) -> list[float]:
    return [epoch.loss for epoch in History(run / "history.csv", Epoch).read()]


# An epoch while it lasts


def display(terminal: bool) -> tuple[TrainingDisplay, io.StringIO]:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=80, soft_wrap=True)
    return TrainingDisplay(FitOptions(data=("data",), epochs=7, batches=4), console=console), screen


def test_a_terminal_shows_how_far_an_epoch_is_until_its_line_comes():
    shown, screen = display(terminal=True)
    with shown:
        shown.progress(2, [])
        shown.progress(2, [3.0, 1.0])
        shown.say("epoch   2/7  loss 2.000")
    *bar, line = screen.getvalue().rstrip().splitlines()
    for words in ("epoch   2/7", "2/4", "loss 2.000"):
        assert any(words in part for part in bar)
    assert line.endswith("epoch   2/7  loss 2.000")
    erase_line = "\x1b[2K"
    assert erase_line in line or erase_line in bar[-1]


def test_a_bar_is_gone_however_the_training_ends():
    shown, screen = display(terminal=True)
    with pytest.raises(KeyboardInterrupt), shown:
        shown.progress(1, [3.0])
        raise KeyboardInterrupt
    assert screen.getvalue().endswith("\x1b[2K")


def test_a_file_gets_the_lines_and_nothing_else():
    shown, screen = display(terminal=False)
    with shown:
        shown.progress(1, [])
        shown.progress(1, [3.0])
        shown.say("epoch   1/7  loss 3.000")
    assert screen.getvalue() == "epoch   1/7  loss 3.000\n"


def test_long_lines_are_broken_between_words_on_a_terminal_alone():
    text = " ".join(["No confidence of this network is right in 80% of the validation tracks."] * 2)
    for is_terminal in (True, False):
        screen = io.StringIO()
        with PrepareDisplay(Console(file=screen, force_terminal=is_terminal, width=80)) as shown:
            shown.say(text)
        lines = screen.getvalue().splitlines()
        assert " ".join(map(str.rstrip, lines)) == text
        assert [len(line) <= 80 for line in lines] == ([True, True] if is_terminal else [False])


def test_clips_are_counted_on_a_terminal_while_they_are_decoded():
    screen = io.StringIO()
    with PrepareDisplay(Console(file=screen, force_terminal=True, width=80)) as shown:
        shown.progress(3, 24)
        shown.say("jazz/1.mp3 is empty; left out")
        shown.progress(4, 24)
        shown.progress(0, 23, "tracks compared")
    shown = screen.getvalue()
    assert shown.index(" 3/24") < shown.index("left out") < shown.index(" 4/24")
    assert shown.index(" 4/24") < shown.index(" 0/23") < shown.index("tracks compared")
    assert shown.endswith("\x1b[2K")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Keep what the display is told: epoch and batches done."""
    calls = []

    class Spy(TrainingDisplay):
        def progress(self, epoch, losses):
            calls.append((epoch, len(losses)))
            super().progress(epoch, losses)

    monkeypatch.setattr("trainer.training.display.TrainingDisplay", Spy)
    return calls


def test_every_batch_is_told(strips, tmp_path, seen):
    train("fit", strips, "--run", tmp_path / "run", *FIT)
    assert seen == [(e, b) for e in range(1, EPOCHS + 1) for b in range(BATCHES + 1)]


# Ctrl-C


def stopped(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert isinstance(done.exception, StoppedError), done.output
    assert done.exception.exit_code == ExitCode.INTERRUPTED == 130
    return str(done.exception)


@pytest.mark.parametrize("moment", [(1, 2), (2, 1)])
def test_a_stopped_training_says_how_to_go_on_and_ends_as_if_it_had_not_been(
    moment, unbroken, strips, tmp_path, monkeypatch
):
    broken = tmp_path / "broken run"
    show = TrainingDisplay.progress

    def press(display, epoch, losses):
        if (epoch, len(losses)) == moment:
            signal.raise_signal(signal.SIGINT)
        show(display, epoch, losses)

    with monkeypatch.context() as patch:
        patch.setattr("trainer.training.display.TrainingDisplay.progress", press)
        said = stopped("fit", strips, "--run", broken, *FIT)
    assert said.endswith(f": genretag-train fit --run '{broken}' --resume")
    assert not list(broken.glob("*part*"))
    assert len(losses(broken)) == moment[0] - 1
    train("fit", "--run", broken, "--resume")
    np.testing.assert_allclose(losses(broken), losses(unbroken), rtol=1e-3)


def test_ctrl_c_before_the_first_epoch_is_not_kept_waiting(strips, tmp_path, monkeypatch):
    def press(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    monkeypatch.setattr("trainer.training.fit._build", press)
    assert "before the training began" in stopped("fit", strips, "--run", tmp_path / "run", *FIT)


def test_an_epoch_that_is_being_saved_is_finished_first(strips, tmp_path, monkeypatch):
    from trainer.training import fit

    save = fit.save_weights

    def press(model, file):
        if file.name.startswith("last"):
            signal.raise_signal(signal.SIGINT)
        save(model, file)

    monkeypatch.setattr(fit, "save_weights", press)
    run = tmp_path / "run"
    stopped("fit", strips, "--run", run, *FIT)
    assert len(losses(run)) == 1
    assert (run / "last.weights.h5").exists()


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_before_the_training_there_is_nothing_to_go_on_with(strips, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.training.plan.plan", interrupt)
    assert "--resume" not in stopped("fit", strips, "--run", tmp_path / "run", *FIT)


def test_a_stopped_evaluation_leaves_the_figures_that_there_were(unbroken, monkeypatch):
    monkeypatch.setattr("trainer.evaluation.evaluate.SPEED_RUNS", 1)
    monkeypatch.setattr("trainer.evaluation.drawing.save", interrupt)
    files = sorted(unbroken.iterdir())
    assert str(unbroken) in stopped("evaluate", unbroken)
    assert sorted(unbroken.iterdir()) == files


@pytest.mark.parametrize("command", ["prepare", "compare", "export"])
def test_other_commands_say_that_they_were_stopped(command, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.data.prepare.prepare", interrupt)
    monkeypatch.setattr("trainer.cli.load_run", interrupt)
    assert stopped(command, tmp_path, tmp_path / "out.onnx").startswith("stopped; ")


# A full disk


def refused(*arguments: object, size: int) -> str:
    with room(size):
        done = CliRunner().invoke(app, list(map(str, arguments)))
    assert isinstance(done.exception, DataError), done.output
    assert done.exception.exit_code == ExitCode.COULD_NOT_RUN == 1
    assert "\n" not in str(done.exception)
    return str(done.exception)


def test_a_training_on_a_full_disk_keeps_its_weights_and_goes_on(unbroken, strips, tmp_path):
    run = tmp_path / "run"
    said = refused("fit", strips, "--run", run, *FIT, size=20_000)
    assert f"{run / 'best.weights.h5'} cannot be written (file too large); " in said
    assert not list(run.glob("*.h5"))
    assert not list(run.glob(".*"))
    train("fit", "--run", run, "--resume")
    np.testing.assert_allclose(losses(run), losses(unbroken), rtol=1e-3)
    weights = digests(run)
    longer = ("fit", "--run", run, "--resume", "--epochs", EPOCHS + 1)
    assert "weights.h5 cannot be written" in refused(*longer, size=20_000)
    kept = {file: digest for file, digest in weights.items() if file.suffix == ".h5"}
    assert kept.items() <= digests(run).items()
    train(*longer)
    assert len(losses(run)) == EPOCHS + 1


def test_a_run_goes_on_with_its_data_named_again_but_not_with_other_data(
    unbroken, strips, tmp_path
):
    run, other = tmp_path / "run", tmp_path / "other"
    shutil.copytree(unbroken, run)
    shutil.copytree(strips, other)
    train("fit", strips, "--run", run, "--resume", "--epochs", EPOCHS + 1)
    assert len(losses(run)) == EPOCHS + 1
    begun = f"begun with other options: DATA is {other} and was {strips}. Repeat"
    with pytest.raises(DataError, match=re.escape(begun)):
        train("fit", other, "--run", run, "--resume", "--epochs", EPOCHS + 2)


def test_an_epoch_that_cannot_be_noted_leaves_those_before_it(tmp_path):
    epoch = Epoch(
        epoch=1,
        seconds=1.0,
        learning_rate=0.1,
        loss=1.0,
        window_accuracy=0.5,
        track_accuracy=0.5,
        track_loss=1.0,
    )
    history = History(tmp_path / "history.csv", Epoch)
    history.append(epoch)
    size = (tmp_path / "history.csv").stat().st_size
    with pytest.raises(DataError, match=r"history\.csv cannot be written"), room(size + 1):
        history.append(replace(epoch, epoch=2))
    assert history.read() == [epoch]


def test_other_commands_on_a_full_disk_name_what_they_could_not_write(unbroken, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(unbroken, run)
    before = digests(run)
    assert f"{run} cannot be written" in refused("evaluate", run, size=1000)
    assert digests(run) == before
    train("evaluate", run)
    model = tmp_path / "m.onnx"
    assert f"{model} cannot be written" in refused("export", run, model, size=1000)
    assert "compared cannot be written" in refused(
        "compare", run, run, "--output", tmp_path / "compared", size=10
    )
    assert not model.exists()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


# Errors that need no Keras

ASK = """
import sys
from typer.testing import CliRunner
from trainer.cli import app
for line in sys.stdin.read().splitlines():
    error = CliRunner().invoke(app, line.split("|")).exception
    print(error, {"keras", "tensorflow"} & sys.modules.keys())
"""


def test_what_is_wrong_is_said_before_keras_is_loaded(unbroken, strips, tmp_path):
    """It takes seconds."""
    run, unfinished, nowhere = unbroken, tmp_path / "unfinished", tmp_path / "nowhere"
    unfinished.mkdir()
    for name in (RUN_FILE, "run.toml"):
        (unfinished / name).write_text((run / name).read_text())
    gone = tmp_path / "gone"
    shutil.copytree(strips, gone)
    for number in range(2):
        (gone / "rock" / f"{number}.npy").unlink()
    new = ("--run", nowhere)
    expected = {
        ("fit", nowhere, *new): "not a prepared data set",
        ("fit", gone, *new): "Strips that are not there: 2, such as ",
        ("fit", strips, *new): "The data is prepared for",
        ("fit", strips, *new, "--arch", "ann", "--train-split", "tain"): "No tracks in tain",
        ("fit", strips, *new, "--arch", "ann", "--weights", nowhere): "cannot be read",
        ("fit", strips, *new, "--arch", "ann", "--init", nowhere): "not a run folder",
        ("fit", strips, *new, "--arch", "ann", "--init", unfinished): "no last.weights.h5",
        ("fit", strips, *new, "--arch", "ann", "--teacher", unfinished): "no last.weights.h5",
        ("fit", strips, "--run", run, *FIT): "go on with --resume",
        ("fit", "--run", nowhere, "--resume"): "not a run folder",
        (
            "fit",
            "--run",
            run,
            "--resume",
            "--seed",
            "7",
        ): "begun with other options: --seed is 7 and was 1.",
        ("evaluate", nowhere): "not a run folder",
        ("evaluate", run, "--split", "tset"): "no tracks in the split",
        ("evaluate", run, "--data", nowhere): "not a prepared data set",
        ("evaluate", run, "--baseline"): "computes MFCCs from log-mel",
        ("evaluate", unfinished): "no best.weights.h5",
        ("export", nowhere, "m.onnx"): "not a run folder",
        ("export", run, "m.onnx"): "was not evaluated",
        ("compare", run): "was not evaluated",
    }
    lines = "\n".join("|".join(map(str, command)) for command in expected)
    asked = [sys.executable, "-c", ASK]
    said = subprocess.run(asked, input=lines, capture_output=True, text=True, check=True).stdout
    for words, line in zip(expected.values(), said.splitlines(), strict=True):
        assert words in line
        assert line.endswith(" set()")


# The log of TensorFlow


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("/job:localhost/replica:0/task:0/device:CPU:0", "CPU"),
        ("/job:localhost/replica:0/task:0/device:GPU:0", "GPU"),
        ("cuda:0", "GPU"),
        ("TFRT_CPU_0", "CPU"),
    ],
)
def test_what_a_training_runs_on_is_said_in_place_of_the_log(name, kind):
    from trainer.training.epoch import device

    weight = SimpleNamespace(value=SimpleNamespace(device=name))
    assert device(SimpleNamespace(weights=[weight])) == kind


LOG = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795192228.259789   24596 port.cc:153] oneDNN custom operations are on.
2026-01-02 03:04:05.678901: I external/xla/cudart_stub.cc:32] Could not find cuda drivers.
E0000 00:00:1795192290.686798   24923 cuda_platform.cc:52] failed call to cuInit
To enable the following instructions: AVX2 AVX512F, in other operations, rebuild TensorFlow.
"""
WARNING = "/somewhere/module.py:7: UserWarning: this matters\n"


def test_only_the_log_is_kept_off_standard_error(monkeypatch, capfd):
    monkeypatch.delenv(LOG_LEVEL, raising=False)
    with without_log():
        os.write(2, (LOG + WARNING).encode())
    assert capfd.readouterr().err == WARNING
    assert os.environ[LOG_LEVEL] == "3"
    os.write(2, LOG.encode())  # afterwards it is all as before
    assert capfd.readouterr().err == LOG
    with without_log():  # of what is loaded later
        os.write(2, LOG.encode())
    assert capfd.readouterr().err == ""


def test_who_asks_for_the_log_gets_it(monkeypatch, capfd):
    monkeypatch.setenv(LOG_LEVEL, "0")
    with without_log():
        os.write(2, LOG.encode())
    assert capfd.readouterr().err == LOG
    assert os.environ[LOG_LEVEL] == "0"


RUN = """
import sys
from trainer import cli
for line in sys.stdin.read().splitlines():
    sys.argv = ["genretag-train", *line.split("|")]
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code
"""


def test_commands_whose_output_goes_to_a_file_leave_words_of_their_own_alone(strips, tmp_path):
    run, file = tmp_path / "run", tmp_path / "ann.onnx"
    commands = ("fit", strips, "--run", run, *FIT), ("evaluate", run), ("export", run, file)
    lines = "\n".join("|".join(map(str, command)) for command in commands)
    surroundings = {name: value for name, value in os.environ.items() if name != LOG_LEVEL}
    asked = [sys.executable, "-c", RUN]
    done = subprocess.run(
        asked, input=lines, env=surroundings, capture_output=True, text=True, check=True
    )
    first, *epochs = done.stdout.splitlines()[: 1 + EPOCHS]
    assert first.startswith("4 tracks to train on")
    assert re.search("tensorflow on [CG]PU in float32", first)
    assert [line[:11] for line in epochs] == [f"epoch   {n}/{EPOCHS}" for n in (1, 2)]
    assert file.exists()
    for words in ("cudart", "oneDNN", "np.object"):
        assert words not in done.stderr


# A finished training goes on


def test_a_finished_training_is_extended_at_the_rate_of_the_longer_one(strips, unbroken, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(unbroken, run)
    said = train("fit", "--run", run, "--resume", "--epochs", EPOCHS + 2)
    assert f"{EPOCHS} epochs become {EPOCHS + 2}" in said
    epochs = History(run / "history.csv", Epoch).read()
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    rate = learning_rate(FitOptions(data=(), epochs=EPOCHS + 2, batches=BATCHES, warm_up=0))
    expected = [rate(BATCHES * number - 1) for number in (3, 4)]
    np.testing.assert_allclose([one.learning_rate for one in epochs[2:]], expected, rtol=1e-4)
    stored = load_run(run)
    assert stored.options.epochs == EPOCHS + 2
    assert stored.metadata["extended_after"] == [EPOCHS]
    with pytest.raises(DataError, match="was trained for 4 epochs already"):
        train("fit", "--run", run, "--resume", "--epochs", 3)


def test_the_last_line_says_that_a_network_would_write_nothing(strips, tmp_path, monkeypatch):
    sentence = "No confidence of this network is right."
    monkeypatch.setattr("trainer.training.validation.nothing_to_write", lambda *_: sentence)
    said = train("fit", strips, "--run", tmp_path / "run", *FIT)
    assert said.splitlines()[-1] == sentence


# What is wrong with weights


@pytest.mark.parametrize(
    ("keep", "options", "words"),
    [
        ("best", {"train_splits": ("train", "valid")}, "take --keep last"),
        ("average", {}, "trained without --average; take --keep best or last"),
        ("last", {}, "the file is missing"),
    ],
)
def test_why_weights_are_not_there(keep, options, words, unbroken, tmp_path):
    shutil.copy(unbroken / "history.csv", tmp_path)
    run = load_run(unbroken)
    without = replace(run, folder=tmp_path, options=replace(run.options, **options))
    with pytest.raises(DataError, match=words):
        without.there(keep)
    (tmp_path / "history.csv").unlink()
    with pytest.raises(DataError, match="has not finished an epoch"):
        without.there(keep)


def test_damaged_weights_are_told_in_plain_words(unbroken, tmp_path):
    run = replace(load_run(unbroken), folder=tmp_path)
    whole = (unbroken / "last.weights.h5").read_bytes()
    (tmp_path / "last.weights.h5").write_bytes(whole[:1000])
    with pytest.raises(DataError, match="is damaged, or holds the weights of another network"):
        run.model("last")
