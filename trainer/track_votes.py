"""Votes of many tracks at once."""

import numpy as np
from numpy.typing import NDArray

from tagger.inference.vote import Probabilities, Voting, vote


def vote_tracks(
    windows: Probabilities,
    owners: NDArray[np.int_],
    n_tracks: int,
    rule: Voting = Voting.LOG_MEAN,
) -> Probabilities:
    """Vote for each track over its windows `[windows, labels]`; gives `[tracks, labels]`."""
    return np.stack([vote(windows[owners == i], rule) for i in range(n_tracks)])
