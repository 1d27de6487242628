"""Options that cannot be used, or do nothing, are answered in a sentence that names them."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagger.audio.log_mel import MelStrip, MelWindow
from tagger.errors import DataError
from trainer.cli import app
from trainer.commands.choices import choices_of_training, without_effect
from trainer.networks.base import architecture, window_shape
from trainer.networks.registry import network
from trainer.training.augmentation import Augmentation
from trainer.training.options import FitOptions
from trainer.training.past import differences
from trainer.training.plan import check_block


@pytest.mark.parametrize(("name", "shrink", "least"), [("cnn14", 4, 64), ("inceptionv3", 2, 75)])
def test_windows_that_are_too_small_are_told_with_the_option(name, shrink, least):
    asked, shape = architecture(name, MelWindow()), window_shape(MelWindow(), shrink)
    with pytest.raises(DataError, match=rf"at least {least} × {least}.*smaller --shrink") as no:
        asked.build(shape, 2, batch_norm=False, dropout=0.5)
    assert f"{128 // shrink} × {128 // shrink}" in str(no.value)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"optimizer": "adam", "weight_decay": 0.1}, "--weight-decay has no effect with --optim"),
        ({"augment": "off", "mixup": 0.4}, "--mixup has no effect with --augment off"),
        ({"arch": "cnn14", "layer_decay": 0.8}, "--layer-decay has no effect with cnn14"),
        ({"arch": "cnn14", "batch_norm": True}, "--batch-norm has no effect with cnn14"),
        ({"teacher_share": 0.2}, "--teacher-share has no effect without --teacher"),
        ({"head_epochs": 2}, "--head-epochs has no effect without --weights or --init"),
        ({"unfreeze_layers": 2}, "--unfreeze-layers has no effect without --weights"),
        ({"head_epochs": 2, "weights": "imagenet"}, None),
        ({"head_epochs": 2, "unfreeze_from": 5, "init": Path("runs/other")}, None),
        ({"weight_decay": 0.1, "mixup": 0.4, "layer_decay": 0.8, "batch_norm": True}, None),
    ],
)
def test_options_without_effect_are_named(given, why):
    choices = {"arch": "vgg16", "weights": "none"} | given
    options = FitOptions(data=(), **choices_of_training(MelStrip(), **choices))
    said = list(without_effect(set(given), options))
    assert [sentence.startswith(why) for sentence in said] == ([True] if why else [])


def test_options_that_a_resumed_run_may_not_change_are_named_with_both_values():
    begun = FitOptions(data=("a", "b"), batch_norm=True)
    options = FitOptions(
        data=("a",),
        head=(256, 128),
        learning_rate=0.01,
        augmentation=Augmentation.strong(),
        epochs=90,
    )
    assert list(differences(begun, options)) == [
        "--batch-norm is not given and was on",
        "--learning-rate is 0.01 and was 0.001",
        "--augment is strong and was normal",
        "DATA is a and was a, b",
        "--head is 256, 128 and was not given",
    ]
    mixed = replace(begun, augmentation=replace(begun.augmentation, mixup=0.2))
    assert list(differences(begun, mixed)) == ["--mixup is 0.2 and was 0.4"]


@pytest.mark.parametrize(
    ("arch", "block", "why"),
    [
        ("mobilenetv2", 18, "mobilenetv2 has 16 blocks; --unfreeze-from takes 1 to 17"),
        ("cnn14", 2, "cnn14 has no blocks to train from; take --unfreeze-layers"),
        ("mobilenetv2", 17, None),
        ("cnn14", 1, None),
    ],
)
def test_a_block_that_a_network_does_not_have_is_refused(arch, block, why):
    options = FitOptions(data=(), arch=arch, unfreeze_from=block)
    with pytest.raises(DataError, match=why) if why else nullcontext():
        check_block(options, network(arch, MelStrip()))


def test_a_damaged_file_of_weights_is_named_without_the_words_of_hdf5(tmp_path):
    file = tmp_path / "mobilenetv2.weights.h5"
    file.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataError) as no:
        architecture("mobilenetv2", MelWindow()).weights(str(file))
    assert str(no.value) == f"{file} cannot be read as weights; it should be an HDF5 file (.h5)."


@pytest.mark.parametrize("option", ["--learning-rate", "--mixup", "--weight-decay", "--average"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_no_number_is_refused(option, value, tmp_path):
    asked = ["fit", "data", "--run", str(tmp_path / "run"), option, value]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.output


def test_pixels_are_those_of_pictures(tmp_path):
    asked = ["prepare", "clips", str(tmp_path / "data"), "--pixels", "299"]
    done = CliRunner().invoke(app, asked)
    assert "--pixels needs --front-end spectrogram-picture" in str(done.exception)


def test_the_help_of_evaluate_names_the_splits():
    shown = " ".join(CliRunner().invoke(app, ["evaluate", "--help"]).output.split())
    assert "valid chooses the settings, test (or any other) is scored with them" in shown
