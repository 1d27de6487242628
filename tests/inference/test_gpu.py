"""What can be known of the GPU without one: its driver is played, its memory is the processor's."""

import ctypes
import re
from types import SimpleNamespace

import numpy as np
import pytest

from tagger.errors import DeviceError, ModelError
from tagger.inference import cuda
from tagger.inference.io_binding import KEPT_SHAPES, BoundSession
from tagger.inference.model import GenreModel

GB = 10**9


def played_driver(free=8 * GB, gpus=1, **failing):
    """A driver with one GPU; `failing` are the functions that give an error, and which."""
    calls = []

    def answering(name, answer=lambda *_: None):
        def function(*arguments):
            calls.append(name)
            if name in failing:
                return failing[name]
            answer(*(getattr(argument, "_obj", argument) for argument in arguments))
            return 0

        return function

    def count(device, number):
        device.value = number

    def title(text, *_):
        text.value = b"NVIDIA Toy"

    def memory(space, total):
        space.value, total.value = free, 10 * GB

    answers = {"cuDeviceGet": count, "cuDeviceGetName": title, "cuMemGetInfo_v2": memory}
    names = "cuInit cuDevicePrimaryCtxRetain cuCtxPushCurrent_v2 cuCtxPopCurrent_v2"
    functions = {name: answering(name) for name in names.split()}
    functions["cuDevicePrimaryCtxRelease_v2"] = answering("cuDevicePrimaryCtxRelease_v2")
    functions |= {name: answering(name, answer) for name, answer in answers.items()}
    return SimpleNamespace(calls=calls, **functions)


@pytest.fixture
def session(toy_model):
    import onnxruntime

    return onnxruntime.InferenceSession(str(toy_model), providers=["CPUExecutionProvider"])


def some(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal((*shape, 1)).astype(np.float32)


def same(answer, expected):
    """Compare answers; the last bit of a sum may depend on how many there are at once."""
    np.testing.assert_allclose(answer, expected, atol=1e-6)


def test_bound_memory_gives_the_answers_of_a_plain_run(session):
    bound = BoundSession(session, "cpu")
    shapes = [(4, 128, 320), (3, 128, 320), (1, 128, 128), (4, 128, 320), (5, 128, 192)]
    batches = [some(*shape, seed=seed) for seed, shape in enumerate(shapes * 2)]
    answers = [bound.run(batch) for batch in batches]  # all are kept, as a later one might spoil
    for batch, answer in zip(batches, answers, strict=True):
        same(answer, session.run(None, {"strips": batch})[0])


def test_memory_is_used_again_and_not_without_end(session):
    bound = BoundSession(session, "cpu")

    def places():
        return {
            shape: (given.data_ptr(), binding.get_outputs()[0].data_ptr())
            for shape, (binding, given) in bound._bound.items()
        }

    bound.run(some(4, 128, 128))
    first = places()
    bound.run(some(3, 128, 128, seed=1))  # is filled up to four
    assert places() == first
    for windows in range(1, 2 * KEPT_SHAPES):
        bound.run(some(1, 128, 64 + 64 * windows))
        assert len(bound._bound) <= KEPT_SHAPES


class Cramped:
    """A session whose GPU has room for a few strips only."""

    def __init__(self, session, room, words="Failed to allocate memory for requested buffer"):
        self._session, self._room, self._words = session, room, words
        self.tried = []

    def __getattr__(self, name):
        return getattr(self._session, name)

    def run_with_iobinding(self, binding):
        size = self.size_of(binding)
        self.tried.append(size)
        if size > self._room:
            raise RuntimeError(self._words)
        self._session.run_with_iobinding(binding)

    def io_binding(self):
        binding = self._session.io_binding()
        plain = binding.bind_ortvalue_input

        def noted(name, value):
            self.size_of = lambda _: value.shape()[0]
            plain(name, value)

        binding.bind_ortvalue_input = noted
        return binding


def test_a_batch_that_does_not_fit_is_run_in_parts(session):
    cramped = Cramped(session, room=2)
    batch = some(8, 128, 192)
    expected = session.run(None, {"strips": batch})[0]
    bound = BoundSession(cramped, "cpu")
    same(bound.run(batch), expected)
    assert cramped.tried[:3] == [8, 4, 2]
    cramped.tried.clear()
    same(bound.run(batch), expected)
    assert 8 not in cramped.tried  # it was learned


def test_too_little_memory_is_said_and_other_errors_are_not_taken_for_it(session):
    with pytest.raises(DeviceError, match="too little free memory"):
        BoundSession(Cramped(session, room=0), "cpu").run(some(2, 128, 128))
    odd = Cramped(session, room=0, words="CUDNN_STATUS_EXECUTION_FAILED")
    with pytest.raises(RuntimeError, match="EXECUTION_FAILED"):
        BoundSession(odd, "cpu").run(some(2, 128, 128))
    assert odd.tried == [2]


STRIP = 128 * 2624 * 4  # bytes of the longest piece


@pytest.mark.parametrize(
    ("free", "strips"),
    [(0, 1), (STRIP, 1), (2 * GB, 2), (8 * GB, 8), (24 * GB, 32), (140 * GB, 64), (None, 8)],
)
def test_batches_go_by_the_free_memory(free, strips):
    assert cuda.strips_at_once(free, STRIP) == strips
    assert strips == 1 or (free or GB**2) >= strips * STRIP * cuda.EXPANSION * 2


def test_the_driver_is_asked_for_name_and_free_memory():
    driver = played_driver(free=5 * GB)
    assert cuda.first_gpu(driver) == cuda.Gpu("NVIDIA Toy", 5 * GB)
    assert driver.calls.count("cuCtxPushCurrent_v2") == driver.calls.count("cuCtxPopCurrent_v2")
    assert driver.calls[-1] == "cuDevicePrimaryCtxRelease_v2"


@pytest.mark.parametrize("function", ["cuInit", "cuDeviceGet"])
def test_a_driver_without_a_gpu(function):
    assert cuda.first_gpu(played_driver(**{function: 100})) is None


@pytest.mark.parametrize(
    "function", ["cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuMemGetInfo_v2"]
)
def test_a_gpu_that_does_not_tell_its_memory(function):
    driver = played_driver(**{function: 2})
    assert cuda.first_gpu(driver) == cuda.Gpu("NVIDIA Toy", None)
    retained = function != "cuDevicePrimaryCtxRetain"
    assert ("cuDevicePrimaryCtxRelease_v2" in driver.calls) == retained


def test_the_real_driver_if_there_is_one():
    driver = cuda.driver()
    if driver is None:
        pytest.skip("no NVIDIA driver here")
    gpu = cuda.first_gpu(driver)
    assert gpu is None or gpu.name


def _without_driver(monkeypatch):
    monkeypatch.setattr("tagger.inference.cuda.driver", lambda: None)


def _with_driver_without_gpu(monkeypatch):
    monkeypatch.setattr("tagger.inference.cuda.driver", lambda: played_driver(cuInit=100))


def _without_cuda_in_onnx_runtime(monkeypatch):
    monkeypatch.setattr("tagger.inference.cuda.driver", played_driver)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])


def _without_libraries(monkeypatch):
    """ONNX Runtime leaves a provider out whose libraries it cannot load, without an error."""
    monkeypatch.setattr("tagger.inference.cuda.driver", played_driver)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [cuda.PROVIDER])
    monkeypatch.setattr("onnxruntime.preload_dlls", lambda **_: None, raising=False)
    _session_that(
        monkeypatch,
        lambda plain, *given, providers, **rest: plain(
            *given, providers=["CPUExecutionProvider"], **rest
        ),
    )


def _with_an_old_driver(monkeypatch):
    _without_libraries(monkeypatch)

    def start(plain, *given, providers, **rest):
        if providers != ["CPUExecutionProvider"]:
            raise RuntimeError("CUDA failure 35: CUDA driver version is insufficient")
        return plain(*given, providers=providers, **rest)

    _session_that(monkeypatch, start)


def _session_that(monkeypatch, start):
    import onnxruntime

    plain = onnxruntime.InferenceSession

    def session(*given, **rest):
        return start(plain, *given, **rest)

    monkeypatch.setattr("onnxruntime.InferenceSession", session)


OBSTACLES = {
    _without_driver: "no NVIDIA driver was found; install",
    _with_driver_without_gpu: "has no GPU that it can use; 'nvidia-smi' shows why",
    _without_cuda_in_onnx_runtime: "built without it; install onnxruntime-gpu",
    _without_libraries: r"libraries could not be loaded; pip install 'genretag\[cuda\]' brings",
    _with_an_old_driver: r"driver version is insufficient\); a newer NVIDIA driver may",
}


@pytest.mark.parametrize(("arrange", "words"), OBSTACLES.items())
def test_cuda_is_never_replaced_in_silence(toy_model, monkeypatch, capfd, arrange, words):
    arrange(monkeypatch)
    with pytest.raises(DeviceError, match=f"^CUDA is not available: .*{words}.*[.]$"):
        GenreModel(toy_model, "cuda")
    model = GenreModel(toy_model, "auto")
    assert (model.device, model.device_name) == ("CPU", "CPU")
    if arrange is _without_driver:
        assert model.notice is None  # there is no GPU to be explained
    else:
        assert re.search(words, model.notice)
    assert GenreModel(toy_model, "cpu").notice in (None, "the CPU was asked for")
    assert capfd.readouterr().out == ""


def test_a_bad_file_is_not_the_fault_of_the_gpu(tmp_path, monkeypatch):
    _with_an_old_driver(monkeypatch)
    bad = tmp_path / "bad.onnx"
    bad.write_text("no model")
    with pytest.raises(ModelError, match=r"bad\.onnx is not an ONNX model"):
        GenreModel(bad, "auto")


def test_a_gpu_is_named_and_bound(toy_model, monkeypatch):
    """Plays a session that got CUDA; its memory is the processor's."""
    monkeypatch.setattr("tagger.inference.cuda.driver", lambda: played_driver(free=24 * GB))
    monkeypatch.setattr(
        "tagger.inference.model.BoundSession", lambda session, _: BoundSession(session, "cpu")
    )
    import onnxruntime

    session = onnxruntime.InferenceSession(str(toy_model), providers=["CPUExecutionProvider"])
    monkeypatch.setattr("tagger.inference.session._load_on_gpu", lambda *_: (session, ""))
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [cuda.PROVIDER])
    model = GenreModel(toy_model, "auto")
    assert (model.device, model.device_name, model.notice) == ("CUDA", "CUDA (NVIDIA Toy)", None)
    assert model.strips_at_once() == 32
    strips = some(3, 128, 320)[..., 0]
    plain = GenreModel(toy_model, "cpu")
    assert plain.strips_at_once() == 2
    same(model.window_probabilities(strips), plain.window_probabilities(strips))


def test_the_context_handle_is_a_pointer():
    """A handle of four bytes would be cut in two."""
    seen = []
    driver = played_driver()
    driver.cuDevicePrimaryCtxRetain = lambda context, _: seen.append(type(context._obj)) or 0
    cuda.first_gpu(driver)
    assert seen == [ctypes.c_void_p]
