"""Dense layers before the last one, and which layers are trained."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from small_networks import narrow_vgg
from typer.testing import CliRunner

from tagger.audio.log_mel import MelStrip, MelWindow
from tagger.audio.summary import SummaryFeatures
from trainer.cli import app
from trainer.export.agreement import TOLERANCE
from trainer.export.graph import to_onnx
from trainer.networks import vgg
from trainer.networks.backend import layers
from trainer.networks.base import WHOLE_BACKBONE, architecture, window_shape
from trainer.networks.heads import head_layers, head_units
from trainer.networks.registry import NETWORKS
from trainer.networks.strip_vgg import VGG16, VGG16_QUARTER
from trainer.training.fit import frozen_layers
from trainer.training.options import FitOptions


@pytest.mark.parametrize(("name", "front_end"), [("vgg16", MelStrip()), ("ann", SummaryFeatures())])
def test_dense_layers_before_the_last_one_are_deployed_with_the_network(name, front_end):
    network, shape = architecture(name, front_end), window_shape(front_end, 1)
    with narrow_vgg():
        trained = network.build(shape, 2, batch_norm=False, dropout=0.5, head=(16, 8))
        assert [layer.name for layer in head_layers(trained)] == ["head1", "head2", "head"]
        assert head_units(trained) == (16, 8)
        deployed = network.deploy(trained, front_end, 1)
        taken = network.take(trained, {}) if name == "vgg16" else ()
    assert not {"head1", "head2", "head"} & set(network.frozen(trained, taken, math.inf))
    assert not {"head1", "head2", "head"} & set(network.backbone(trained))
    windows = np.random.default_rng(0).standard_normal((3, *shape, 1)).astype(np.float32)
    found = np.asarray(deployed.predict_on_batch(windows)).reshape(3, 2)
    np.testing.assert_allclose(found, trained.predict_on_batch(windows), atol=TOLERANCE)
    graph = to_onnx(deployed, frames=shape[1])
    assert sum(node.op_type == "MatMul" for node in graph.graph.node) >= 3


def test_the_last_pretrained_layers_of_any_network_can_be_trained():
    options = FitOptions(data=(), arch="vgg16", unfreeze_layers=3)
    names = vgg.names("VGG16")
    with narrow_vgg():
        model = VGG16.build((64, 64), 2, batch_norm=True, dropout=0)
    for taken in (names, WHOLE_BACKBONE):  # as a file of weights has them, or another run

        def frozen(
            options: FitOptions, head_only: bool = False, taken: Sequence[str] = taken
        ) -> tuple[str, ...]:
            return frozen_layers(VGG16, model, options, taken, head_only=head_only)

        assert frozen(options) == tuple(names[:-3])
        assert frozen(options, head_only=True) == tuple(names)
        everything = replace(options, unfreeze_layers=99)
        assert frozen(everything) == ()
        by_block = replace(options, unfreeze_layers=None, unfreeze_from=4)
        assert frozen(by_block)[-1] == "block3_conv3"


@pytest.mark.parametrize(
    ("name", "block", "beginning"),
    [
        ("mobilenetv2", 13, "block_13_expand"),
        ("efficientnetb0", 6, "block6a_expand_conv"),
        ("inceptionv3", 9, "mixed8"),  # and all behind it, as in the guide of Keras
    ],
)
def test_a_network_for_photographs_is_trained_from_a_block_on(name, block, beginning):
    network = architecture(name, MelWindow())
    model = network.build((128, 128), 2, batch_norm=False, dropout=0)
    whole = network.backbone(model)
    before = model.layers[: model.layers.index(model.get_layer(beginning))]
    by_block = FitOptions(data=(), arch=name, unfreeze_from=block)
    frozen = frozen_layers(network, model, by_block, WHOLE_BACKBONE, head_only=False)
    assert frozen == tuple(layer.name for layer in before if layer.weights)
    assert frozen_layers(network, model, by_block, WHOLE_BACKBONE, head_only=True) == whole
    blocks = NETWORKS[name][0].blocks
    assert len(frozen) < len(network.frozen(model, WHOLE_BACKBONE, blocks)) < len(whole)
    assert network.frozen(model, WHOLE_BACKBONE, blocks + 1) == whole


@pytest.mark.parametrize("head", ["256,", "0", "a", "256,,128", "-1"])
def test_a_head_that_is_none_is_refused(head, tmp_path):
    done = CliRunner().invoke(app, ["fit", "--run", str(tmp_path), "--head", head])
    assert done.exit_code == 2
    assert "not a list of units" in done.output


def test_vgg_is_built_without_configurations_for_which_keras_loads_tensorflow(monkeypatch):
    def no_config(_: object) -> None:
        raise AssertionError("a configuration was asked for")

    for kind in (layers.Conv2D, layers.MaxPooling2D):
        monkeypatch.setattr(kind, "get_config", no_config)
    for batch_norm in (True, False):
        model = VGG16_QUARTER.build((64, 64), 2, batch_norm=batch_norm, dropout=0)
        assert model.output_shape == (None, 2)
