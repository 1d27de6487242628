"""Batches of strips across tracks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import TOY_METADATA

from tagger.audio.frontend import WindowGrid
from tagger.inference.model import GenreModel
from tagger.pipeline.predict import predict, voted
from tagger.tracks import Features, PredictedTrack, Prediction, Status, Track

GRID = WindowGrid()


class Counting:
    """A model that notes what it is given, and when."""

    def __init__(self, model, taken):
        self.metadata, self._model, self._taken = model.metadata, model, taken
        self.batches = []

    def window_probabilities(self, strips):
        self.batches.append((len(strips), strips.shape[2], len(self._taken)))
        return self._model.window_probabilities(strips)


def tracks(windows, taken):
    rng = np.random.default_rng(0)
    for number, count in enumerate(windows):
        frames = GRID.window + (count - 1) * GRID.hop
        taken.append(number)
        track = Track(path=Path(f"{number}"))
        if count:
            strip = rng.standard_normal((128, frames), np.float32)
            yield Features(track=track, strip=strip, seconds=30.0)
        else:
            yield PredictedTrack(track=track, prediction=Prediction(status=Status.SILENT))


def test_strips_of_several_tracks_fill_a_batch(toy_model):
    taken: list[int] = []
    model = Counting(GenreModel(toy_model, "cpu"), taken)
    lengths = [19] * 7 + [0, 5] + [19] * 3
    predicted = list(predict(tracks(lengths, taken), model, 4))
    assert [one.path.name for one in predicted] == [str(n) for n in range(len(lengths))]
    assert [size for size, _, _ in model.batches] == [4, 3, 1, 3]
    alone = [one for track in tracks(lengths, []) for one in predict([track], model, 1)]
    for one, other in zip(predicted, alone, strict=True):
        assert one.prediction.status == other.prediction.status
        np.testing.assert_allclose(
            one.prediction.probabilities, other.prediction.probabilities, atol=1e-6
        )


def test_long_tracks_are_not_gathered_by_the_dozen(toy_model):
    """Whole tracks of five minutes, sixty-four of them, would be hundreds of megabytes."""
    taken: list[int] = []
    model = Counting(GenreModel(toy_model, "cpu"), taken)
    next(predict(tracks([200] * 12, taken), model, 8))  # five pieces of a minute each
    assert len(taken) == 2
    assert max(size for size, _, _ in model.batches) == 8
    assert TOY_METADATA.most_windows == 40


def test_the_parts_of_a_track_are_one_track(toy_model):
    model = GenreModel(toy_model, "cpu")
    parts = [part for part in tracks([19, 19, 5], []) if isinstance(part, Features)]
    windows = [model.window_probabilities(part.strip[None])[0] for part in parts]
    long = replace(parts[0], rest=iter(parts[1:]))
    before, found, after = predict([parts[0], long, parts[0]], model, 2)
    expected = voted(parts[-1], np.concatenate(windows), model.metadata)
    assert found.prediction.timeline == expected.prediction.timeline
    np.testing.assert_allclose(
        found.prediction.probabilities, expected.prediction.probabilities, atol=1e-6
    )
    assert before == after != found


def test_a_track_that_fails_in_its_middle_has_no_prediction_but_that(toy_model):
    first, failed, other = tracks([19, 0, 19], [])
    found = list(predict([replace(first, rest=[failed]), other], GenreModel(toy_model, "cpu"), 2))
    alone = list(predict([other], GenreModel(toy_model, "cpu"), 2))
    assert found == [failed, *alone]
