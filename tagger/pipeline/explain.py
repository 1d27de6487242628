"""One track in full: its features, the probabilities of each window, the vote, the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.audio.decode import start_of_part
from tagger.audio.frontend import Strip
from tagger.errors import TrackError
from tagger.identity import MusicFile, identity_of
from tagger.inference.metadata import ModelMetadata
from tagger.inference.vote import Probabilities, vote
from tagger.pipeline.decide import Rules, decide
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.pipeline.predict import Model, voted
from tagger.pipeline.reasons import why_uncertain
from tagger.tracks import Features, Result, Status


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What the model found in a track, over time.

    Attributes:
        metadata: of the model.
        names: of its labels, as a scan shows them.
        start: of the analysed part, in seconds from the start of the track.
        strip: what the model took, `[rows, frames]`; zeros where a part of a long track is silent.
        windows: what it gave, `[windows, labels]`.
        starts: the first frame of each window, `[windows]`.
        vote: of the windows `[labels]`, before the model's confidence.
        probabilities: of the track `[labels]`, as a scan shows them.
    """

    metadata: ModelMetadata
    names: tuple[str, ...]
    start: float
    strip: Strip
    windows: Probabilities
    starts: NDArray[np.int64]
    vote: Probabilities
    probabilities: Probabilities

    @property
    def ranked(self) -> list[int]:
        """The numbers of the labels, the most probable first."""
        return [int(label) for label in np.argsort(-self.probabilities, kind="stable")]

    @property
    def seconds(self) -> float:
        """How long the analysed part is."""
        return int(self.strip.shape[1]) * self.metadata.front_end.seconds_per_frame()

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Start and end of each window, in seconds from the start of the track."""
        grid, frame = self.metadata.grid, self.metadata.front_end.seconds_per_frame()
        starts = self.start + self.starts * frame
        return [(start, start + grid.window * frame) for start in starts.tolist()]

    def firsts(self) -> NDArray[np.int64]:
        """Return in how many windows each label is the most probable, `[labels]`."""
        return np.bincount(self.windows.argmax(1), minlength=len(self.names))

    def timeline(self, columns: int) -> Probabilities:
        """Return the mean probabilities of the windows over each point in time.

        Args:
            columns: how many points, evenly over the analysed part.

        Returns:
            `[columns, labels]`.
        """
        frames = (np.arange(columns) + 0.5) / columns * self.strip.shape[1]
        ends = self.starts + self.metadata.grid.window
        over = (self.starts <= frames[:, None]) & (frames[:, None] < ends)
        shares = over / np.maximum(over.sum(1, keepdims=True), 1)
        means: Probabilities = (shares @ self.windows).astype(np.float32)
        return means


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How a track came to its genre, or to none.

    Attributes:
        result: what a scan says of the track.
        minimum: least confidence of a genre that is written.
        analysis: None if there was nothing to analyse; `result.error` says why.
        reasons: sentences on why the track is uncertain; none if it is not.
    """

    result: Result
    minimum: float
    analysis: Analysis | None = None
    reasons: tuple[str, ...] = ()


def explain(path: Path, model: Model, rules: Rules, *, seconds: float | None) -> Explanation:
    """Analyse one track, and keep what a scan throws away.

    Args:
        path: a music file; one that cannot be analysed gives an explanation, too.
        model: runs the strip.
        rules: when a genre is written.
        seconds: of the track to analyse, from its middle; None: all of it.
    """
    metadata = model.metadata
    extractor = Extractor(
        ExtractSettings(front_end=metadata.front_end, grid=metadata.grid, seconds=seconds)
    )
    extracted = list(extractor.parts(MusicFile(path=path, identity=identity_of(path))))
    last = extracted[-1]
    if not isinstance(last, Features):
        return Explanation(result=decide(last, metadata.labels, rules), minimum=rules.minimum(path))
    parts = [part for part in extracted if isinstance(part, Features)]
    strip, starts = _placed(parts, metadata)
    windows = np.concatenate(
        [
            model.window_probabilities(piece[None])[0]
            for part in parts
            for piece in metadata.pieces(part.strip)
        ]
    )
    predicted = voted(last, windows, metadata)
    result = decide(predicted, metadata.labels, rules)
    analysis = Analysis(
        metadata=metadata,
        names=tuple(map(rules.shown, metadata.labels)),
        start=_start(path, seconds),
        strip=strip,
        windows=windows,
        starts=starts,
        vote=vote(windows, metadata.voting, metadata.temperature),
        probabilities=np.array(predicted.prediction.probabilities, np.float32),
    )
    reasons: tuple[str, ...] = ()
    if result.status is Status.UNCERTAIN:
        reasons = why_uncertain(
            analysis.names,
            windows,
            analysis.vote,
            analysis.probabilities,
            minimum=rules.minimum(path),
            confidence=metadata.confidence,
        )
    return Explanation(
        result=result, minimum=rules.minimum(path), analysis=analysis, reasons=reasons
    )


def _placed(parts: Sequence[Features], metadata: ModelMetadata) -> tuple[Strip, NDArray[np.int64]]:
    """Return the parts of a track as one strip, and the first frame of each of their windows."""
    grid = metadata.grid
    firsts = [round(part.start / metadata.front_end.seconds_per_frame()) for part in parts]
    end = firsts[-1] + parts[-1].strip.shape[1]
    strip = np.zeros((metadata.front_end.rows, end), np.float32)
    starts = []
    for first, part in zip(firsts, parts, strict=True):
        frames = part.strip.shape[1]
        strip[:, first : first + frames] = part.strip
        starts.append(first + np.arange(grid.count(frames)) * grid.hop)
    return strip, np.concatenate(starts)


def _start(path: Path, seconds: float | None) -> float:
    try:
        return start_of_part(path, seconds)
    except TrackError:  # it was decoded a moment ago, so it has gone since
        return 0.0
