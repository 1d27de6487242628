"""The whole path: folder → files → strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

from tagger.albums import vote_by_album
from tagger.decide import Rules, decide
from tagger.errors import TagError
from tagger.judge import Model, judge
from tagger.listen import Listening, listen_to_all
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
        if writer is None or result.action is not Action.WRITE:
            memory.done(judged.heard)
        else:  # the writer tells the cache itself; what failed is new the next time too
            result = _write(result, writer, judged.heard)
        yield result


def _write(result: Result, writer: TagWriter, heard: Heard) -> Result:
    try:
        # Not all file systems tell of every change: no genre may get lost because of that.
        if heard.by_looks and read_genres(heard.path) != heard.existing:
            raise TagError("has another genre than when it was listened to")
        written = writer.write(result.path, result.genres, result.identity)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN if written else Action.KEEP)
