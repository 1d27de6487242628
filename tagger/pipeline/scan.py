"""The path from features to results: strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from tagger.errors import OversizedTagError, TagError, UnreachableTagError
from tagger.identity import identity_of
from tagger.pipeline.decide import Rules, decide
from tagger.pipeline.predict import Model, predict
from tagger.runtime.iteration import until
from tagger.state.result_cache import NullCache
from tagger.tracks import Action, Features, PredictedTrack, Result, Source, Track
from tagger.writing.surroundings import Surroundings

if TYPE_CHECKING:
    from tagger.writing.writer import TagWriter


def scan(
    tracks: Iterable[Features | PredictedTrack],
    model: Model,
    rules: Rules,
    *,
    batch_size: int,
    named: Sequence[Path] = (),
    writer: "TagWriter | None" = None,
    cache: NullCache | None = None,
    only_new: bool = False,
    stop: Event | None = None,
) -> Generator[Result, None, None]:
    """Yield one result a track, in their order, as soon as it is known.

    Args:
        tracks: what was extracted.
        model: runs the strips.
        rules: when a genre is written.
        batch_size: strips in one call of the model.
        named: the files and folders that the tracks were found in; albums are told apart by them.
        writer: of tags; without one, no file is opened for writing.
        cache: stores the predictions.
        only_new: leave out files that have changed since they were opened, for the next scan.
        stop: once it is set, what is being written is finished, and no more is begun.
    """
    stop = stop or Event()
    around = Surroundings(strict_owner=rules.strict_owner)
    finish = _Finish(model.metadata.labels, rules, writer, cache or NullCache(), around)
    predicted = _stored(predict(tracks, model, batch_size), finish.cache)
    if rules.any_albums:
        from tagger.pipeline.albums import vote_by_album

        predicted = vote_by_album(predicted, named, stop, rules.votes)
    if only_new:
        predicted = (one for one in predicted if not _is_changing(one))
    if writer is None:
        yield from until(stop, map(finish, predicted))
    else:
        from tagger.runtime.threads import in_parallel

        yield from in_parallel(finish, predicted, stop)


def _stored(tracks: Iterable[PredictedTrack], cache: NullCache) -> Iterator[PredictedTrack]:
    """Store the prediction of each recording before an album may vote it down."""
    for predicted in tracks:
        cache.store_prediction(predicted)
        yield predicted


def _is_changing(predicted: PredictedTrack) -> bool:
    """Tell whether a file has changed since it was opened."""
    identity = predicted.track.identity
    if identity is None:
        return False
    return not identity.settled or identity_of(predicted.path) != identity


@dataclass(frozen=True)
class _Finish:
    """The last step: decides about a track, writes its genre if asked to, and stores its file."""

    labels: Sequence[str]
    rules: Rules
    writer: "TagWriter | None"
    cache: NullCache
    around: Surroundings

    def __call__(self, predicted: PredictedTrack) -> Result:
        result = decide(predicted, self.labels, self.rules)
        if self.writer is None and result.action is Action.WRITE:
            result = self._foreseen(result, predicted.track)
        elif self.writer is not None and result.action is Action.WRITE:
            if predicted.source is Source.STAT_KEY:
                predicted = _with_tags_read_again(predicted)
                result = decide(predicted, self.labels, self.rules)
            if result.action is Action.WRITE:
                source = self.rules.source_of(result) if self.rules.notes_source else ""
                result = _write(self.writer, result, source)
                if result.action is not Action.KEEP:
                    # The writer tells the cache what it wrote; what it could not is new again.
                    return result
        self.cache.store_file(predicted)
        return result

    def _foreseen(self, result: Result, track: Track) -> Result:
        """Return what would become of a genre, as far as that is known without writing."""
        if refusal := track.refusal or self.around.refusal(track.path, track.identity):
            return replace(result, action=Action.FAILED, error=refusal)
        return replace(result, locked=self.around.locked(track.path.parent))


def _with_tags_read_again(predicted: PredictedTrack) -> PredictedTrack:
    """Read the genres of a track that is known by its stat key alone.

    Not all file systems tell of every change, and no genre may get lost because of that.
    """
    from tagger.pipeline.extract import with_tags  # a scan of known files starts without it

    try:
        track = with_tags(predicted.track)
    except OversizedTagError as error:
        track = replace(predicted.track, existing=(), tag_error=str(error))
    except UnreachableTagError as error:  # not to be remembered: the next scan tries again
        track = replace(predicted.track, existing=(), tag_error=str(error), fingerprint=None)
    return replace(predicted, track=track, source=Source.FINGERPRINT)


def _write(writer: "TagWriter", result: Result, source: str) -> Result:
    try:
        written = writer.write(result.path, result.genres, result.identity, source)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN if written else Action.KEEP)
