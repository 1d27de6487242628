"""From strips to the model's prediction for each track."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from tagger.audio.frontend import Strip
from tagger.inference.confidence import track_probabilities
from tagger.inference.metadata import ModelMetadata
from tagger.inference.timeline import timeline_of
from tagger.inference.vote import Probabilities
from tagger.runtime.iteration import blocks
from tagger.tracks import Features, PredictedTrack, Prediction, Status

_Part = tuple[Features | PredictedTrack, bool]
"""A part of a track, and whether it is the last one."""


class Model(Protocol):
    """What predicts; tracks with a cached prediction need no more than its metadata."""

    @property
    def metadata(self) -> ModelMetadata:
        """What the model file says about itself."""

    def window_probabilities(self, strips: Strip) -> Probabilities:
        """Run strips `[batch, rows, frames]`; gives `[batch, windows, labels]`."""


def predict(
    tracks: Iterable[Features | PredictedTrack], model: Model, batch_size: int
) -> Iterator[PredictedTrack]:
    """Run the model on the features of tracks, and yield all tracks in their order.

    A batch holds pieces of one length, of one or more tracks: strips, or windows for models that
    take those one by one. Nothing is padded, so no prediction depends on other tracks. Of a long
    track only a few strips are in memory: it is decoded while the model runs.

    Args:
        tracks: with features; those that have a prediction are passed on.
        model: runs the strips.
        batch_size: pieces in one call of the model.
    """
    windows: list[Probabilities] = []  # of the track that is under way
    for block in _blocks(_parts(tracks), model.metadata, batch_size):
        found = _windows([part for part, _ in block], model, batch_size)
        for (part, is_last), outputs in zip(block, found, strict=True):
            windows += outputs
            if is_last:
                yield _predicted(part, windows, model.metadata)
                windows = []


def _parts(tracks: Iterable[Features | PredictedTrack]) -> Iterator[_Part]:
    """Yield the parts of all tracks."""
    for track in tracks:
        last = track
        for part in track.rest if isinstance(track, Features) else ():
            yield last, False
            last = part
        yield last, True


def _blocks(parts: Iterable[_Part], metadata: ModelMetadata, size: int) -> Iterator[list[_Part]]:
    """Divide into lists of about `size` pieces."""
    block: list[_Part] = []
    pieces = 0
    for part, is_last in parts:
        block.append((part, is_last))
        pieces += len(metadata.pieces(part.strip)) if isinstance(part, Features) else 1
        if pieces >= size:
            yield block
            block, pieces = [], 0
    if block:
        yield block


def _windows(
    parts: Sequence[Features | PredictedTrack], model: Model, batch_size: int
) -> list[list[Probabilities]]:
    """Return what the model gives for the pieces of each part, none for a prediction."""
    by_length: dict[int, list[tuple[int, int, Strip]]] = defaultdict(list)
    for number, part in enumerate(parts):
        if isinstance(part, Features):
            for place, piece in enumerate(model.metadata.pieces(part.strip)):
                by_length[piece.shape[1]].append((number, place, piece))
    windows: list[dict[int, Probabilities]] = [{} for _ in parts]
    for pieces in by_length.values():
        for batch in blocks(pieces, batch_size):
            outputs = model.window_probabilities(np.stack([piece for _, _, piece in batch]))
            for (number, place, _), output in zip(batch, outputs, strict=True):
                windows[number][place] = output
    return [[found[place] for place in sorted(found)] for found in windows]


def _predicted(
    last: Features | PredictedTrack, windows: Sequence[Probabilities], metadata: ModelMetadata
) -> PredictedTrack:
    """Return a track by its last part and all of its windows."""
    return (
        last if isinstance(last, PredictedTrack) else voted(last, np.concatenate(windows), metadata)
    )


def voted(track: Features, windows: Probabilities, metadata: ModelMetadata) -> PredictedTrack:
    """Return a track with the vote of its windows `[windows, labels]`."""
    probabilities = track_probabilities(
        windows, metadata.voting, metadata.temperature, metadata.confidence
    )
    return PredictedTrack(
        track=track.track,
        prediction=Prediction(
            status=Status.OK,
            seconds=track.seconds,
            probabilities=tuple(probabilities.tolist()),
            timeline=timeline_of(windows),
        ),
    )
