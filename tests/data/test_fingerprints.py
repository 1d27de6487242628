"""The same recording is found again, whatever was done to it, and others are not."""

from pathlib import Path

import numpy as np
import pytest
from conftest import RATE, write_audio
from tunes import tune

from tagger.audio.decode import decode
from tagger.audio.log_mel import MelStrip
from tagger.audio.summary import SummaryFeatures
from trainer.data.fingerprints import digest, find, fingerprint, same_recordings

FRONT_END = MelStrip()


def bits(samples: np.ndarray) -> np.ndarray:
    return fingerprint(FRONT_END.compute(samples).astype(np.float16), FRONT_END)


@pytest.fixture(scope="module")
def tunes() -> list[np.ndarray]:
    return [tune(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def known(tunes) -> list[np.ndarray]:
    return [bits(samples) for samples in tunes]


def as_mp3(samples: np.ndarray, folder: Path) -> np.ndarray:
    return decode(write_audio(folder / "a.mp3", samples), RATE, None)


def low_passed(samples: np.ndarray) -> np.ndarray:
    spectrum = np.fft.rfft(samples)
    spectrum[len(spectrum) // 2 :] = 0
    return np.fft.irfft(spectrum, samples.size).astype(np.float32)


CHANGES = {
    "trim": lambda x, _: x[round(3.217 * RATE) : round(17.1 * RATE)],
    "four seconds": lambda x, _: x[round(7.03 * RATE) : round(11.03 * RATE)],
    "level": lambda x, _: x * 0.3,
    "clipping": lambda x, _: (x * 4).clip(-0.5, 0.5),
    "codec": as_mp3,
    "low-pass": lambda x, _: low_passed(x),
    "noise": lambda x, _: x + np.random.default_rng(9).normal(0, 0.01, x.size).astype(np.float32),
    "trim, codec and level": lambda x, folder: as_mp3(x[50_000:], folder) * 0.5,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_the_same_recording(tunes, known, change, tmp_path):
    changed = CHANGES[change](tunes[2], tmp_path)
    (match,) = find([bits(changed)], known)
    assert match.index == 2
    assert match.is_same


@pytest.mark.parametrize("samples", [512, 1024, 1536])
def test_it_matters_little_where_a_copy_begins(tunes, known, samples):
    """A copy is cut between steps, and still agrees far more than it has to."""
    (match,) = find([bits(tunes[1][5 * RATE + samples :])], known)
    assert match.index == 1
    assert match.surplus > 2


def test_other_recordings_are_not_the_same(known):
    for index, one in enumerate(known):
        others = [other for place, other in enumerate(known) if place != index]
        (match,) = find([one], others)
        assert not match.is_same


def test_strips_of_half_resolution_have_the_same_fingerprint(tunes, known):
    strip = FRONT_END.compute(tunes[0])
    frames = strip.shape[1] // 2 * 2
    half = strip[:, :frames].reshape(64, 2, -1, 2).mean((1, 3))
    (match,) = find([fingerprint(half, FRONT_END, 2)], known)
    assert (match.index, match.is_same) == (0, True)
    assert match.agreement > 0.95


@pytest.mark.parametrize("shrink", [4, 8])
def test_coarser_strips_are_the_same_recording(tunes, known, shrink):
    strip = FRONT_END.compute(tunes[0])
    frames = strip.shape[1] // shrink * shrink
    coarse = strip[:, :frames].reshape(128 // shrink, shrink, -1, shrink).mean((1, 3))
    (match,) = find([fingerprint(coarse, FRONT_END, shrink)], known)
    assert (match.index, match.is_same) == (0, True)


def test_silence_does_not_agree_with_silence():
    rng = np.random.default_rng(0)
    strips = [np.full((128, 800), -1.0, np.float16) for _ in range(2)]
    for strip in strips:
        strip[:20] = rng.standard_normal((20, 800))
    one, other = (fingerprint(strip, FRONT_END) for strip in strips)
    (match,) = find([one], [other])
    assert not match.is_same


def test_what_has_no_bands_or_is_too_short_has_no_fingerprint(known):
    assert not fingerprint(np.zeros((57, 400)), SummaryFeatures()).size
    assert not fingerprint(np.zeros((128, 40)), FRONT_END).size
    assert list(find([np.zeros(0, np.uint16)], known)) == [None]
    assert list(find([known[0]], [])) == [None]


def test_a_search_in_parts_finds_what_a_whole_one_finds(known, monkeypatch):
    whole = list(find(known, known))
    monkeypatch.setattr("trainer.data.fingerprints.MEMORY", 1)
    parts = list(find(known, known))
    assert [match.index for match in parts] == [match.index for match in whole] == [0, 1, 2, 3]
    assert all(match.agreement == pytest.approx(1, abs=1e-4) for match in parts)


def test_all_copies_among_many_are_paired(tunes, tmp_path):
    changed = [CHANGES[name](tunes[2], tmp_path) for name in ("trim", "codec", "low-pass")]
    others = [tune(seed, 8.0) for seed in range(10, 30)]
    found = same_recordings([bits(samples) for samples in [*tunes, *others, *changed]])
    copies = {2, *range(len(tunes) + len(others), len(tunes) + len(others) + len(changed))}
    pairs = set(found)
    assert {place for pair in pairs for place in pair} == copies
    assert all((other, one) in pairs for one, other in pairs)


def test_a_digest_tells_strips_apart():
    strip = np.arange(6, dtype=np.float16).reshape(2, 3)
    assert digest(strip) == digest(np.asfortranarray(strip))
    assert digest(strip) != digest(strip + 1)
