"""From the prediction for a track to what its tag should say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tagger.inference.confidence import WRITES_NOTHING
from tagger.tags.formats import can_hold_tags
from tagger.tags.genre_names import spelling
from tagger.tags.mutagen_tags import merged
from tagger.tracks import Action, PredictedTrack, Result, Status


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When a genre is written."""

    min_confidence: float
    top: int = 1  # most genres of one track
    overwrite: bool = False  # genres that are there already
    append: bool = False  # to them
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # instead of a genre's own

    def is_sure(self, confidence: float) -> bool:
        """Tell whether a genre of this confidence is written; a minimum of 1 writes nothing."""
        return self.min_confidence <= confidence and self.min_confidence < WRITES_NOTHING

    def names_of(self, label: str) -> tuple[str, ...]:
        """Return the names that a label of the model gets in a tag; none if it is not written."""
        spelled = spelling(label)
        return self.names.get(label, self.names.get(spelled, (spelled,)))

    def shown(self, label: str) -> str:
        """Return how a label of the model is shown, whether it is ever written or not."""
        return ", ".join(self.names_of(label)) or spelling(label)


def decide(predicted: PredictedTrack, labels: Sequence[str], rules: Rules) -> Result:
    """Rank the genres and say what is to be done with the file.

    Args:
        predicted: a track with its prediction.
        labels: of the model, in the order of the probabilities.
        rules: when a genre is written.
    """
    track, prediction = predicted.track, predicted.prediction
    if not prediction.probabilities:
        return Result(
            path=track.path,
            status=prediction.status,
            action=Action.SKIP,
            existing=track.existing,
            error=prediction.error,
        )
    ranked = sorted(zip(labels, prediction.probabilities, strict=True), key=lambda pair: -pair[1])
    ranking = [(rules.shown(label), p) for label, p in ranked]
    sure = [label for label, p in ranked[: rules.top] if rules.is_sure(p)]
    genres = tuple(dict.fromkeys(name for label in sure for name in rules.names_of(label)))
    status = Status.OK if sure else Status.UNCERTAIN
    error = track.tag_error
    if error:
        action = Action.FAILED
    elif not genres:
        action = Action.SKIP
        error = "is not written: config.toml gives its genre no name" if sure else ""
    elif not can_hold_tags(track.path):
        action, error = Action.SKIP, f"{track.path.suffix} files hold no tags"
    else:
        if rules.append:
            genres = merged(track.existing, genres)
        kept = track.existing and not (rules.overwrite or rules.append)
        action = Action.KEEP if kept or genres == track.existing else Action.WRITE
    return Result(
        path=track.path,
        status=status,
        action=action,
        ranking=tuple(ranking),
        genres=genres,
        existing=track.existing,
        seconds=prediction.seconds,
        error=error,
        probabilities=prediction.probabilities,
        identity=track.identity,
    )
