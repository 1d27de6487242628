"""From the model's opinion of a track to what its tag should say."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagger.genres import spelling
from tagger.tags import can_hold_tags
from tagger.tracks import Action, Judged, Result, Status


@dataclass(frozen=True)
class Rules:
    """When a genre is written."""

    min_confidence: float
    top: int = 1  # most genres of one track
    overwrite: bool = False  # genres that are there already


def decide(track: Judged, labels: Sequence[str], rules: Rules) -> Result:
    """Rank the genres and say what is to be done with the file."""
    heard = track.heard
    if not track.probabilities:
        return Result(
            heard.path, heard.status, Action.SKIP, existing=heard.existing, error=heard.error
        )
    ranking = sorted(
        zip(map(spelling, labels), track.probabilities, strict=True), key=lambda pair: -pair[1]
    )
    genres = tuple(genre for genre, p in ranking[: rules.top] if p >= rules.min_confidence)
    status = Status.OK if genres else Status.UNCERTAIN
    error = ""
    if not genres:
        action = Action.SKIP
    elif not can_hold_tags(heard.path):
        action, error = Action.SKIP, f"{heard.path.suffix} files hold no tags"
    elif heard.existing and not rules.overwrite:
        action = Action.KEEP
    else:
        action = Action.WRITE
    return Result(
        heard.path,
        status,
        action,
        tuple(ranking),
        genres,
        heard.existing,
        heard.seconds,
        error,
        track.probabilities,
    )
