"""The small installation of docs/faq.md is enough for a scan."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_OUT = {"librosa", "onnxruntime-gpu"}  # the second for onnxruntime, which is the same module

# librosa and what comes with it alone; an import of any of them fails.
SCAN = """
import sys
for name in ("librosa", "numba", "llvmlite", "sklearn", "soundfile", "soxr", "audioread", "pooch"):
    sys.modules[name] = None
from tagger.cli import main
main()
"""


def packages(text: str) -> set[str]:
    """Return the packages that `pip install` is to fetch, over lines that end with a backslash."""
    (words,) = re.findall(r"pip install (?:--no-cache-dir )?(av (?:[^\n]*\\\n)*[^\n]*)", text)
    return set(words.replace("\\", " ").split("&&")[0].split())


def test_the_small_installation_has_every_requirement_but_librosa_and_cuda():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = {re.match(r"[\w.-]+", line)[0] for line in project["dependencies"]} - LEFT_OUT
    for place in ("docs/faq.md", "Dockerfile"):
        assert packages((ROOT / place).read_text("utf-8")) == required, place


def test_a_scan_and_a_write_need_no_librosa(song, toy_model):
    folder = song().parent
    command = [sys.executable, "-c", SCAN, "scan", str(folder), "--model", str(toy_model)]
    done = subprocess.run(
        [*command, "--write-tags", "--min-confidence", "0", "-j", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "song.wav" in done.stdout
