"""From the prediction for a track to what its tag should say."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tagger.inference.confidence import WRITES_NOTHING
from tagger.pipeline.folders import FolderRules
from tagger.tags.formats import why_no_tags
from tagger.tags.genre_names import WriteStyle, merged, plain, spelling
from tagger.tags.provenance import Provenance, is_machine_made, joined
from tagger.tags.vocabulary import Vocabulary
from tagger.tracks import Action, PredictedTrack, Result, Status


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When a genre is written."""

    min_confidence: float
    top: int = 1  # most genres of one track
    overwrite: bool = False  # genres that are there already
    append: bool = False  # to them
    redo: bool = False  # replace genres that genretag wrote
    strict_owner: bool = False  # not into files whose owner or group cannot be kept
    model: str = ""  # its name
    notes_source: bool = False  # of genres that are written
    album: bool = False  # the tracks of an album vote as one
    vocabulary: Vocabulary = field(default_factory=Vocabulary)  # the names of genres
    whitelist: Collection[str] | None = None  # no other names, by their `plain`; None: all
    folders: FolderRules = field(default_factory=FolderRules)  # other rules for some folders
    style: WriteStyle = field(default_factory=WriteStyle)  # how several genres are spelled

    def minimum(self, path: Path) -> float:
        """Return the least confidence of a genre that is written to a file."""
        of_folder = self.folders.of(path.parent).min_confidence
        return self.min_confidence if of_folder is None else of_folder

    def names_of(self, label: str) -> tuple[str, ...]:
        """Return the names that a label of the model gets in a tag; none if it is not written."""
        names = self.vocabulary.names_of(label)
        if self.whitelist is None:
            return names
        return tuple(name for name in names if plain(name) in self.whitelist)

    def source_of(self, result: Result) -> str:
        """Return the note for the genres of a result; nothing if not all are the model's."""
        if not result.ranking or (self.append and result.existing):
            return ""
        (_, confidence), *_ = result.ranking
        genres = joined(result.genres or result.guess)
        return str(Provenance(model=self.model, confidence=confidence, genres=genres))

    def skips(self, folder: Path) -> bool:
        """Tell whether a folder is left out."""
        return bool(self.folders.of(folder).skip)

    def votes(self, folder: Path) -> bool:
        """Tell whether the tracks of a folder vote as one."""
        of_folder = self.folders.of(folder).album
        return self.album if of_folder is None else of_folder

    @property
    def any_albums(self) -> bool:
        """Tell whether the tracks of any folder vote as one."""
        return self.album or self.folders.any_albums

    def guess_of(self, label: str) -> tuple[str, ...]:
        """Return the names that a label of the model gets, its own if it is never written."""
        return self.names_of(label) or (spelling(label),)

    def shown(self, label: str) -> str:
        """Return how a label of the model is shown, whether it is ever written or not."""
        return ", ".join(self.guess_of(label))


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
    minimum = rules.minimum(track.path)
    sure = [label for label, p in ranked[: rules.top] if minimum <= p and minimum < WRITES_NOTHING]
    names = [rules.names_of(label) for label in sure]
    if names and not names[0]:
        names = []  # its runner-up would pass for the genre of the track
    genres = tuple(dict.fromkeys(name for of_label in names for name in of_label))
    status = Status.OK if sure else Status.UNCERTAIN
    existing = rules.style.parts(track.existing)
    machine_made = is_machine_made(existing, track.genre_source)
    error = track.tag_error
    if error:
        action = Action.FAILED
    elif not genres:
        action = Action.SKIP
        error = "is not written: config.toml leaves its genre out" if sure else ""
    elif no_tags := why_no_tags(track.path):
        action, error = Action.SKIP, no_tags
    else:
        if rules.append:
            genres = merged(existing, genres)
        replaced = rules.overwrite or rules.append or (rules.redo and machine_made)
        kept = existing and not replaced
        action = Action.KEEP if kept or genres == existing else Action.WRITE
    return Result(
        path=track.path,
        status=status,
        action=action,
        ranked=tuple((rules.guess_of(label), p) for label, p in ranked),
        genres=genres,
        existing=track.existing,
        machine_made=machine_made,
        seconds=prediction.seconds,
        error=error,
        probabilities=prediction.probabilities,
        timeline=prediction.timeline,
        identity=track.identity,
    )
