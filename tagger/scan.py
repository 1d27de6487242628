"""The whole path: folder → files → strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

from tagger.albums import vote_by_album
from tagger.decide import Rules, decide
from tagger.errors import TagError
from tagger.judge import Model, judge
from tagger.listen import Listening, genres_of, listen_to_all
from tagger.recall import Forgetful
from tagger.tracks import Action, Judged, Result
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
    memory: Forgetful = Forgetful(),  # noqa: B008 - it has nothing to remember
) -> Generator[Result, None, None]:
    """Yield one result a file, in the order of the files, as soon as it is known.

    Without a writer, no file is opened for writing.
    """
    heard = listen_to_all(memory.split(files), replace(listening, recall=memory.recall))
    opinions = memory.keep(judge(heard, model, batch_size))
    for judged in vote_by_album(opinions) if by_album else opinions:
        if memory.skips(judged.heard):
            continue
        result = decide(judged, model.facts.labels, rules)
        if writer is not None and result.action is Action.WRITE and judged.heard.by_looks:
            judged = _read_again(judged)  # noqa: PLW2901
            result = decide(judged, model.facts.labels, rules)
        tried: Result | None = None
        if writer is not None and result.action is Action.WRITE:
            result = tried = _write(result, writer)
        # The writer tells the cache what it wrote; what it could not is new the next time too.
        if tried is None or tried.action is Action.KEEP:
            memory.done(judged.heard)
        yield result


def _read_again(judged: Judged) -> Judged:
    """Read the genres of a track that is known by its looks alone.

    Not all file systems tell of every change, and no genre may get lost because of that.
    """
    genres, error = genres_of(judged.heard.path)
    return replace(
        judged, heard=replace(judged.heard, existing=genres, error=error, by_looks=False)
    )


def _write(result: Result, writer: TagWriter) -> Result:
    try:
        written = writer.write(result.path, result.genres, result.identity)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN if written else Action.KEEP)
