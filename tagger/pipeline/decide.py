"""From the model's opinion of a track to what its tag should say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tagger.inference.confidence import WRITES_NOTHING
from tagger.tags.families import merged
from tagger.tags.formats import can_hold_tags
from tagger.tags.genres import spelling
from tagger.tracks import Action, Judged, Result, Status


@dataclass(frozen=True)
class Rules:
    """When a genre is written."""

    min_confidence: float
    top: int = 1  # most genres of one track
    overwrite: bool = False  # genres that are there already
    append: bool = False  # to them
    names: Mapping[str, str] = field(default_factory=dict)  # genres that get another name

    def is_sure(self, confidence: float) -> bool:
        """Tell whether a genre of this confidence is written; a minimum of 1 writes nothing."""
        return self.min_confidence <= confidence and self.min_confidence < WRITES_NOTHING

    def name(self, label: str) -> str:
        """Return the name that a label of the model gets in a tag."""
        spelled = spelling(label)
        return self.names.get(label) or self.names.get(spelled) or spelled


def decide(track: Judged, labels: Sequence[str], rules: Rules) -> Result:
    """Rank the genres and say what is to be done with the file."""
    heard = track.heard
    if not track.probabilities:
        return Result(
            heard.path, heard.status, Action.SKIP, existing=heard.existing, error=heard.error
        )
    ranking = sorted(
        zip(map(rules.name, labels), track.probabilities, strict=True), key=lambda pair: -pair[1]
    )
    genres = tuple(genre for genre, p in ranking[: rules.top] if rules.is_sure(p))
    status = Status.OK if genres else Status.UNCERTAIN
    error = heard.error  # of its tags: it was heard
    if error:
        action = Action.FAILED
    elif not genres:
        action = Action.SKIP
    elif not can_hold_tags(heard.path):
        action, error = Action.SKIP, f"{heard.path.suffix} files hold no tags"
    else:
        if rules.append:
            genres = merged(heard.existing, genres)
        kept = heard.existing and not (rules.overwrite or rules.append)
        action = Action.KEEP if kept or genres == heard.existing else Action.WRITE
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
        heard.identity,
    )
