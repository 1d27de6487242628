"""From strips to the model's opinion of each track."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tagger.listen import blocks
from tagger.model import GenreModel
from tagger.tracks import Heard, Judged
from tagger.vote import vote


def judge(tracks: Iterable[Heard], model: GenreModel, batch_size: int) -> Iterator[Judged]:
    """Ask the model about tracks, `batch_size` strips at a time, and yield them in order.

    A batch holds strips of one length, so nothing is padded and no track's result depends on its
    neighbours. Most tracks give strips of the same length.
    """
    for block in blocks(tracks, batch_size):
        yield from _judge_block(block, model)


def _judge_block(block: Sequence[Heard], model: GenreModel) -> list[Judged]:
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, heard in enumerate(block):
        if heard.strip is not None:
            by_length[heard.strip.shape[1]].append(index)
    judged = [Judged(heard) for heard in block]
    facts = model.facts
    for indices in by_length.values():
        strips = np.stack([strip for i in indices if (strip := block[i].strip) is not None])
        for i, windows in zip(indices, model.window_probabilities(strips), strict=True):
            opinion = vote(windows, facts.voting, facts.temperature)
            judged[i] = Judged(block[i], tuple(opinion.tolist()))
    return judged
