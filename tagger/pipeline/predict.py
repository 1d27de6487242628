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

    A piece is a strip, or a minute of a longer one; a batch holds pieces of one length, of one or
    more tracks. Nothing is padded, so no prediction depends on other tracks.

    Args:
        tracks: with features; those that have a prediction are passed on.
        model: runs the strips.
        batch_size: pieces in one call of the model.
    """
    for block in _blocks(tracks, model.metadata, batch_size):
        yield from _predict_block(block, model, batch_size)


def _blocks(
    tracks: Iterable[Features | PredictedTrack], metadata: ModelMetadata, size: int
) -> Iterator[list[Features | PredictedTrack]]:
    """Divide into lists of about `size` pieces; one long track may have more."""
    block: list[Features | PredictedTrack] = []
    pieces = 0
    for track in tracks:
        block.append(track)
        pieces += len(metadata.pieces(track.strip)) if isinstance(track, Features) else 1
        if pieces >= size:
            yield block
            block, pieces = [], 0
    if block:
        yield block


def _predict_block(
    block: Sequence[Features | PredictedTrack], model: Model, batch_size: int
) -> Iterator[PredictedTrack]:
    metadata = model.metadata
    by_length: dict[int, list[tuple[int, int, Strip]]] = defaultdict(list)
    for number, track in enumerate(block):
        if isinstance(track, Features):
            for place, piece in enumerate(metadata.pieces(track.strip)):
                by_length[piece.shape[1]].append((number, place, piece))
    windows: dict[int, dict[int, Probabilities]] = defaultdict(dict)
    for pieces in by_length.values():
        for batch in blocks(pieces, batch_size):
            outputs = model.window_probabilities(np.stack([piece for _, _, piece in batch]))
            for (number, place, _), output in zip(batch, outputs, strict=True):
                windows[number][place] = output
    for number, track in enumerate(block):
        if isinstance(track, PredictedTrack):
            yield track
            continue
        found = windows[number]
        yield voted(track, np.concatenate([found[place] for place in sorted(found)]), metadata)


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
