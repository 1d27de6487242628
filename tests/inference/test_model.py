import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import TOY_METADATA, write_toy_model

from tagger import SHIPPED_MODEL
from tagger.errors import DeviceError, ModelError
from tagger.inference.cuda import Gpu
from tagger.inference.metadata import ModelMetadata, read_metadata
from tagger.inference.model import GenreModel
from tagger.inference.onnxfile import read_onnx
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


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"window_frames": 10**8}, "its window_frames is 100000000 and not a whole number from 1"),
        ({"window_frames": "128"}, "its window_frames is '128'"),
        ({"window_frames": 2.5}, "its window_frames is 2.5"),
        ({"hop_frames": 0}, "its hop_frames is 0"),
        ({"hop_frames": True}, "its hop_frames is True"),
        ({"hop_frames": 10**4000}, "its hop_frames is 1000"),
        ({"temperature": 1e-300}, "its temperature is 1e-300"),
        ({"temperature": float("inf")}, "its temperature is inf"),
        ({"min_confidence": float("nan")}, "its min_confidence is nan"),
        ({"labels": "rock"}, "its labels"),
        ({"labels": ["rock", "rock"]}, "its labels"),
        ({"labels": ["r" * 10**6]}, "its labels"),
        ({"front_end": {"n_fft": 1 << 30}}, "its n_fft is 1073741824"),
        ({"front_end": {"sample_rate": 10**9}}, "its sample_rate is 1000000000"),
        ({"front_end": {"hop_length": 0}}, "its hop_length is 0"),
        ({"front_end": {"n_mels": 10**6}}, "its n_mels is 1000000"),
        ({"front_end": {"top_db": float("nan")}}, "its top_db is nan"),
        ({"front_end": {"fmin": 5000, "fmax": 100}}, "its fmin is 5000 and not below"),
        ({"front_end": {"kind": "summary features", "seconds": 1e9}}, "its seconds is 1e"),
        ({"front_end": {"kind": "spectrogram picture", "width": 10**7}}, "its width is 10000000"),
        ({"front_end": {"n_mels": 512}, "window_frames": 1 << 14}, "its windows are too large"),
        (
            {"confidence": {"version": 1, "intercept": 1e300, "log_odds": 0, "margin": 0}
             | {"disagreement": 0, "labels": [0, 0, 0]}},
            "its confidence holds numbers",
        ),
    ],
)  # fmt: skip
def test_numbers_of_a_model_file_are_within_bounds(change, sentence):
    document = json.loads(TOY_METADATA.to_json()) | change
    with pytest.raises(ValueError, match=re.escape(sentence)) as refused:
        ModelMetadata.from_json(json.dumps(document))
    assert len(str(refused.value)) < 200


def test_a_document_of_brackets_is_no_metadata():
    with pytest.raises(ValueError, match="no description of a model"):
        ModelMetadata.from_json("[" * 10**5)


def write_huge_metadata(path):
    with path.open("wb") as file:
        file.write(b"\x72\xff\xff\xff\xff\x01")  # one of metadata_props, of half a gigabyte
        file.truncate(6 + (1 << 29))
    return path


def test_the_size_of_a_model_file_is_read_before_its_content(tmp_path):
    with pytest.raises(ModelError, match=r"huge\.onnx is not an ONNX model"):
        read_metadata(write_huge_metadata(tmp_path / "huge.onnx"))
    larger = tmp_path / "larger.onnx"
    with larger.open("wb") as file:
        file.truncate(1 << 32)
    for read in (read_metadata, read_onnx):
        with pytest.raises(ModelError, match=r"larger\.onnx is not an ONNX model"):
            read(larger)


def test_a_file_of_endless_numbers_or_fields_is_no_model(tmp_path):
    file = tmp_path / "endless.onnx"
    for content in (b"\x80" * 10**5, b"\x08\x01" * 10**5):
        file.write_bytes(content)
        with pytest.raises(ModelError, match="is not an ONNX model"):
            read_metadata(file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_model_file_that_is_a_pipe_or_device_is_not_opened(tmp_path):
    pipe = tmp_path / "pipe.onnx"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        for read in (read_metadata, read_onnx):
            with pytest.raises(ModelError, match="it is not a regular file"):
                read(path)


def test_files_that_are_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model file"):
        GenreModel(tmp_path / "none.onnx")
    text = tmp_path / "text.onnx"
    text.write_text("not a model")
    with pytest.raises(ModelError, match="is not an ONNX model"):
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
        "tagger.inference.session._load_on_gpu", lambda path, _: (None, f"{path.name} fails")
    )
    model = GenreModel(None, "auto")
    assert (model.path, model.device) == (cpu, "CPU")
    with pytest.raises(DeviceError, match=r"toy\.onnx fails"):
        GenreModel(None, "cuda")


def test_the_shipped_model():
    model = GenreModel(SHIPPED_MODEL, "cpu")
    metadata = model.metadata
    assert metadata.labels == tuple(
        "blues classical country disco electronic hiphop jazz metal pop reggae rock".split()
    )
    assert (metadata.grid.window, metadata.grid.hop) == (128, 64)
    assert metadata.training["accuracy"]["tracks"] > 0
    rng = np.random.default_rng(0)
    strips = rng.standard_normal((2, 128, 1280), dtype=np.float32)
    together = model.window_probabilities(strips)
    assert together.shape == (2, 19, 11)
    np.testing.assert_allclose(together.sum(-1), 1, atol=1e-5)
    alone = model.window_probabilities(strips[1:])
    np.testing.assert_allclose(alone, together[1:], atol=TOLERANCE)  # it holds float16
    assert SHIPPED_MODEL.stat().st_size < 60e6
