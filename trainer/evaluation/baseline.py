"""What any model has to beat: MFCC statistics and a support vector machine.

The recipe that genre recognition has been measured against since Tzanetakis and Cook (2002):
mean and deviation of the first MFCCs and their differences over a window, an RBF kernel, and a
vote over the windows of a track.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import WindowGrid
from trainer.data.dataset import DataSet, Track
from trainer.track_votes import vote_tracks
from trainer.training.batches import Array, cut_window

N_MFCC = 20
FOLDS = 5


def mfcc_svm(
    data: DataSet, train_splits: Sequence[str], split: str, grid: WindowGrid
) -> NDArray[np.int_]:
    """Train on some splits and return the predicted label of each track of another, `[tracks]`.

    The penalty and the width of the kernel are chosen by cross-validation over tracks within the
    training splits.
    """
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    features, owners = _features(data.split(*train_splits), grid)
    targets = np.array([data.target(track) for track in data.split(*train_splits)])
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SVC(class_weight="balanced")),
        {"svc__C": [1, 3, 10, 30], "svc__gamma": ["scale", 0.003, 0.01]},
        cv=GroupKFold(FOLDS),
    )
    search.fit(features, targets[owners], groups=owners)

    tracks = data.split(split)
    features, owners = _features(tracks, grid)
    margins = search.decision_function(features).reshape(len(features), -1)
    if margins.shape[1] == 1:  # two labels have one margin
        margins = np.concatenate([-margins, margins], 1)
    shares = np.exp(margins - margins.max(1, keepdims=True))
    votes = vote_tracks(shares / shares.sum(1, keepdims=True), owners, len(tracks))
    predicted: NDArray[np.int_] = votes.argmax(1)
    return predicted


def _features(tracks: Sequence[Track], grid: WindowGrid) -> tuple[Array, NDArray[np.int_]]:
    """Return statistics of each whole window `[windows, features]` and the window's track."""
    from scipy.fft import dct

    rows, owners = [], []
    for index, track in enumerate(tracks):
        for strip in track.load():
            for start in range(0, max(strip.shape[1] - grid.window, 0) + 1, grid.window):
                window = cut_window(strip, start, grid.window)
                mfcc = dct(window, axis=0, type=2, norm="ortho")[:N_MFCC]
                change = np.diff(mfcc, axis=1)
                rows.append(np.concatenate([mfcc.mean(1), mfcc.std(1), change.std(1)]))
                owners.append(index)
    return np.stack(rows).astype(np.float32), np.array(owners)
