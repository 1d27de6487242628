"""The public functions of the package, and the page that documents them."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import RATE, music, write_audio

import tagger
from tagger import load_model, predict, scan
from tagger.errors import PathError, SilentError, TooShortError, UnreadableError, UnsupportedError
from tagger.tracks import Status

PAGE = Path(__file__).parents[1] / "docs" / "api.md"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from conftest import write_toy_model

    return load_model(write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx"), "cpu")


def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_audio(tmp_path / "song.wav", music(8))
    for number, name in enumerate("ab"):
        write_audio(tmp_path / "music" / f"{name}.wav", music(4, seed=number))
    write_audio(tmp_path / "music" / "silent.wav", 0 * music(4))
    text = PAGE.read_text("utf-8").replace("```", "")
    examples = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 10
    output: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(examples, out=output.append).failed == 0, "".join(output)


def test_every_public_name_is_on_the_page():
    text = PAGE.read_text("utf-8")
    functions = [name for name in tagger.__all__ if name.islower()]
    assert functions == ["load_model", "predict", "scan"]
    assert [name for name in functions if f"**`{name}(" not in text] == []


def test_importing_the_package_is_light():
    code = "import sys, tagger; print(*sys.modules); tagger.scan; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, last = done.stdout.splitlines()
    assert {"numpy", "av", "onnxruntime", "typer", "rich"} & set(modules.split()) == set()
    assert last == "True"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tagger.nothing  # noqa: B018


def test_a_file_and_its_waveform_give_the_same_prediction(tmp_path, model):
    samples = music(6)
    path = write_audio(tmp_path / "a.flac", samples)
    from_file = predict(path, model)
    from_samples = predict(samples, model, sample_rate=RATE)
    assert from_file.seconds == pytest.approx(from_samples.seconds)
    for label, probability in from_file.probabilities.items():
        assert from_samples.probabilities[label] == pytest.approx(probability, abs=0.01)
    assert sum(from_file.probabilities.values()) == pytest.approx(1)
    assert predict(samples, model, sample_rate=RATE, seconds=4).seconds == pytest.approx(4)


def test_what_cannot_be_predicted_has_its_own_error(tmp_path, model):
    text = tmp_path / "text.mp3"
    text.write_text("not music\n" * 100)
    for audio, rate, error in (
        (tmp_path / "none.mp3", None, UnreadableError),
        (text, None, UnreadableError),
        (Path("/dev/null"), None, UnsupportedError),
        (music(1), RATE, TooShortError),
        (0 * music(4), RATE, SilentError),
        (music(4), None, TypeError),
        (str(text), RATE, TypeError),
        (np.zeros((2, 4 * RATE)), RATE, ValueError),
    ):
        with pytest.raises(error):
            predict(audio, model, sample_rate=rate)


def test_a_scan_yields_a_result_for_each_file_and_leaves_no_state(tmp_path, model, home):
    for number in range(3):
        write_audio(tmp_path / "m" / f"{number}.wav", music(4, seed=number))
    (tmp_path / "m" / "empty.mp3").touch()
    results = list(scan([tmp_path / "m"], model, min_confidence=0, exclude=["2.*"]))
    assert [(result.path.name, result.status) for result in results] == [
        ("0.wav", Status.OK),
        ("1.wav", Status.OK),
        ("empty.mp3", Status.UNREADABLE),
    ]
    assert not home.exists()
    with pytest.raises(PathError):
        list(scan(tmp_path / "none", model))
