"""How sure a model is of a track, by what its file says."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import TOY_METADATA, write_toy_model

from tagger.inference.confidence import (
    Confidence,
    features,
    track_probabilities,
    vote_of_tracks,
    with_confidence,
    writes_nothing,
)
from tagger.inference.metadata import ModelMetadata
from tagger.inference.vote import Voting, vote

PLAIN = Confidence(intercept=0.0, log_odds=1.0, margin=0.0, disagreement=0.0, labels=(0, 0, 0))
DOUBTFUL = replace(PLAIN, intercept=-4.0)
WINDOWS = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]], np.float32)


def test_without_a_model_of_the_confidence_the_vote_is_all():
    expected = vote(WINDOWS, Voting.MEAN, 1.3)
    np.testing.assert_array_equal(track_probabilities(WINDOWS, Voting.MEAN, 1.3), expected)
    # The log-odds alone, with weight one, are the same confidence.
    same = track_probabilities(WINDOWS, Voting.MEAN, 1.3, PLAIN)
    np.testing.assert_allclose(same, expected, atol=1e-6)


def test_doubt_leaves_a_probability_for_none_of_the_labels():
    found = track_probabilities(WINDOWS, Voting.MEAN, 1.0, DOUBTFUL)
    plain = vote(WINDOWS, Voting.MEAN)
    assert found.max() == pytest.approx(1 / (1 + np.exp(4 - np.log(0.65 / 0.35))), rel=1e-4)
    assert found.sum() < 0.2
    np.testing.assert_allclose(found / found.sum(), plain, rtol=1e-5)


@pytest.mark.parametrize("confidence", [0.01, 0.36, 0.5, 0.9999])
def test_the_order_of_the_labels_stays(confidence):
    track = np.array([0.35, 0.4, 0.25], np.float32)
    found = with_confidence(track, confidence)
    assert found.max() == pytest.approx(confidence)
    assert np.argsort(found).tolist() == np.argsort(track).tolist()
    assert found.min() >= 0
    assert found.sum() <= 1 + 1e-6


def test_windows_that_disagree_are_a_feature():
    one = np.array([[0.9, 0.05, 0.05]] * 4, np.float32)
    two = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]] * 2, np.float32)
    track = np.array([0.6, 0.3, 0.1], np.float32)
    assert features(one, track)[2] == pytest.approx(0, abs=1e-6)
    assert features(two, track)[2] > 0.3
    assert features(one, track)[:2] == pytest.approx([np.log(1.5), np.log(2)], rel=1e-5)
    wary = replace(PLAIN, disagreement=-3.0)
    assert wary.of(two, track) < wary.of(one, track) == pytest.approx(0.6, abs=1e-4)


def test_the_model_file_carries_it(tmp_path):
    stored = replace(TOY_METADATA, confidence=DOUBTFUL)
    assert ModelMetadata.from_json(stored.to_json()) == stored
    assert "confidence" not in json.loads(TOY_METADATA.to_json())
    assert ModelMetadata.from_json(TOY_METADATA.to_json()).confidence is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version of its confidence"),
        ({"margin": None}, "incomplete"),
        ({"margin": float("nan")}, "not finite"),
        ({"steepness": 1.0}, "incomplete"),
        ({"labels": [0.0]}, "another number of labels"),
    ],
)
def test_a_confidence_that_is_not_understood_is_refused(change, words):
    content = json.loads(replace(TOY_METADATA, confidence=PLAIN).to_json())
    content["confidence"] |= change
    with pytest.raises(ValueError, match=words):
        ModelMetadata.from_json(json.dumps(content))


def test_an_album_keeps_the_doubt_of_its_tracks():
    sure = (0.8, 0.1, 0.1)
    doubtful = (0.2, 0.025, 0.025)
    assert vote_of_tracks([sure, sure]).sum() == pytest.approx(1, abs=1e-5)
    both = vote_of_tracks([sure, doubtful])
    assert both.sum() == pytest.approx(0.5, abs=1e-3)
    assert both.argmax() == 0


def test_a_scan_says_that_a_model_writes_nothing(genretag, song, tmp_path):
    assert writes_nothing(0.99) == ""
    file = song("a.wav")
    useless = write_toy_model(tmp_path / "useless.onnx", replace(TOY_METADATA, min_confidence=1.0))
    code, out, err = genretag("scan", file, "--model", useless, "--jobs", 1)
    assert code == 0, err
    assert "writes nothing by default" in " ".join(out.split())
    assert "1 uncertain" in out
    _, out, _ = genretag("scan", file, "--model", useless, "--jobs", 1, "--min-confidence", 0.1)
    assert "writes nothing" not in " ".join(out.split())
    assert "1 with a genre" in out


def test_a_scan_uses_the_confidence_of_the_model_file(genretag, song, tmp_path):
    file = song("a.wav")
    for name, confidence, outcome in (
        ("plain", None, "1 with a genre"),
        ("doubtful", replace(DOUBTFUL, intercept=-9.0), "1 uncertain"),
    ):
        model = write_toy_model(
            tmp_path / f"{name}.onnx", replace(TOY_METADATA, confidence=confidence)
        )
        _, out, err = genretag("scan", file, "--model", model, "--jobs", 1)
        assert outcome in out, out + err
