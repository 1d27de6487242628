"""Settings: what is in force, and what is said of a file that is wrong."""

import json
from pathlib import Path

import pytest
from commandline import rows
from conftest import genretag_here as genretag
from typer.main import get_command

from tagger.cli import app
from tagger.errors import ConfigError
from tagger.options import ScanOptions
from tagger.settings.content import unknown_genres
from tagger.settings.file import EXAMPLE, load
from tagger.settings.schema import Config, FolderRule, Source, WriteSettings


@pytest.fixture
def write(home):
    def to(text: str):
        home.mkdir(exist_ok=True)
        (home / "config.toml").write_text(text)
        return home / "config.toml"

    return to


EMPTY = Config(source=Source(file=Path("any")))


def test_without_a_file_there_are_no_settings():
    assert load(None) == EMPTY


def test_names_of_genres(write):
    write('[genres]\nhiphop = "Rap"\nJazz = ["Jazz", "Instrumental"]\nPop = []\n')
    assert load(None).genres == {"hiphop": ("Rap",), "Jazz": ("Jazz", "Instrumental"), "Pop": ()}


GOOD = {
    "redo": True,
    "provenance": True,
    "write_tags": True,
    "overwrite": True,
    "append": False,
    "mtime": "bump",
    "strict_owner": True,
    "album": True,
    "new": True,
    "cache": True,
    "csv": "a.csv",
    "jsonl": "a.jsonl",
    "report": "a.html",
    "force": True,
    "min_confidence": 0.6,
    "top": 2,
    "seconds": "full",
    "exclude": ["a", "b"],
    "jobs": 2,
    "timeout": 30,
    "batch_size": 3,
    "cluster": "local:2",
    "path_map": ["/mnt/a=/srv/b"],
    "device": "cpu",
    "model": "m.onnx",
    "log": "a.log",
    "after": "mpc update",
    "for": "1h30m",
    "nice": True,
    "watch": True,
    "quiet": True,
}


def test_every_option_of_scan_has_a_key(write):
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in GOOD.items())
    write(f"[scan]\n{lines}\n")
    assert load(None).scan == GOOD
    fields = {name.rstrip("_") for name in ScanOptions.__dataclass_fields__}
    assert set(GOOD) == fields - {"paths", "config", "given"}
    options = {parameter.name.rstrip("_") for parameter in get_command(app).commands["scan"].params}
    # A dry run is for once, and keep_mtime is mtime = "keep".
    assert set(GOOD) == options - {"paths", "config", "dry_run", "keep_mtime"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n[genre]\n", "line 2: unknown setting 'genre'. Did you mean 'genres'?"),
        ("[scan]\n\nmin_confidense = 0.5\n", "line 3: unknown setting .*'min_confidence'"),
        ("[scan]\nmin_confidence = 60\n", "line 2: min_confidence must be a number between 0"),
        ("[scan]\ntop = true\n", "line 2: top must be a whole number"),
        ("[scan]\ntop = 0\n", "line 2: top must be a whole number"),
        ("[scan]\nalbum = 1\n", "line 2: album must be true or false"),
        ('[scan]\nexclude = "a"\n', "line 2: exclude must be a list"),
        ('[scan]\nmtime = "then"\n', "line 2: mtime must be one of 'now', 'bump', 'keep'"),
        ("[scan]\nseconds = 0\n", "line 2: seconds must be a number of seconds, or 'full'"),
        ("[scan]\nfor = '4 days'\n", "line 2: for: '4 days' is no time such as"),
        ("[scan]\nlog = '~nobody-of-this-name/a'\n", "line 2: log: the home folder in '~nobody"),
        ("[scan]\ncsv = 1\n", "line 2: csv must be a path in quotes"),
        ("[scan]\nconfig = 'a'\n", "line 2: unknown setting 'config'"),
        ("[genres]\njazz = 3\n", "line 2: 'jazz' must be a name in quotes, or a list"),
        ("[genres]\njazz = ['']\n", "line 2: 'jazz' must be a name in quotes, or a list"),
        ("[parents]\nDisco = 1\n", "line 2: 'Disco' must be a name in quotes, or a list"),
        ("[parent]\n", "line 1: unknown setting 'parent'. Did you mean 'parents'?"),
        ("[write]\njoined = 1\n", "line 2: joined must be a text"),
        ('[write]\njoined = "\\u0000"\n', "line 2: joined must be a text without control"),
        ("[write]\nwhitelst = []\n", "line 2: unknown setting .*'whitelist'"),
        ("[folder]\npath = '/a'\n", r"line 1: \[\[folder\]\] must be a list of tables"),
        ("folder = [1]\n", r"line 1: \[\[folder\]\] must be a list of tables"),
        ("[[folder]]\npath = 'a'\n", "line 2: path must be a whole path"),
        ("[[folder]]\nskip = true\n", r"line 1: \[\[folder\]\] needs a path"),
        (
            "[scan]\nalbum = true\n[[folder]]\npath = '/a'\nalbum = true\n"
            "[[folder]]\npath = '/b'\nalbum = 1\n",
            "line 8: album must be true or false",
        ),
        ("scan = 1\n", "line 1: .scan. must be a table"),
        ("[scan\n", "is not valid TOML"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(write, text, words):
    file = write(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load(None)
    assert str(file) in str(caught.value)


def test_a_misspelt_genre_is_named_with_its_line_and_the_nearest_right_one(write):
    file = write(
        '[genres]\nhiphop = "Rap"\nHip-Hop = "Rap"\njaz = []\n'
        '[genre_words]\nSka = ["Jaz"]\n[write]\nwhitelist = ["rap", "Jazz", "Jaz", "Hip-Hop"]\n'
        '[parents]\nRAP = "Urban"\nurban = "Dance"\nJazzz = "Dance"\n'
    )
    assert [*unknown_genres(load(None), ["hiphop", "jazz"])] == [
        f"{file}, line 4: the model has no genre 'jaz'. Did you mean 'jazz'?",
        f"{file}, line 6: the model has no genre 'Jaz'. Did you mean 'jazz'?",
        f"{file}, line 12: no genre is written as 'Jazzz'. Did you mean 'Jazz'?",
        f"{file}, line 8: no genre is written as 'Jaz'. Did you mean 'Jazz'?",
        f"{file}, line 8: no genre is written as 'Hip-Hop'.",
    ]


def test_the_command_line_beats_the_environment_and_that_the_file(
    write, song, toy_model, monkeypatch
):
    write("[scan]\nmin_confidence = 0\ntop = 1\n")

    def genres(*options: object) -> int:
        done = genretag("scan", song(), "--model", toy_model, "--csv", "-", *options)
        assert done.returncode == 0, done.stderr
        return rows(done.stdout)[0]["genre"].count(";") + 1

    assert genres() == 1
    monkeypatch.setenv("GENRETAG_SCAN_TOP", "2")
    assert genres() == 2
    assert genres("--top", 3) == 3


@pytest.fixture
def scanned(monkeypatch):
    """Run `genretag scan` as far as its options, and return them, or what it said."""
    found: list[ScanOptions] = []
    monkeypatch.setattr("tagger.commands.unattended.run_unattended", lambda o: found.append(o) or 0)

    def run(*words: object) -> ScanOptions | str:
        done = genretag("scan", "x", *words)
        return found.pop() if done.returncode == 0 else done.stderr

    return run


def test_what_the_file_turns_on_is_turned_off_on_the_command_line(write, scanned):
    switches = [key for key, value in GOOD.items() if value is True and key != "cache"]
    write("[scan]\n" + "\n".join(f"{key} = true" for key in switches))
    assert all(getattr(scanned(), key) for key in switches)
    off = scanned(*(f"--no-{key.replace('_', '-')}" for key in switches))
    assert not any(getattr(off, key) for key in switches)


def test_of_options_that_exclude_each_other_the_stronger_source_counts(write, scanned, monkeypatch):
    write("[scan]\nappend = true\nmtime = 'bump'\n")
    options = scanned("--overwrite", "--keep-mtime")
    assert (options.append, options.overwrite, options.mtime) == (False, True, "keep")
    monkeypatch.setenv("GENRETAG_SCAN_KEEP_MTIME", "1")
    assert scanned().mtime == "keep"
    assert scanned("--mtime", "now").mtime == "now"


def test_options_that_exclude_each_other_are_refused(scanned):
    assert "--append and --overwrite exclude each other" in scanned("--append", "--overwrite")
    for contradiction in ("now", "bump"):
        said = scanned("--keep-mtime", "--mtime", contradiction)
        assert "--mtime and --keep-mtime exclude each other" in said
    assert scanned("--keep-mtime", "--mtime", "keep").mtime == "keep"


def test_several_names_and_none(write, song, toy_model):
    names = "".join(f'{name} = ["A", "B"]\n' for name in ("classical", "hiphop", "metal"))
    write(f"[genres]\n{names}")
    options = ("--model", toy_model, "--csv", "-", "--min-confidence", 0)
    (row,) = rows(genretag("scan", song(), *options).stdout)
    assert (row["genre"], row["action"]) == ("A; B", "write")
    write(f"[genres]\n{names}".replace('["A", "B"]', "[]"))
    (row,) = rows(genretag("scan", song(), *options).stdout)
    assert (row["status"], row["action"]) == ("ok", "skip")
    assert "config.toml" in row["error"]
    assert row["genre"]


def test_the_commands(write, home, toy_model):
    assert genretag("config", "path").stdout == f"{home / 'config.toml'}\n"
    assert genretag("config", "init").returncode == 0
    assert load(None) == EMPTY
    assert genretag("config", "init").returncode == 1  # nothing is written over
    assert genretag("config", "check").stdout == "The configuration is valid.\n"
    write('[scan]\ntop = 2\n[genres]\njaz = "Cool"\n')
    assert "top = 2" in genretag("config", "show").stdout
    shown = json.loads(genretag("config", "show", "--json").stdout)
    assert shown == {"scan": {"top": 2}, "genres": {"jaz": ["Cool"]}, "genre_words": {}}
    done = genretag("config", "check")
    assert (done.returncode, "Did you mean 'jazz'?" in done.stderr) == (1, True)


def test_all_that_is_wrong_is_named_at_once(write, toy_model):
    file = write(
        "[scan]\ntopp = 2\nmin_confidence = 60\n[genres]\nJazz = 1\n"
        "[[folder]]\npath = 'a'\nskip = 1\n[[folder]]\nalbum = true\n"
    )
    done = genretag("config", "check")
    assert done.returncode == 1
    places = [line.partition(": ")[0] for line in done.stderr.splitlines()]
    places[0] = done.stderr.splitlines()[0].removeprefix("genretag: ").partition(": ")[0]
    assert places == [f"{file}, line {line}" for line in (2, 3, 5, 7, 8, 9)]
    write("[scna]\n[genre]\n")
    assert len(genretag("config", "check").stderr.splitlines()) == 2
    write('[genres]\njaz = "Cool"\nblus = "Cool"\n')
    assert genretag("config", "check").stderr.count("Did you mean") == 2


def test_commands_that_write_take_modification_time_and_owner_from_the_settings(
    write, tmp_path, monkeypatch
):
    from tagger.commands import apply, clear, undo

    seen = {}
    for module, name in ((apply, "run_apply"), (undo, "run_undo"), (clear, "run_clear")):
        monkeypatch.setattr(module, name, lambda given, name=name: seen.update({name: given}) or 0)
    write('[scan]\nmtime = "bump"\nstrict_owner = true\nquiet = true\n')
    other = tmp_path / "other.toml"
    other.write_text('[scan]\nmtime = "keep"\n')
    for words in (["apply", "a.csv"], ["undo"], ["clear", "."]):
        options = run_here(seen, *words)
        assert (options.mtime, options.strict_owner) == ("bump", True)
        assert not getattr(options, "quiet", False)  # not of writing
        assert run_here(seen, *words, "--mtime", "now").mtime == "now"
        assert run_here(seen, *words, "--keep-mtime").mtime == "keep"
        assert not run_here(seen, *words, "--no-strict-owner").strict_owner
        options = run_here(seen, *words, "--config", str(other))
        assert (options.mtime, options.strict_owner) == ("keep", False)


def run_here(seen, command, *words):
    """Run a command of which only the options are looked at."""
    with pytest.raises(SystemExit) as end:
        app([command, *words])
    assert end.value.code == 0
    return seen[f"run_{command}"]


def test_all_sections_are_shown(write):
    file = write(
        '[write]\nwhitelist = "Rap"\n[parents]\nDisco = "Dance"\n'
        '[[folder]]\npath = "/a"\nskip = false\n'
    )
    shown = json.loads(genretag("config", "show", "--json", "--config", file).stdout)
    assert shown["write"] == {"whitelist": ["Rap"]}
    assert shown["parents"] == {"Disco": ["Dance"]}
    assert shown["folder"] == [{"path": str(Path("/a")), "skip": False}]
    assert "[[folder]]\npath = " in genretag("config", "show").stdout
    assert load(None).write == WriteSettings(whitelist=("Rap",))
    assert load(None).folders == (FolderRule(path=Path("/a"), skip=False),)


def test_the_example_shows_settings_that_are_valid(write):
    lines = EXAMPLE.splitlines()
    settings = [line.removeprefix("# ") for line in lines if " = " in line]
    text = "\n".join(
        line if line.startswith("[") else line.removeprefix("# ")
        for line in lines
        if line.removeprefix("# ").startswith("[") or line.removeprefix("# ") in settings
    )
    write(text)
    assert load(None).scan["top"] == 2
    assert load(None).write.joined == "; "
    assert [folder.skip for folder in load(None).folders] == [None, True]
    assert load(None).genres["Pop"] == ()
    assert load(None).parents == {"Disco": ("Dance",), "Metal": ("Rock",)}


def test_the_time_of_a_scan_has_a_key_and_a_variable(write, scanned, monkeypatch):
    """Its field cannot have the name of its key, which is a word of Python."""
    write("[scan]\nfor = '1h30m'\n")
    assert scanned().for_ == "1h30m"
    monkeypatch.setenv("GENRETAG_SCAN_FOR", "2h")
    assert scanned().for_ == "2h"
    assert "--for 3h" in scanned("--for", "3h").command_line()
    assert "'soon' is no time" in scanned("--for", "soon")
