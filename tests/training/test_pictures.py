"""How spectrogram pictures are varied, and how networks for photographs take them."""

from dataclasses import fields

import numpy as np
import pytest
from small_networks import narrow_vgg

from tagger.audio.log_mel import MelStrip
from tagger.audio.pictures import TOP_OF_SCALE, SpectrogramPicture
from tagger.audio.summary import SummaryFeatures
from tagger.errors import DataError
from trainer.commands.choices import augmentation
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet, Track
from trainer.export.graph import to_onnx
from trainer.networks.backend import keras, set_seed
from trainer.networks.base import architecture
from trainer.networks.registry import NETWORKS, network
from trainer.training.augmentation import Augmentation
from trainer.training.batches import WindowSampler, shrink
from trainer.training.variation import augment, lengths, vary

PICTURE = SpectrogramPicture(height=64, width=64)


def test_pictures_stay_pictures():
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, TOP_OF_SCALE, (20, 224, 224)).astype(np.float32)
    for level in ("normal", "strong"):
        chosen = augmentation(SpectrogramPicture(), level, None)
        taken = lengths(np.full(20, 224), 224, chosen, rng)
        varied = augment(vary(pictures.copy(), taken, 224, chosen, rng), chosen, rng)
        assert varied.shape == pictures.shape
        assert varied.min() >= 0
        assert varied.max() <= TOP_OF_SCALE * (1 + chosen.gain)
        assert not any(np.array_equal(*pair) for pair in zip(varied, pictures, strict=True))


def test_each_front_end_is_varied_in_its_own_way():
    """Log-mel has noise, a picture none; features of a window have no bands to mask."""
    assert augmentation(MelStrip(), "normal", None) == Augmentation()
    assert augmentation(SpectrogramPicture(), "normal", None).mixup == 0
    assert augmentation(SpectrogramPicture(), "strong", 0.2).mixup == 0.2
    blended = augmentation(SummaryFeatures(), "strong", None)
    assert [f.name for f in fields(blended) if getattr(blended, f.name)] == ["mixup"]


def test_pictures_side_by_side_are_drawn_whole(tmp_path):
    for name, level in (("a", 10), ("b", 20)):
        strip = np.hstack([np.full((64, 64), level + place) for place in range(3)])
        prepared.save_strip(tmp_path / f"{name}.npy", strip.astype("f"), np.float16)
    tracks = tuple(
        Track(genre=name, name=name, split="train", strips=(tmp_path / f"{name}.npy",))
        for name in "ab"
    )
    data = DataSet(front_end=PICTURE, labels=("a", "b"), tracks=tracks)
    sampler = WindowSampler(data, tracks, PICTURE.grid, Augmentation.off())
    windows = sampler.batch(0, 32).windows
    assert np.ptp(windows, axis=(1, 2)).max() == 0
    assert set(windows[:, 0, 0]) == {10, 11, 12, 20, 21, 22}


def tiny(*, input_tensor: object, **_: object) -> keras.Model:
    """Stand in for a network of keras.applications."""
    outputs = keras.layers.Conv2D(2, 3)(input_tensor)
    return keras.Model(keras.utils.get_source_inputs(input_tensor), outputs)


@pytest.mark.parametrize(("name", "module"), [("vgg16", "vgg16"), ("mobilenetv2", "mobilenet_v2")])
def test_networks_see_pictures_as_in_imagenet(name, module, monkeypatch):
    """Three equal channels behind the preprocessing that keras.applications documents."""
    monkeypatch.setattr(keras.applications, "MobileNetV2", tiny)
    with narrow_vgg():
        model = architecture(name, PICTURE).build((64, 64), 2, batch_norm=True, dropout=0.5)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    seen = keras.Model(model.input, first.input)
    picture = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 1)).astype(np.float32)
    expected = getattr(keras.applications, module).preprocess_input(picture.repeat(3, axis=3))
    np.testing.assert_allclose(seen.predict_on_batch(picture), expected, atol=1e-4)


def test_a_model_file_of_vgg_on_pictures_holds_the_preprocessing():
    import onnxruntime

    rng = np.random.default_rng(0)
    network = architecture("vgg16", PICTURE)
    set_seed(0)
    with narrow_vgg():
        trained = network.build((32, 32), 2, batch_norm=True, dropout=0.5, head=(4,))
        for layer in trained.layers:
            if layer.name.endswith("_norm"):
                layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
        head = trained.get_layer("head")
        head.set_weights([weights / 50 for weights in head.get_weights()])  # or it is too sure
        deployed = network.deploy(trained, PICTURE, 2)
    pictures = rng.uniform(0, 255, (3, 64, 64, 1)).astype(np.float32)
    expected = trained.predict_on_batch(shrink(pictures[..., 0], 2)[..., None])
    assert 1e-3 < expected.std() < 0.49
    graph = to_onnx(deployed, frames=64).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"strips": pictures})
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_network_follows_the_data():
    assert isinstance(network("vgg16", MelStrip()).front_end_for(MelStrip()), MelStrip)
    assert network("vgg16", PICTURE).front_end_for(PICTURE) == PICTURE
    assert sum(len(forms) > 1 for forms in NETWORKS.values()) == 5
    with pytest.raises(DataError, match="mel-strip or spectrogram-picture"):
        network("inceptionv3", SummaryFeatures())
