"""What is trained while certain layers are frozen: the whole network, or its head alone.

While all layers before the head stay as they are and windows are not varied, these layers give the
same features for a window whenever it is drawn. They are computed once, and the head is trained on
them, in seconds instead of hours. They are computed as the network is used, without dropout.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import WindowGrid
from tagger.runtime.iteration import blocks
from trainer.data.dataset import Track
from trainer.networks.backend import keras
from trainer.networks.heads import split
from trainer.training.augmentation import Augmentation
from trainer.training.batches import Array, Batch, WindowSampler, shrink, shrunk, whole_windows
from trainer.training.plan import Plan
from trainer.training.target_batches import TargetSampler
from trainer.training.teachers import Teachers
from trainer.training.validation import HeldOut, spread_windows
from trainer.training.vectors import side_by_side

AT_ONCE = 32  # windows whose features are computed in one call


Draws = Callable[[int, int], Iterator[Batch]]
"""Takes the number of the first batch, and how many."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of a training.

    Attributes:
        model: What is trained, compiled.
        genres: What of it gives the probabilities of genres.
        batches: Gives some batches of the run, as the model takes them.
        held_out: Gives the windows to validate on.
    """

    model: keras.Model
    genres: keras.Model
    batches: Draws
    held_out: HeldOut


class Phases:
    """The phases of a training, in which more or fewer layers are frozen."""

    def __init__(
        self,
        plan: Plan,
        model: keras.Model,
        whole: keras.Model,
        report: Callable[[str], None],
    ) -> None:
        """Take the network for genres, and the whole one that is trained: this one, or more."""
        self._plan = plan
        self._model = model
        self._trained = whole
        self._report = report
        self._teachers = Teachers(plan.teachers, plan.options.teacher_share)

    def begin(self, epochs: int) -> Phase:
        """Return the phase of so many epochs with the network as it is compiled now."""
        options = self._plan.options
        features, head = self._parts
        varied = bool(
            options.augmentation != Augmentation.off() or options.teachers or options.recordings
        )
        drawn = epochs * options.batches * options.batch_size
        if features.trainable_variables or varied or self._windows > drawn:
            return self._whole
        whole = self._trained
        head.compile(whole.optimizer, self._model.loss, jit_compile=whole.jit_compile)
        return self._of_head

    @cached_property
    def _parts(self) -> tuple[keras.Model, keras.Model]:
        return split(self._model)

    @cached_property
    def _windows(self) -> int:
        """How many windows of the training tracks there are features of."""
        grid = self._plan.front_end.grid
        strips = (strip for track in self._plan.tracks for strip in track.load())
        return sum(max(grid.count(strip.shape[1]), 1) for strip in strips)

    @cached_property
    def _whole(self) -> Phase:
        """Train the network on windows."""
        options = self._plan.options
        grid, recordings = self._plan.front_end.grid, self._plan.recordings
        sampler = self._sampler(grid, options.augmentation, options.shrink)
        others = round(options.batch_size * options.recordings_share) if recordings else 0

        def labelled(first: int, count: int) -> Iterator[Batch]:
            drawn = sampler.batches(first, count, options.batch_size - others)
            return (shrunk(self._teachers.teach(batch), 1) for batch in drawn)

        if not recordings:
            return self._phase_of(labelled)
        of_vectors = TargetSampler(
            recordings, grid, Augmentation.mild(), seed=options.seed, factor=options.shrink
        )

        def batches(first: int, count: int) -> Iterator[Batch]:
            return side_by_side(labelled(first, count), of_vectors.batches(first, count, others))

        return self._phase_of(batches)

    def _phase_of(self, batches: Draws) -> Phase:
        """Return a phase that trains the whole network."""
        return Phase(
            model=self._trained, genres=self._model, batches=batches, held_out=self._held_out
        )

    @cached_property
    def _of_head(self) -> Phase:
        """Compute features, and train the head on them."""
        options, tracks = self._plan.options, self._plan.tracks
        self._report(
            "The layers before the head stay as they are: their output is computed once for each "
            f"of {self._windows} windows."
        )
        features, head = self._parts
        strips = feature_strips(features, tracks, self._plan.front_end.grid, options.shrink)
        sampler = self._sampler(WindowGrid(1, 1), Augmentation.off(), 1, strips)

        def batches(first: int, count: int) -> Iterator[Batch]:
            drawn = sampler.batches(first, count, options.batch_size)
            return (replace(batch, windows=batch.windows[..., 0]) for batch in drawn)

        @cache
        def held_out() -> tuple[Array, NDArray[np.int_]]:
            windows, owners = self._held_out()
            found = features.predict(windows, batch_size=AT_ONCE, verbose=0)
            return found.astype(np.float32), owners

        return Phase(model=head, genres=head, batches=batches, held_out=held_out)

    def _held_out(self) -> tuple[Array, NDArray[np.int_]]:
        plan = self._plan
        return spread_windows(plan.held_out, plan.front_end.grid, plan.options.shrink)

    def _sampler(
        self,
        grid: WindowGrid,
        augmentation: Augmentation,
        factor: int,
        strips: Sequence[Sequence[Array]] | None = None,
    ) -> WindowSampler:
        plan, options = self._plan, self._plan.options
        return WindowSampler(
            plan.data,
            plan.tracks,
            grid,
            augmentation,
            balance=options.balance,
            seed=options.seed,
            factor=factor,
            shares=plan.shares,
            strips=strips,
        )


def feature_strips(
    features: keras.Model, tracks: Sequence[Track], grid: WindowGrid, factor: int
) -> list[list[Array]]:
    """Return what a network gives for the windows of tracks, in the form of their strips.

    Args:
        features: Gives `[batch, features]` for windows `[batch, rows, columns, 1]`.
        tracks: The tracks.
        grid: Their windows.
        factor: By how much windows are shrunk.

    Returns:
        For each strip of each track `[features, windows]`: a strip with a window in each frame.
    """
    counts: list[list[int]] = []  # of windows

    def windows() -> Iterator[Array]:
        for track in tracks:
            strips = [whole_windows(strip, grid) for strip in track.load()]
            counts.append(list(map(len, strips)))
            for window in chain.from_iterable(strips):
                yield shrink(window, factor)[..., None]

    found = iter(
        [
            row
            for block in blocks(windows(), AT_ONCE)
            for row in np.asarray(features.predict_on_batch(np.stack(block)), np.float32)
        ]
    )
    return [
        [np.stack(list(islice(found, count)), axis=1) for count in of_track] for of_track in counts
    ]
