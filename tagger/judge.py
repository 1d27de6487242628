"""From strips to the model's opinion of each track."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from tagger.facts import ModelFacts
from tagger.frontend import Strip
from tagger.listen import blocks
from tagger.tracks import Heard, Judged
from tagger.vote import Probabilities, vote

MOST_WINDOWS = 40  # of one strip in one call, a minute: more would only cost memory


class Model(Protocol):
    """What a track is judged with; only tracks that come with a strip need more than its facts."""

    @property
    def facts(self) -> ModelFacts:
        """What the model says about itself."""

    def window_probabilities(self, strips: Strip) -> Probabilities:
        """Run strips `[batch, mel bands, frames]`; gives `[batch, windows, labels]`."""


def judge(tracks: Iterable[Heard], model: Model, batch_size: int) -> Iterator[Judged]:
    """Ask the model about tracks, `batch_size` strips at a time, and yield them in order.

    A batch holds strips of one length, so nothing is padded and no track's result depends on its
    neighbours. Most tracks give strips of the same length.
    """
    for block in blocks(tracks, batch_size):
        yield from _judge_block(block, model, batch_size)


def _judge_block(block: Sequence[Heard], model: Model, batch_size: int) -> Iterator[Judged]:
    most = MOST_WINDOWS if model.facts.front_end.takes_strips else 1
    by_length: dict[int, list[tuple[int, int, Strip]]] = defaultdict(list)
    for track, heard in enumerate(block):
        if heard.strip is not None:
            for place, piece in enumerate(model.facts.grid.pieces(heard.strip, most)):
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
            opinion = vote(
                np.concatenate([found[place] for place in sorted(found)]),
                facts.voting,
                facts.temperature,
            )
            yield Judged(done, tuple(opinion.tolist()))
        else:
            yield Judged(done, heard.remembered)
