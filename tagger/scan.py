"""The whole path: folder → files → strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

from tagger.albums import vote_by_album
from tagger.decide import Rules, decide
from tagger.errors import TagError
from tagger.judge import judge
from tagger.listen import Listening, listen_to_all
from tagger.model import GenreModel
from tagger.parallel import in_parallel, until
from tagger.tracks import Action, Result
from tagger.writer import TagWriter


def scan(
    files: Iterable[Path],
    model: GenreModel,
    listening: Listening,
    rules: Rules,
    *,
    batch_size: int,
    by_album: bool = False,
    writer: TagWriter | None = None,
    stop: Event | None = None,
) -> Generator[Result, None, None]:
    """Yield one result a file, in the order of the files, as soon as it is known.

    Without a writer, no file is opened for writing. Once `stop` is set, what is being written is
    finished, and no more is begun.
    """
    stop = stop or Event()
    opinions = judge(listen_to_all(files, listening), model, batch_size)
    judged = vote_by_album(opinions) if by_album else opinions
    decided = (decide(one, model.facts.labels, rules) for one in judged)
    if writer is None:
        yield from until(stop, decided)
    else:
        yield from in_parallel(partial(_write, writer), decided, stop)


def _write(writer: TagWriter, result: Result) -> Result:
    if result.action is not Action.WRITE:
        return result
    try:
        written = writer.write(result.path, result.genres, result.identity)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN if written else Action.KEEP)
