"""The whole path: folder → files → strips → probabilities → vote → decision → tags."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

from tagger.decide import Rules, decide
from tagger.errors import TagError
from tagger.judge import judge
from tagger.listen import Listening, listen_to_all
from tagger.model import GenreModel
from tagger.tags import write_genres
from tagger.tracks import Action, Result


def scan(
    files: Iterable[Path],
    model: GenreModel,
    listening: Listening,
    rules: Rules,
    *,
    batch_size: int,
    write_tags: bool,
) -> Generator[Result, None, None]:
    """Yield one result a file, in the order of the files, as soon as it is known.

    Unless `write_tags`, no file is opened for writing.
    """
    for judged in judge(listen_to_all(files, listening), model, batch_size):
        result = decide(judged, model.facts.labels, rules)
        if write_tags and result.action is Action.WRITE:
            result = _write(result)
        yield result


def _write(result: Result) -> Result:
    try:
        write_genres(result.path, result.genres)
    except TagError as error:
        return replace(result, action=Action.FAILED, error=str(error))
    return replace(result, action=Action.WRITTEN)
