"""Opens the cache as a scan uses it."""

from collections.abc import Callable
from contextlib import ExitStack

from tagger.commands.state import open_cache
from tagger.errors import StateError
from tagger.options import ScanOptions
from tagger.pipeline.lazy_model import LazyModel
from tagger.state.cache import Cache
from tagger.state.result_cache import NullCache, ResultCache

Tell = Callable[[str], None]


def open_result_cache(
    options: ScanOptions, model: LazyModel, stack: ExitStack, tell: Tell
) -> tuple[Cache | None, NullCache]:
    """Open the cache; only `--new` cannot do without.

    Raises:
        StateError: with `--new`, it cannot be used.
    """
    if not options.cache:
        return None, NullCache()
    try:
        database = stack.enter_context(open_cache())
        key = database.key_for(model.path, options.seconds, len(model.metadata.labels))
    except StateError as error:
        if options.new:
            raise
        tell(str(error))
        return None, NullCache()
    return database, ResultCache(database, key, required=options.new, tell=tell)
