"""The plugin for beets: genres of imported tracks, and the command `beet genretag`.

The wheel holds this file as `beetsplug/genretag.py`, where beets looks for plugins.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from beets import ui
from beets.dbcore import types
from beets.importer import ImportSession, ImportTask
from beets.library import Album, Item, Library
from beets.plugins import BeetsPlugin

from tagger.commands.analyser import Analyser
from tagger.errors import GenretagError
from tagger.options import ScanOptions
from tagger.settings.file import load
from tagger.tracks import Result, Status

_SETTINGS = ("min_confidence", "model", "seconds", "top")  # of a scan, too
_SEPARATOR = "; "  # between genres in the single text of beets before 2.7


class GenretagPlugin(BeetsPlugin):  # type: ignore[misc]
    """Sets `genres`, `genre_source` and `genre_confidence` of tracks without a genre."""

    item_types = {"genre_confidence": types.Float(2)}  # noqa: RUF012 - beets has it so

    def __init__(self) -> None:
        super().__init__()
        self.config.add({"auto": True, "force": False, **dict.fromkeys(_SETTINGS)})
        self._analyser: Analyser | None = None
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]
        self.register_listener("cli_exit", self._close)

    def commands(self) -> list[ui.Subcommand]:
        """Return the command `beet genretag`."""
        command = ui.Subcommand("genretag", help="set genres that are predicted from the audio")
        command.parser.usage = "beet genretag [options] [QUERY]"
        command.parser.add_option(
            "-f", "--force", action="store_true", help="replace existing genres as well"
        )
        command.parser.add_option(
            "-p", "--pretend", action="store_true", help="show genres, and change nothing"
        )
        command.func = self.command
        return [command]

    def command(self, lib: Library, opts: Any, args: list[str]) -> None:
        """Set the genres of the items that a query finds.

        Raises:
            UserError: model or settings cannot be used.
        """
        from joblib import cpu_count

        force = bool(opts.force) or self.config["force"].get(bool)
        try:
            changed = self._set_genres(list(lib.items(args)), force, jobs=cpu_count())
        except GenretagError as error:
            raise ui.UserError(str(error)) from None  # type: ignore[attr-defined]
        for item in changed:
            genres = ", ".join(genres_of(item))
            ui.print_(f"{item}: {genres} ({item.genre_confidence:.0%})")
            if not opts.pretend:
                item.try_sync(write=ui.should_write(), move=False)
        if not opts.pretend:
            albums = {item.album_id: item.get_album() for item in changed if item.album_id}
            for album in filter(None, albums.values()):
                _set_album(album, album.items(), force)

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Set the genres of what is being imported; beets writes them into the files later."""
        force = self.config["force"].get(bool)
        items = task.imported_items()
        try:
            changed = self._set_genres(items, force)
        except GenretagError as error:
            self._log.error("{}", error)
            return
        for item in changed:
            item.store()
        if changed and task.is_album and task.album is not None:
            _set_album(task.album, items, force)

    def _set_genres(self, items: Iterable[Item], force: bool, jobs: int = 0) -> list[Item]:
        """Set the genres of items in memory, and return those items.

        Raises:
            GenretagError: model or settings cannot be used.
        """
        wanted = [item for item in items if force or not genres_of(item)]
        if not wanted:
            return []
        if self._analyser is None:
            self._analyser = Analyser(self._options(), self._log.warning)
        paths = [Path(os.fsdecode(item.path)) for item in wanted]
        results = self._analyser.results(paths, jobs=jobs)
        return [
            item
            for item, result in zip(wanted, results, strict=True)
            if self._set_genre(item, result)
        ]

    def _set_genre(self, item: Item, result: Result) -> bool:
        if result.status is not Status.OK or not result.genres:
            best = "{} at {:.0%}".format(*result.ranking[0]) if result.ranking else result.error
            self._log.info("{}: {} ({})", item, result.status, best)
            return False
        _set(item, result.genres)
        item.genre_source = f"genretag {self._analyser.name}" if self._analyser else "genretag"
        item.genre_confidence = round(result.ranking[0][1], 4)
        return True

    def _options(self) -> ScanOptions:
        """Return the settings of beets, or else those that `genretag scan` has."""
        given = {name: self.config[name].get() for name in _SETTINGS}
        settings = {name: load().scan.get(name) for name in _SETTINGS}
        settings |= {name: value for name, value in given.items() if value is not None}
        chosen: dict[str, Any] = {k: value for k, value in settings.items() if value is not None}
        if "model" in chosen:
            chosen["model"] = Path(chosen["model"]).expanduser()
        if chosen.get("seconds") == "full":
            chosen["seconds"] = None
        # Whether a genre is there already is decided by beets' library and not by the file.
        return ScanOptions(paths=(), overwrite=True, **chosen)

    def _close(self, lib: Library) -> None:
        if self._analyser is not None:
            self._analyser.__exit__()
            self._analyser = None


def genres_of(item: Item | Album) -> Sequence[str]:
    """Return the genres in the library, of whatever version of beets."""
    if "genres" in item._fields:
        return list(item.genres or ())
    return item.genre.split(_SEPARATOR) if item.genre else []


def _set(item: Item | Album, genres: Sequence[str]) -> None:
    if "genres" in item._fields:
        item.genres = list(genres)
    else:
        item.genre = _SEPARATOR.join(genres)


def _set_album(album: Album, items: Iterable[Item], force: bool) -> None:
    """Give an album the genres that most of its tracks have; the tracks keep their own."""
    if genres_of(album) and not force:
        return
    counts = Counter(tuple(genres) for item in items if (genres := genres_of(item)))
    if counts:
        _set(album, counts.most_common(1)[0][0])
        album.store(inherit=False)
