"""A linear probe: what the features of a network are worth for telling genres.

A logistic regression on features that do not change (Alain and Bengio 2016) takes seconds where a
training takes hours, and says whether a pretraining goes the right way.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import WindowGrid
from trainer.data.dataset import DataSet
from trainer.networks.backend import keras
from trainer.training.validation import score, spread_windows

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

STRENGTH = 0.003  # C of the regression: a thousand features of a few hundred tracks need restraint


@dataclass(frozen=True, kw_only=True)
class ProbeScore:
    """Accuracies on the validation tracks."""

    window_accuracy: float
    track_accuracy: float


def probe(features: keras.Model, data: DataSet, grid: WindowGrid, factor: int) -> ProbeScore:
    """Fit a logistic regression on the training tracks, and score it on the validation tracks.

    Args:
        features: Gives features `[batch, features]` of windows shrunk by `factor`.
        data: Labelled tracks.
        grid: The windows of the network.
        factor: By how much they are shrunk.
    """
    train, valid = data.split("train"), data.split("valid")
    windows, owners = spread_windows(train, grid, factor)
    labels = np.array([data.target(track) for track in train])[owners]
    found = features.predict(windows, batch_size=64, verbose=0)
    regression = linear_probe(found, labels, owners)
    windows, owners = spread_windows(valid, grid, factor)
    found = features.predict(windows, batch_size=64, verbose=0)
    probabilities = np.zeros((len(found), len(data.labels)), np.float32)
    probabilities[:, regression.classes_] = regression.predict_proba(found)
    scored = score(probabilities, owners, data, valid)
    return ProbeScore(window_accuracy=scored.window_accuracy, track_accuracy=scored.track_accuracy)


def linear_probe(
    found: NDArray[np.float32], labels: NDArray[np.int_], owners: NDArray[np.int_]
) -> "Pipeline":
    """Fit a logistic regression in which every track counts alike.

    Args:
        found: Features `[windows, features]`.
        labels: Index of the label of each window `[windows]`.
        owners: Index of the track of each window `[windows]`.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = make_pipeline(
        StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=300, random_state=0)
    )
    every_track_alike = 1 / np.bincount(owners)[owners]
    regression.fit(found, labels, logisticregression__sample_weight=every_track_alike)
    return regression
