"""From strips to the model's opinion of each track."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from tagger.audio.frontend import Strip
from tagger.inference.confidence import track_probabilities
from tagger.inference.metadata import ModelFacts
from tagger.inference.vote import Probabilities
from tagger.runtime.iteration import blocks
from tagger.tracks import Heard, Judged


class Model(Protocol):
    """What a track is judged with; only tracks that come with a strip need more than its facts."""

    @property
    def facts(self) -> ModelFacts:
        """What the model says about itself."""

    def window_probabilities(self, strips: Strip) -> Probabilities:
        """Run strips `[batch, mel bands, frames]`; gives `[batch, windows, labels]`."""


def judge(tracks: Iterable[Heard], model: Model, batch_size: int) -> Iterator[Judged]:
    """Ask the model about tracks, `batch_size` pieces at a time, and yield them in order.

    A piece is a strip, or a minute of a longer one, and pieces of several tracks make a batch.
    A batch holds strips of one length, so nothing is padded and no track's result depends on its
    neighbours. Most tracks give strips of the same length.
    """
    for block in _blocks(tracks, model.facts, batch_size):
        yield from _judge_block(block, model, batch_size)


def _blocks(tracks: Iterable[Heard], facts: ModelFacts, size: int) -> Iterator[list[Heard]]:
    """Divide into lists with so many pieces or few more; a long track may be as much as many."""
    block: list[Heard] = []
    pieces = 0
    for heard in tracks:
        block.append(heard)
        pieces += 1 if heard.strip is None else len(facts.pieces(heard.strip))
        if pieces >= size:
            yield block
            block, pieces = [], 0
    if block:
        yield block


def _judge_block(block: Sequence[Heard], model: Model, batch_size: int) -> Iterator[Judged]:
    by_length: dict[int, list[tuple[int, int, Strip]]] = defaultdict(list)
    for track, heard in enumerate(block):
        if heard.strip is not None:
            for place, piece in enumerate(model.facts.pieces(heard.strip)):
                by_length[piece.shape[1]].append((track, place, piece))
    windows: dict[int, dict[int, Probabilities]] = defaultdict(dict)
    for pieces in by_length.values():
        for batch in blocks(pieces, batch_size):
            answers = model.window_probabilities(np.stack([piece for _, _, piece in batch]))
            for (track, place, _), answer in zip(batch, answers, strict=True):
                windows[track][place] = answer
    facts = model.facts
    for track, heard in enumerate(block):
        # The strip has done its work; the tracks of an album may have to wait for one another.
        done = replace(heard, strip=None)
        if found := windows.get(track):
            opinion = track_probabilities(
                np.concatenate([found[place] for place in sorted(found)]),
                facts.voting,
                facts.temperature,
                facts.confidence,
            )
            yield Judged(done, tuple(opinion.tolist()))
        else:
            yield Judged(done, heard.remembered)
