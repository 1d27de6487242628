"""Start-up: light commands import nothing heavy."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import TOY_LABELS, music

HEAVY = {"av", "joblib", "keras", "librosa", "mutagen", "numpy", "onnxruntime", "scipy", "sqlite3"}

ASK = """
import sys
sys.argv = ["genretag", {argument!r}]
try:
    from {package}.cli import main
    main()
finally:
    print("imported", *sys.modules)
"""


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(argument):
    asked = ASK.format(argument=argument, package="tagger")
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    *_, modules = said.stdout.splitlines()
    assert "genretag" in said.stdout
    assert "typer" in modules.split()
    assert HEAVY & set(modules.split()) == set()
    assert not [name for name in modules.split() if name.startswith("tagger.cli_")]


def test_computing_mel_strips_does_not_import_librosa(tmp_path):
    """The import takes more than a second, in every process."""
    np.save(file := tmp_path / "music.npy", music(3.2))
    asked = f"""
import sys
import numpy as np
import tagger.pipeline.workers
from tagger.audio.log_mel import MelStrip
MelStrip().compute(np.load({str(file)!r}))
print(*sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert not {"librosa", "numba"} & set(said.stdout.split())


def test_model_metadata_are_read_without_onnx_runtime(toy_model):
    """So decoding can start while ONNX Runtime loads."""
    asked = f"""
import sys
sys.modules["onnxruntime"] = None
from pathlib import Path
from tagger.pipeline.lazy_model import LazyModel
print(*LazyModel(Path({str(toy_model)!r}), "cpu").metadata.labels)
"""
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.split() == list(TOY_LABELS)
