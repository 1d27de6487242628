"""What `genretag explain` finds out about a track."""

import io

import numpy as np
import pytest
from conftest import RATE, TOY_LABELS, TOY_METADATA, music, write_audio
from rich.console import Console

from tagger.audio.decode import start_of_part
from tagger.audio.pictures import SpectrogramPicture
from tagger.audio.summary import SummaryFeatures
from tagger.inference.confidence import Confidence
from tagger.output.explanation import MOST_GENRES, picture
from tagger.output.heatmap import levels
from tagger.pipeline.explain import Analysis
from tagger.pipeline.reasons import percent, why_uncertain

NAMES = ("Classical", "Hip-Hop", "Metal")


def analysis(windows, frames=None):
    """Return an analysis with these windows over random features."""
    windows = np.array(windows, np.float32)
    length = frames or 64 * (len(windows) + 1)
    return Analysis(
        metadata=TOY_METADATA,
        names=NAMES,
        start=60.0,
        strip=np.random.default_rng(0).standard_normal((128, length)).astype(np.float32),
        windows=windows,
        starts=np.arange(len(windows)) * 64,
        vote=windows.mean(0),
        probabilities=windows.mean(0),
    )


def reasons(windows, *, minimum=0.7, confidence=None, reached=None):
    windows = np.array(windows, np.float32)
    vote = windows.mean(0)
    track = vote if reached is None else np.where(vote == vote.max(), reached, vote)
    return why_uncertain(NAMES, windows, vote, track, minimum=minimum, confidence=confidence)


def test_windows_are_spread_over_the_time_that_they_cover():
    found = analysis([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert found.seconds == pytest.approx(256 * 512 / 22_050)
    (first, end), *_ = found.spans
    assert (first, end) == (60.0, pytest.approx(60 + 128 * 512 / 22_050))
    np.testing.assert_allclose(
        found.timeline(4), [[1, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1]]
    )
    assert found.timeline(37).sum(1) == pytest.approx(np.ones(37))
    assert found.firsts().tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("front_end", "seconds"),
    [
        (TOY_METADATA.front_end, 512 / 22_050),
        (SpectrogramPicture(), 30 / 224),
        (SummaryFeatures(), 3.0),
    ],
)
def test_every_front_end_knows_the_time_between_its_frames(front_end, seconds):
    assert front_end.seconds_per_frame() == pytest.approx(seconds, rel=1e-4)


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        (
            [[0.6, 0.3, 0.1]] * 2 + [[0.1, 0.8, 0.1]] * 2 + [[0.2, 0.2, 0.6]],
            "The windows disagree: of 5, 2 say Classical, 2 Hip-Hop and 1 Metal.",
        ),
        ([[0.5, 0.45, 0.05]] * 4, "The vote is close: 50% for Classical, 45% for Hip-Hop."),
        ([[0.5, 0.25, 0.25]] * 4, "half of all windows give it no more than 50%"),
        ([[0.5, 0.25, 0.25]] * 2, "Only 2 windows could vote"),
    ],
)
def test_the_reason_is_what_the_windows_say(windows, said):
    assert said in " ".join(reasons(windows))


def test_the_confidence_of_the_model_is_a_reason():
    fitted = Confidence(
        intercept=0.0, log_odds=1.0, margin=0.0, disagreement=0.0, labels=(-1.0, 0.5, 0.5)
    )
    said = " ".join(reasons([[0.8, 0.1, 0.1]] * 5, confidence=fitted, reached=0.4))
    assert "The windows vote 80% for Classical" in said
    assert "right in about 40% of cases, and one for Classical less often than others" in said


def test_a_minimum_of_one_is_the_reason():
    (said,) = reasons([[0.9, 0.05, 0.05]], minimum=1.0)
    assert "with which nothing is written" in said


def test_two_probabilities_that_differ_do_not_look_the_same():
    assert (percent(0.466, 0.47), percent(0.47, 0.466)) == ("46.6%", "47.0%")
    assert percent(0.3, 0.47) == "30%"


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("plain", [True, False])
def test_the_picture_fits_the_terminal(width, plain):
    console = Console(
        file=io.StringIO(), width=width, height=24, force_terminal=True, no_color=plain
    )
    lines = list(picture(analysis([[0.8, 0.1, 0.1]] * 19), console))
    assert max(line.cell_len for line in lines) <= min(width, 100)
    assert len(lines) < 24 - 6
    assert lines[-len(TOY_LABELS)].plain.split()[-4:] == ["80%", "19", "of", "19"]
    assert any("▀" in line.plain for line in lines) is not plain
    assert len(lines) <= 16 + 1 + MOST_GENRES


def test_the_lowest_band_is_at_the_bottom():
    strip = np.zeros((128, 300), np.float32)
    strip[0] = 1
    for rows, columns in ((32, 50), (200, 780)):
        shown = levels(strip, rows, columns)
        assert shown.shape == (rows, columns)
        assert shown[-1].min() == 1
        assert shown[0].max() == 0


@pytest.mark.parametrize(("seconds", "start"), [(4.0, 3.0), (30.0, 0.0), (None, 0.0)])
def test_the_part_that_is_decoded_starts_where_it_is_said(tmp_path, seconds, start):
    track = write_audio(tmp_path / "a.wav", music(10.0))
    assert start_of_part(track, seconds) == pytest.approx(start, abs=0.01)


@pytest.mark.parametrize(("sounds", "start"), [(slice(6, 8), 4.5), (slice(0, 1), 0.0)])
def test_the_start_of_a_part_that_is_not_in_the_middle(tmp_path, sounds, start):
    samples = np.zeros(8 * RATE, np.float32)
    samples[sounds.start * RATE : sounds.stop * RATE] = music(sounds.stop - sounds.start)
    track = write_audio(tmp_path / "a.wav", samples)
    assert start_of_part(track, 2.0) == pytest.approx(start, abs=0.01)
