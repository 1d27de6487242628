"""Targets from trained networks: one network learns to answer as several do together.

Their mean answer to a window becomes a part of what is to be answered (distillation: Hinton,
Vinyals and Dean 2015). They get the very window that the pupil gets, with all that was done to
it, as Beyer et al. (2022) found to matter.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trainer.training.batches import Batch, shrunk
from trainer.training.run_folder import Run


class Teachers:
    """Trained networks, and how much their mean answer counts beside the labels."""

    def __init__(self, runs: Sequence[Run], share: float) -> None:
        """Load the networks of runs; `share` of the targets, 0 to 1, is their answer.

        Raises:
            DataError: a run has no weights.
        """
        self._share = np.float32(share)
        self._networks = [(run.model(run.final), run.options.shrink) for run in runs]

    def teach(self, batch: Batch) -> Batch:
        """Blend the targets of a batch with the answers to its windows."""
        if not self._networks:
            return batch
        answers = [
            model.predict_on_batch(shrunk(batch, factor).windows)
            for model, factor in self._networks
        ]
        targets = batch.targets + self._share * (np.mean(answers, 0) - batch.targets)
        return replace(batch, targets=targets)
