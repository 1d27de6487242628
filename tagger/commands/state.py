"""Opens the files in the state folder for the commands."""

from pathlib import Path
from typing import TYPE_CHECKING

from tagger.output.console import complain
from tagger.paths import state_folder
from tagger.state.cache import Cache
from tagger.state.migration import take_over_old_state

if TYPE_CHECKING:
    from tagger.state.maintenance import CacheMaintenance
    from tagger.writing.journal import Journal


def open_journal() -> "Journal":
    """Open the journal; damaged entries are named on standard error.

    Raises:
        StateError: it cannot be used.
    """
    from tagger.writing.journal import Journal

    return Journal(_folder(), complain)


def open_cache() -> Cache:
    """Open the cache.

    Raises:
        StateError: it cannot be used.
    """
    return Cache(_folder())


def open_cache_maintenance() -> "CacheMaintenance":
    """Open the cache to count what is in it, or to make it smaller.

    Raises:
        StateError: it cannot be used.
    """
    from tagger.state.maintenance import CacheMaintenance

    return CacheMaintenance(_folder())


def _folder() -> Path:
    """Return the state folder, after taking over what an earlier version left there."""
    folder = state_folder()
    if sentence := take_over_old_state(folder):
        complain(sentence)
    return folder
