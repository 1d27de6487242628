"""The whole path: folder → files → strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

from tagger.albums import vote_by_album
from tagger.decide import Rules, decide
from tagger.errors import TagError
from tagger.judge import judge
from tagger.listen import Listening, listen_to_all
from tagger.model import GenreModel
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
) -> Generator[Result, None, None]:
    """Yield one result a file, in the order of the files, as soon as it is known.

    Without a writer, no file is opened for writing.
    """
    opinions = judge(listen_to_all(files, listening), model, batch_size)
    for judged in vote_by_album(opinions) if by_album else opinions:
        result = decide(judged, model.facts.labels, rules)
        if writer is not None and result.action is Action.WRITE:
            result = _write(result, writer)
        yield result


def _write(result: Result, writer: TagWriter) -> Result:
    try:
        written = writer.write(result.path, result.genres, result.identity)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN if written else Action.KEEP)
