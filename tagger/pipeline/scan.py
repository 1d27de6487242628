"""The path from what was heard: strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

from tagger.errors import TagError
from tagger.pipeline.albums import vote_by_album
from tagger.pipeline.decide import Rules, decide
from tagger.pipeline.extract import genres_of
from tagger.pipeline.predict import Model, judge
from tagger.runtime.iteration import until
from tagger.runtime.threads import in_parallel
from tagger.state.memory import Forgetful
from tagger.tracks import Action, Heard, Judged, Result
from tagger.writing.writer import TagWriter


def scan(
    tracks: Iterable[Heard],
    model: Model,
    rules: Rules,
    *,
    batch_size: int,
    by_album: Sequence[Path] | None = None,
    writer: TagWriter | None = None,
    memory: Forgetful = Forgetful(),  # noqa: B008 - it has nothing to remember
    stop: Event | None = None,
) -> Generator[Result, None, None]:
    """Yield one result a track, in their order, as soon as it is known.

    Without a writer, no file is opened for writing. With the paths that the files were found in,
    the tracks of an album vote as one. Once `stop` is set, what is being written is finished, and
    no more is begun.
    """
    stop = stop or Event()
    opinions = memory.keep(judge(tracks, model, batch_size))
    judged = vote_by_album(opinions, by_album, stop) if by_album else opinions
    wanted = (one for one in judged if not memory.skips(one.heard))
    finish = partial(_finish, model.metadata.labels, rules, writer, memory)
    if writer is None:
        yield from until(stop, map(finish, wanted))
    else:
        yield from in_parallel(finish, wanted, stop)


def _finish(
    labels: Sequence[str],
    rules: Rules,
    writer: TagWriter | None,
    memory: Forgetful,
    judged: Judged,
) -> Result:
    """Decide about a track, write its genre if there is a writer, and remember it."""
    result = decide(judged, labels, rules)
    if writer is not None and result.action is Action.WRITE:
        if judged.heard.by_looks:
            judged = _read_again(judged)
            result = decide(judged, labels, rules)
        if result.action is Action.WRITE:
            result = _write(writer, result)
            if result.action is not Action.KEEP:
                # The writer tells the cache what it wrote; what it could not is new again.
                return result
    memory.done(judged.heard)
    return result


def _read_again(judged: Judged) -> Judged:
    """Read the genres of a track that is known by its looks alone.

    Not all file systems tell of every change, and no genre may get lost because of that.
    """
    genres, error = genres_of(judged.heard.path)
    return replace(
        judged, heard=replace(judged.heard, existing=genres, error=error, by_looks=False)
    )


def _write(writer: TagWriter, result: Result) -> Result:
    try:
        written = writer.write(result.path, result.genres, result.identity)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN if written else Action.KEEP)
