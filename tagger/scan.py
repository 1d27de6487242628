"""The whole path: folder → files → strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

from tagger.albums import vote_by_album
from tagger.decide import Rules, decide
from tagger.errors import TagError
from tagger.judge import Model, judge
from tagger.listen import Listening, listen_to_all
from tagger.parallel import in_parallel, until
from tagger.recall import Forgetful
from tagger.tags import read_genres
from tagger.tracks import Action, Heard, Result
from tagger.writer import TagWriter


def scan(
    files: Iterable[Path],
    model: Model,
    listening: Listening,
    rules: Rules,
    *,
    batch_size: int,
    by_album: bool = False,
    writer: TagWriter | None = None,
    stop: Event | None = None,
    memory: Forgetful = Forgetful(),  # noqa: B008 - it has nothing to remember
) -> Generator[Result, None, None]:
    """Yield one result a file, in the order of the files, as soon as it is known.

    Without a writer, no file is opened for writing. Once `stop` is set, what is being written is
    finished, and no more is begun.
    """
    stop = stop or Event()
    heard = listen_to_all(memory.split(files), replace(listening, recall=memory.recall))
    opinions = memory.keep(judge(heard, model, batch_size))
    judged = vote_by_album(opinions) if by_album else opinions
    decided = (
        (one.heard, decide(one, model.facts.labels, rules))
        for one in judged
        if not memory.skips(one.heard)
    )
    if writer is None:
        done = until(stop, decided)
    else:
        done = in_parallel(partial(_write, writer), decided, stop)
    for track, result in done:
        # What was to be written the writer notes itself; what failed is new the next time too.
        if result.action not in (Action.WRITTEN, Action.FAILED):
            memory.done(track)
        yield result


def _write(writer: TagWriter, decided: tuple[Heard, Result]) -> tuple[Heard, Result]:
    track, result = decided
    if result.action is Action.WRITE:
        result = _written(writer, track, result)
    return track, result


def _written(writer: TagWriter, heard: Heard, result: Result) -> Result:
    try:
        # Not all file systems tell of every change: no genre may get lost because of that.
        if heard.by_looks and read_genres(heard.path) != heard.existing:
            raise TagError("has another genre than when it was listened to")
        written = writer.write(result.path, result.genres, result.identity)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN if written else Action.KEEP)
