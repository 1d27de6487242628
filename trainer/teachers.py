"""Targets from trained networks: one network learns to answer as several do together.

Their mean answer to a window becomes a part of what is to be answered (distillation: Hinton,
Vinyals and Dean 2015). They hear the very window that the pupil hears, with all that was done to
it, as Beyer et al. (2022) found to matter.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tagger.errors import DataError
from tagger.frontend import FrontEnd
from trainer.architectures import architecture
from trainer.batches import Array, shrink
from trainer.runs import load_run


class Teachers:
    """Trained networks, and how much their mean answer counts beside the labels."""

    def __init__(
        self,
        folders: Sequence[str],
        share: float,
        labels: Sequence[str],
        heard: FrontEnd,
    ) -> None:
        """Load the networks of run folders.

        Args:
            folders: their run folders.
            share: of their answer in the targets, between 0 and 1.
            labels: the genres that are learnt.
            heard: the front end of the data.

        Raises:
            DataError: a folder cannot be read, or its network has other genres or hears otherwise.
        """
        self._share = share
        self._models = []
        for folder in folders:
            run = load_run(Path(folder))
            hears = architecture(run.options.arch).hear(heard)
            if (run.labels, run.front_end) != (tuple(labels), hears):
                raise DataError(f"{folder} has other genres or another front end.")
            self._models.append((run.model(run.final), run.options.shrink))

    def teach(self, windows: Array, targets: Array) -> Array:
        """Blend targets `[batch, labels]` with the answers to windows `[batch, bands, frames]`."""
        if not self._models:
            return targets
        answers = [
            model.predict_on_batch(shrink(windows, factor)[..., None])
            for model, factor in self._models
        ]
        taught: Array = targets + np.float32(self._share) * (np.mean(answers, 0) - targets)
        return taught
