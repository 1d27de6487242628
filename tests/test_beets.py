"""The plugin for beets, in a real library."""

import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import genretag_here as genretag
from conftest import music, write_audio

from tagger.tags.mutagen_tags import read_genres

beets = pytest.importorskip("beets")
ROOT = Path(__file__).parents[1]


@pytest.fixture
def plugin(monkeypatch, toy_model, tmp_path):
    """Return the plugin as beets loads it, with the toy model."""
    import beetsplug
    from beets import config

    folder = str(ROOT / "tagger" / "beetsplug")
    monkeypatch.setattr(beetsplug, "__path__", [folder, *beetsplug.__path__])
    monkeypatch.setenv("BEETSDIR", str(tmp_path))
    monkeypatch.setattr("joblib.cpu_count", lambda: 0)  # processes take seconds to start
    config.clear()
    config.read(user=False)
    config["genretag"].set({"model": str(toy_model)})
    loaded = import_module("beetsplug.genretag").GenretagPlugin()
    yield loaded
    loaded._close(None)
    config.clear()


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Return a library with an album of two tracks without a genre and one with."""
    from beets.library import Item, Library

    tracks = tmp_path / "library"
    # Those of an empty library change nothing, but beets would make a backup before each.
    monkeypatch.setattr(Library, "_migrations", (), raising=False)
    found = Library(str(tmp_path / "library.db"), str(tracks))
    items = []
    for name, genres in (("a", []), ("b", []), ("c", ["Polka"])):
        path = write_audio(tracks / f"{name}.flac", music(4.0, seed=len(items)))
        item = Item.from_path(str(path).encode())
        item.title, item.album, item.genres = name, "Album", genres
        items.append(item)
    found.add_album(items)
    return found


def genres(library):
    return {item.title: list(item.genres) for item in library.items()}


def run(plugin, library, *query, force=False, pretend=False):
    plugin.command(library, SimpleNamespace(force=force, pretend=pretend), list(query))


def test_tracks_without_a_genre_get_one_with_source_and_confidence(
    plugin, library, toy_model, monkeypatch
):
    run(plugin, library)
    a, b, c = library.items()
    (genre,) = a.genres
    assert genre in ("Classical", "Hip-Hop", "Metal")
    assert a.genre_source == "genretag toy"
    assert 0.2 <= float(a.genre_confidence) <= 1
    assert read_genres(Path(a.filepath)) == (genre,)
    assert (list(c.genres), c.get("genre_source")) == (["Polka"], None)
    assert list(library.albums()[0].genres) == [genre]
    assert b.genres
    monkeypatch.setattr("tagger.pipeline.extract.decode_stream", None)  # the scan needs the cache
    told = genretag("scan", Path(b.filepath), "--model", toy_model).stdout
    assert "1 with a genre" in told


def test_pretend_changes_nothing_and_a_query_selects(plugin, library, capsys):
    run(plugin, library, "title:a", pretend=True)
    assert "Album - a: " in capsys.readouterr().out
    assert genres(library) == {"a": [], "b": [], "c": ["Polka"]}
    run(plugin, library, "title:a")
    assert genres(library)["a"]
    assert genres(library)["b"] == []


def test_force_replaces_and_uncertain_tracks_are_left_alone(plugin, library):
    plugin.config["min_confidence"].set(0.99)
    run(plugin, library, force=True)
    assert genres(library) == {"a": [], "b": [], "c": ["Polka"]}
    plugin._close(library)
    plugin.config["min_confidence"].set(0.1)
    run(plugin, library, force=True)
    assert ["Polka"] not in genres(library).values()


def test_import_sets_genres_before_beets_writes(plugin, library):
    (stage,) = plugin.import_stages
    album = library.albums()[0]
    task = SimpleNamespace(imported_items=lambda: list(library.items()), is_album=True, album=album)
    stage(None, task)
    assert all(genres(library).values())
    assert genres(library)["c"] == ["Polka"]
    assert read_genres(Path(library.items()[0].filepath)) == ()  # that is left to beets
    assert album.genres


def test_an_unusable_model_stops_no_import(plugin, library, caplog):
    plugin.config["model"].set("none.onnx")
    task = SimpleNamespace(imported_items=lambda: list(library.items()), is_album=False)
    plugin.imported(None, task)
    assert genres(library)["a"] == []
    from beets.ui import UserError

    with pytest.raises(UserError, match=r"none\.onnx"):
        run(plugin, library)


def test_settings_of_scan_hold_unless_beets_has_its_own(plugin, home, toy_model):
    home.mkdir()
    (home / "config.toml").write_text('[scan]\nseconds = "full"\nmin_confidence = 0.9\ntop = 2\n')
    options = plugin._options()
    assert (options.seconds, options.min_confidence, options.top) == (None, 0.9, 2)
    assert options.model == toy_model
    plugin.config["min_confidence"].set(0.3)
    assert plugin._options().min_confidence == 0.3


def test_the_wheel_adds_the_plugin_to_the_namespace_of_beets():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    mapped = build["targets"]["wheel"]["force-include"]
    assert mapped == {"tagger/beetsplug/genretag.py": "beetsplug/genretag.py"}
    assert all((ROOT / source).is_file() for source in mapped)
