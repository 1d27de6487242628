"""Helpers and fixtures of all tests: generated audio, and a toy model that needs no training."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import numpy as np
import onnx
import pytest
import soundfile
from hypothesis import HealthCheck, settings
from mutagen.flac import Picture
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from tagger.cli import app
from tagger.inference.metadata import METADATA_KEY, ModelMetadata
from tagger.inference.vote import Voting
from tagger.runtime.entry import run_app

# Variables of a terminal or CI system change the output that tests compare, so they are removed
# before any package reads them. Set CUDA_VISIBLE_DEVICES=0 to run the tests on a GPU.
for _name in (
    "CLICOLOR_FORCE COLUMNS FORCE_COLOR GITHUB_ACTIONS LINES NO_COLOR PY_COLORS PYTHONIOENCODING"
    " PYTHONWARNINGS TTY_COMPATIBLE TTY_INTERACTIVE"
).split():
    os.environ.pop(_name, None)
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# A shell starts background jobs with Ctrl-C ignored, and their child processes inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

RATE = 22_050

# The same examples everywhere and no deadline, so that only the code can make a test fail.
# `pytest --hypothesis-profile explore` searches for new examples.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, database=None, **_PATIENT)
settings.register_profile("explore", max_examples=1000, **_PATIENT)
settings.load_profile("same")

# Container format and codec for each suffix.
ENCODERS = {
    ".mp3": ("mp3", "libmp3lame"),
    ".flac": ("flac", "flac"),
    ".ogg": ("ogg", "vorbis"),
    ".opus": ("opus", "libopus"),
    ".m4a": ("ipod", "aac"),
    ".aiff": ("aiff", "pcm_s16be"),
    ".wav": ("wav", "pcm_s16le"),
    ".au": ("au", "pcm_s16be"),
    ".wma": ("asf", "wmav2"),
    ".wv": ("wv", "wavpack"),
    ".aac": ("adts", "aac"),
}
TAGGED = (".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aiff", ".wav")


def music(seconds: float, rate: int = RATE, seed: int = 0, pitch: float = 220.0) -> NDArray:
    """Return a mono waveform `[samples]` with harmony and rhythm, full scale ±1."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * pitch * ratio * time) / ratio for ratio in (1, 1.25, 1.5, 2, 3))
    beat = np.exp(-6 * (time % 0.5)) * rng.standard_normal(time.size)
    return (0.15 * chord + 0.2 * beat).clip(-1, 1).astype(np.float32)


def write_audio(path: Path, samples: NDArray, rate: int = RATE, stereo: bool = False) -> Path:
    """Encode a waveform in the format that the suffix names."""
    container_format, codec = ENCODERS[path.suffix]
    layout = "stereo" if stereo else "mono"
    coded_rate = 48_000 if codec == "libopus" else rate
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ogg":  # PyAV's wheels read Vorbis but do not write it
        soundfile.write(path, np.stack([samples] * (1 + stereo), 1), rate, subtype="VORBIS")
        return path
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=coded_rate, layout=layout)
        stream.bit_rate = 96_000
        block = np.repeat(samples[None], 2 if stereo else 1, axis=0)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, coded_rate, stream.codec_context.frame_size or 1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def cover(width: int = 300, height: int = 200) -> Picture:
    """Return a grey picture of a front cover, as PNG."""
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "gray"
    frame = av.VideoFrame.from_ndarray(np.full((height, width), 80, np.uint8), "gray")
    found = Picture()
    found.type, found.mime = 3, "image/png"
    found.data = b"".join(map(bytes, [*encoder.encode(frame), *encoder.encode(None)]))
    return found


def wait_until(condition: Callable[[], object], seconds: float = 300) -> None:
    """Wait until other threads or processes make a condition true, however slow the machine is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true after {seconds} seconds"
        time.sleep(0.005)


# Folders and files under tests/ that train networks. They run first, since one that started last
# would keep only one of the two workers busy.
LONG = ("networks", "training", "test_walkthrough.py", "evaluation", "export", "data")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that take longest."""
    order = {name: number for number, name in enumerate(LONG)}
    tests = Path(__file__).parent
    items.sort(key=lambda item: order.get(item.path.relative_to(tests).parts[0], len(LONG)))


TOY_LABELS = ("classical", "hiphop", "metal")
TOY_METADATA = ModelMetadata(
    labels=TOY_LABELS,
    front_end=MelStrip(),
    grid=WindowGrid(),
    voting=Voting.LOG_MEAN,
    temperature=1.0,
    min_confidence=0.2,
    training={"data": ["made up"]},
)


def write_toy_model(path: Path, metadata: ModelMetadata | None = TOY_METADATA) -> Path:
    """Write a model that tells low, middle and high bands apart."""
    bands, labels = 128, 3
    third = np.zeros((bands, labels), np.float32)
    for label in range(labels):
        third[label * 43 : (label + 1) * 43, label] = 2 / 43
    nodes = [
        helper.make_node("Transpose", ["strips"], ["across"], perm=[0, 1, 3, 2]),
        helper.make_node(
            "AveragePool", ["across"], ["means"], kernel_shape=[1, 128], strides=[1, 64]
        ),
        helper.make_node("Squeeze", ["means", "two"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["columns"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["columns", "third"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["windows"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("strips", TensorProto.FLOAT, ["b", bands, "f", 1])],
        [helper.make_tensor_value_info("windows", TensorProto.FLOAT, ["b", "w", labels])],
        [
            numpy_helper.from_array(third, "third"),
            numpy_helper.from_array(np.array([2], np.int64), "two"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if metadata is not None:
        helper.set_model_props(model, {METADATA_KEY: metadata.to_json()})
    onnx.save(model, path)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own state folder, and leave the user's alone."""
    folder = tmp_path / "genretag-home"
    monkeypatch.setenv("GENRETAG_HOME", str(folder))
    return folder


def genretag_here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which saves the imports; catches what C libraries print, too.

    Decoding is left to this process as well, unless the test asks for others: they take seconds to
    start.
    """
    with (
        captured(1) as out,
        captured(2) as err,
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(SystemExit) as ended,
    ):
        patch.setattr("joblib.cpu_count", lambda: 1)
        patch.setattr("tagger.commands.analysis.PROCESSES_FROM", 2)
        run_app("genretag", lambda: app(list(map(str, arguments)), prog_name="genretag"))
    code = ended.value.code or 0
    return subprocess.CompletedProcess(arguments, code, "".join(out), "".join(err))


@contextmanager
def captured(descriptor: int) -> Iterator[list[str]]:
    """Capture everything written to a file descriptor; the list holds it at the end."""
    name = {1: "stdout", 2: "stderr"}[descriptor]
    before, stream, text = os.dup(descriptor), getattr(sys, name), []
    stream.flush()
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        os.dup2(file.fileno(), descriptor)
        setattr(sys, name, file)
        try:
            yield text
        finally:
            setattr(sys, name, stream)
            os.dup2(before, descriptor)
            os.close(before)
            file.seek(0)
            text.append(file.read().replace("\r\n", "\n"))


def open_to_all(folder: Path) -> None:
    """Let the user `nobody` into a folder of the tests, and leave the system's folders alone."""
    place, top = folder.resolve(), Path(tempfile.gettempdir()).resolve()
    while top in place.parents:
        with suppress(PermissionError):
            place.chmod(0o755)
        place = place.parent


@contextmanager
def nobody() -> Iterator[None]:
    """Become a user for whom permissions count, if the tests run as root."""
    me = os.geteuid()
    try:
        os.seteuid(65534 if me == 0 else me)
    except OSError:
        pytest.skip("this container has no user but root")
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.fixture
def genretag(monkeypatch):
    """Run a command in this process; return exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # no prompt, with `pytest -s` either

    def run(*arguments: object) -> tuple[int, str, str]:
        done = genretag_here(*arguments)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="session")
def toy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx")


@contextmanager
def untraced_steps() -> Iterator[None]:
    """Let TensorFlow run steps as they are written: to trace them takes longer than a few do."""
    from trainer.networks.backend import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    from tensorflow import config

    config.run_functions_eagerly(True)
    yield
    config.run_functions_eagerly(False)


@pytest.fixture
def untraced() -> Iterator[None]:
    with untraced_steps():
        yield


@pytest.fixture
def song(tmp_path: Path) -> Callable[..., Path]:
    """Write a generated song under tmp_path / "music"."""

    def make(name: str = "song.wav", seconds: float = 4.0, **options: float) -> Path:
        return write_audio(tmp_path / "music" / name, music(seconds, **options))

    return make


@pytest.fixture(scope="session")
def gtzan() -> Path:
    """Return the folder of real clips, or skip the test where there is none."""
    folder = Path(__file__).parents[2] / "shared" / "data" / "gtzan"
    if not (folder / "tracks.csv").exists():
        pytest.skip("no real clips in ../shared/data/gtzan")
    return folder
