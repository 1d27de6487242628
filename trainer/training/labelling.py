"""Soft labels for music whose genre nobody named, from networks that were trained before.

A network that was trained on labels says itself what a window is. One that was pretrained knows no
genres, but the teacher whose vectors it learnt has often seen far more music: a logistic regression
from the network's outputs for labelled tracks to their genres turns the teacher's vectors into
genres as well.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError, UsageError
from tagger.inference.vote import Probabilities, Voting, vote
from trainer.data import dataset as prepared
from trainer.data.dataset import DataSet, Track, check_strips, read_front_end, read_shrink
from trainer.data.recordings import load_recordings
from trainer.data.soft_labels import SoftLabels
from trainer.data.tracks_table import TRACKS_FILE, read_rows
from trainer.networks.registry import front_end_for
from trainer.track_votes import vote_tracks
from trainer.training.pretrain import build_network
from trainer.training.pretraining_folder import Pretraining, load_pretraining
from trainer.training.probe import linear_probe
from trainer.training.run_folder import PRETRAINING, Run, load_run, read_run_file
from trainer.training.seen_tracks import load_seen, seen_in
from trainer.training.validation import spread_windows

WINDOWS = 6  # at most of a track
CHUNK = 256  # tracks whose windows are in memory at a time

Progress = Callable[[int, int], None]


def label(
    folder: Path, teachers: Sequence[Path], probe: Sequence[Path], *, progress: Progress
) -> SoftLabels:
    """Write the soft labels of a prepared data set: what the teachers say together.

    What they were trained on is noted beside the labels, since a network that learns these will
    know something of it.

    Args:
        folder: The data set; its genres are not used.
        teachers: Run folders of `fit` or `pretrain`.
        probe: Labelled data sets, for teachers that were pretrained only.
        progress: Takes how many tracks are done, of how many, teacher by teacher.

    Raises:
        UsageError: a pretrained teacher without labelled data.
        DataError: a folder cannot be used, or genres or front ends differ.
    """
    tracks = _tracks(folder)
    labelled = prepared.load(probe) if probe else None
    seen = [seen_in(labelled.split("train"), labelled.front_end)] if labelled else []
    labels, votes = labelled.labels if labelled else (), []
    for teacher in teachers:
        seen.append(load_seen(teacher).of_run(teacher.name))
        if read_run_file(teacher).get("kind") == PRETRAINING:
            if labelled is None:
                raise UsageError(f"{teacher} knows no genres; name labelled data with --probe.")
            votes.append(_by_probe(folder, load_pretraining(teacher), labelled))
            continue
        run = load_run(teacher)
        _check_front_end(run, read_front_end(folder))
        if labels not in ((), run.labels):
            raise DataError(f"{teacher} knows other genres: {', '.join(run.labels)}.")
        labels = run.labels
        votes.append(_by_run(run, tracks, progress))
    together = np.stack([vote(answers, Voting.LOG_MEAN) for answers in np.stack(votes, 1)])
    found = SoftLabels(
        labels=labels,
        files=tuple(row.file for row in read_rows(folder / TRACKS_FILE)),
        values=together,
    )
    seen[0].joined(seen[1:]).save(folder)
    found.save(folder)
    return found


def _tracks(folder: Path) -> list[Track]:
    """Return the tracks of a prepared data set, in its order."""
    rows = read_rows(folder / TRACKS_FILE)
    check_strips([folder / row.file for row in rows])
    shrinks = (read_shrink(folder),)
    return [
        Track(
            genre=row.genre,
            name=row.track,
            split=row.split,
            strips=(folder / row.file,),
            shrinks=shrinks,
        )
        for row in rows
    ]


def _check_front_end(run: Run | Pretraining, front_end: FrontEnd) -> None:
    """Raise DataError if a run takes other windows than data hold."""
    if run.front_end != front_end_for(run.options.arch, front_end):
        raise DataError(f"{run.folder} has another front end than the data.")


def _by_run(run: Run, tracks: Sequence[Track], progress: Progress) -> Probabilities:
    """Return what a trained network says of tracks, `[tracks, labels]`."""
    model = run.model(run.final)
    votes = []
    for first in range(0, len(tracks), CHUNK):
        progress(first, len(tracks))
        some = tracks[first : first + CHUNK]
        windows, owners = spread_windows(some, run.front_end.grid, run.options.shrink, WINDOWS)
        answers = model.predict(windows, batch_size=64, verbose=0)
        votes.append(vote_tracks(answers, owners, len(some)))
    progress(len(tracks), len(tracks))
    return np.concatenate(votes)


def _by_probe(folder: Path, run: Pretraining, labelled: DataSet) -> Probabilities:
    """Return what the vectors of a data set say of its tracks, `[tracks, labels]`.

    The regression learns from the network's outputs for labelled tracks, and reads the vectors that
    these outputs were trained to copy.
    """
    targets = load_recordings(folder).targets
    _check_front_end(run, labelled.front_end)
    if targets.size != run.outputs:
        raise DataError(f"{run.folder} learnt other vectors than those of {folder}.")
    model = build_network(run, run.outputs)
    model.load_weights(run.weights(run.final))
    train = labelled.split("train")
    windows, owners = spread_windows(train, run.front_end.grid, run.options.shrink)
    genres = np.array([labelled.target(track) for track in train])[owners]
    regression = linear_probe(model.predict(windows, batch_size=64, verbose=0), genres, owners)
    return np.stack(
        [of_vectors(regression, vectors, len(labelled.labels)) for vectors in targets.values]
    )


def of_vectors(regression: Any, vectors: NDArray[Any], n_labels: int) -> Probabilities:
    """Return what the vectors `[windows, outputs]` of a track say; of none, that all is likely."""
    known = vectors[np.isfinite(vectors).all(1)].astype(np.float32)
    windows = np.full((max(len(known), 1), n_labels), 1 / n_labels, np.float32)
    if len(known):
        windows[:] = 0
        windows[:, regression.classes_] = regression.predict_proba(known)
    return vote(windows, Voting.LOG_MEAN)
