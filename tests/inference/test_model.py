import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import TOY_METADATA, write_toy_model

from tagger import SHIPPED_MODEL
from tagger.errors import DeviceError, ModelError
from tagger.inference.cuda import Gpu
from tagger.inference.metadata import ModelMetadata
from tagger.inference.model import GenreModel
from tagger.inference.packaged import packaged_model
from tagger.inference.verify import TOLERANCE


def test_windows_come_from_the_strip(toy_model):
    model = GenreModel(toy_model, "cpu")
    strips = np.zeros((2, 128, 320), np.float32)
    strips[0, 86:] = 3
    strips[1, :43] = 3
    windows = model.window_probabilities(strips)
    assert windows.shape == (2, model.metadata.grid.count(320), 3)
    np.testing.assert_allclose(windows.sum(-1), 1, atol=1e-6)
    assert set(windows[0].argmax(-1)) == {2}
    assert set(windows[1].argmax(-1)) == {0}


def test_metadata_survive_the_file(toy_model):
    assert GenreModel(toy_model).metadata == TOY_METADATA


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 99},
        {"labels": None},
        {"labels": []},
        {"voting": "loudest"},
        {"temperature": 0},
        {"min_confidence": 2},
    ],
)
def test_bad_metadata_are_refused(change):
    document = json.loads(TOY_METADATA.to_json()) | change
    with pytest.raises(ValueError, match=r"."):
        ModelMetadata.from_json(json.dumps(document))


def test_files_that_are_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model file"):
        GenreModel(tmp_path / "none.onnx")
    text = tmp_path / "text.onnx"
    text.write_text("not a model")
    with pytest.raises(ModelError, match="ONNX Runtime can load"):
        GenreModel(text)
    with pytest.raises(ModelError, match="not a genretag model"):
        GenreModel(write_toy_model(tmp_path / "plain.onnx", None))
    newer = replace(TOY_METADATA, temperature=-1.0)
    with pytest.raises(ModelError, match="cannot be used"):
        GenreModel(write_toy_model(tmp_path / "newer.onnx", newer))


def test_the_packaged_model_goes_by_the_device(tmp_path, monkeypatch):
    cuda = write_toy_model(tmp_path / "toy.onnx")
    monkeypatch.setattr("tagger.inference.packaged.CUDA_MODEL", cuda)
    monkeypatch.setattr("tagger.inference.packaged.CPU_MODEL", tmp_path / "toy.int8.onnx")
    assert GenreModel(None, "cpu").path == cuda  # the only one there is
    cpu = write_toy_model(tmp_path / "toy.int8.onnx")
    assert GenreModel(None, "cpu").path == cpu
    assert GenreModel(cuda, "cpu").path == cuda
    assert packaged_model("CUDA") == cuda
    # A GPU that turns out not to be available leaves the model for the CPU.
    monkeypatch.setattr("tagger.inference.session._gpu", lambda _: (Gpu("toy", None), ""))
    monkeypatch.setattr(
        "tagger.inference.session._load_on_gpu", lambda path: (None, f"{path.name} fails")
    )
    model = GenreModel(None, "auto")
    assert (model.path, model.device) == (cpu, "CPU")
    with pytest.raises(DeviceError, match=r"toy\.onnx fails"):
        GenreModel(None, "cuda")


def test_the_shipped_model():
    model = GenreModel(SHIPPED_MODEL, "cpu")
    metadata = model.metadata
    assert metadata.labels == tuple(
        "blues classical country disco hiphop jazz metal pop reggae rock".split()
    )
    assert (metadata.grid.window, metadata.grid.hop) == (128, 64)
    assert metadata.training["accuracy"]["tracks"] > 0
    rng = np.random.default_rng(0)
    strips = rng.standard_normal((2, 128, 1280), dtype=np.float32)
    together = model.window_probabilities(strips)
    assert together.shape == (2, 19, 10)
    np.testing.assert_allclose(together.sum(-1), 1, atol=1e-5)
    alone = model.window_probabilities(strips[1:])
    np.testing.assert_allclose(alone, together[1:], atol=TOLERANCE)  # it holds float16
    assert SHIPPED_MODEL.stat().st_size < 60e6
