"""`doctor` finds what keeps a scan from running."""

import json

import pytest
from conftest import genretag_here as genretag


def test_all_is_well(monkeypatch):
    monkeypatch.setattr("tagger.inference.cuda.driver", lambda: None)
    done = genretag("doctor", "--json")
    findings = json.loads(done.stdout)
    assert done.returncode == 0, findings
    assert [finding["name"] for finding in findings] == [
        "genretag",
        "ONNX Runtime",
        "device",
        "decoders",
        "model",
        "configuration",
        "state",
        "disk space",
    ]
    assert [finding["problem"] for finding in findings] == [""] * 8
    assert "vgg16-genres.int8.onnx, 11 genres" in findings[4]["found"]  # of two, that of a CPU


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        (None, "ok device CPU; no NVIDIA driver was found"),
        (object(), "The GPU is not used: this ONNX Runtime was built without it; install"),
    ],
)
def test_a_gpu_that_is_not_used_is_explained(driver, words, monkeypatch):
    monkeypatch.setattr("tagger.inference.cuda.driver", lambda: driver)
    monkeypatch.setattr("tagger.inference.cuda.PROVIDER", "NoneExecutionProvider")
    assert words in " ".join(genretag("doctor").stdout.split())


def test_problems_come_with_what_mends_them(home, monkeypatch):
    import av

    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"opus"})
    home.mkdir()
    (home / "config.toml").write_text("[scan]\nalbun = true\n")
    done = genretag("doctor")
    assert done.returncode == 1
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert [line for line in lines if line.startswith("problem")] == [
        f"problem decoders PyAV {av.__version__}, 13 of 14 kinds",
        "problem configuration not usable",
    ]
    assert any("pip install --force-reinstall av" in line for line in lines)
    assert any("Did you mean 'album'" in line for line in lines)
