"""What the command line accepts, suggests and explains, before any command does its work."""

from importlib import import_module

import pytest
import typer

from tagger.arguments import new_group, parse_probability, parse_seconds
from tagger.cli import app

PROGRAM = typer.main.get_command(app)


def commands(command, name="genretag"):
    """Yield each command with its full name."""
    for word, inner in getattr(command, "commands", {}).items():
        yield f"{name} {word}", inner
        yield from commands(inner, f"{name} {word}")


COMMANDS = dict(commands(PROGRAM))


def test_help_lists_each_command_with_the_first_line_of_its_own_help():
    """The list of commands is written apart from them, so that `--help` imports none."""
    for module, listed in PROGRAM.modules.items():
        group = new_group("")
        import_module(module).add_to(group)
        added = typer.main.get_group(group).commands
        assert {name: added[name].help.splitlines()[0] for name in added} == listed


def test_a_path_in_place_of_a_command_suggests_scan(genretag, tmp_path):
    folder = tmp_path / "My Music"
    folder.mkdir()
    code, out, err = genretag(folder, "--write-tags")
    assert (code, out) == (2, "")
    assert f"To scan it: genretag scan '{folder}' --write-tags" in err


def test_a_version_in_the_environment_is_no_option(genretag, monkeypatch):
    monkeypatch.setenv("GENRETAG_VERSION", "1.2")
    assert "config.toml" in genretag("config", "path")[1]


def test_a_wrong_variable_in_the_environment_is_named(genretag, monkeypatch, tmp_path):
    monkeypatch.setenv("GENRETAG_SCAN_TOP", "many")
    code, _, err = genretag("scan", tmp_path)
    assert code == 2
    assert "Invalid value for GENRETAG_SCAN_TOP: Input should be a valid integer\n" in err
    assert "Error: Invalid value for '--mtime': 'never'" in genretag("scan", "--mtime", "never")[2]


def test_a_misspelt_command_suggests_the_right_one(genretag):
    code, _, err = genretag("scna", "x")
    assert code == 2
    assert "scan" in err


@pytest.mark.parametrize(("given", "meant"), [("60", "0.6"), ("5.5", "0.055")])
def test_a_percentage_suggests_a_probability(genretag, tmp_path, given, meant):
    code, _, err = genretag("scan", tmp_path, "--min-confidence", given)
    assert code == 2
    assert f"did you mean {meant}?" in err


def test_probabilities():
    assert [parse_probability(text) for text in ("0", "0.6", "1")] == [0, 0.6, 1]
    for text in ("-1", "101", "nan", "much"):
        with pytest.raises(typer.BadParameter):
            parse_probability(text)


def test_seconds():
    assert [parse_seconds(text) for text in ("3.5", "full", 30.0)] == [3.5, float("inf"), 30.0]
    for text in ("0", "-1", "inf", "nan", "soon"):
        with pytest.raises(typer.BadParameter):
            parse_seconds(text)


@pytest.mark.parametrize("name", [name for name, inner in COMMANDS.items() if inner.callback])
def test_every_command_has_an_example_in_its_help(genretag, name):
    if hasattr(COMMANDS[name], "commands"):
        pytest.skip("a group")
    _, out, _ = genretag(*name.split()[1:], "--help")
    assert f"Example: {name}" in " ".join(out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_no_words_of_python(genretag, name):
    _, out, _ = genretag(*name.split()[1:], "--help")
    for word in ("list[", "<str>", "<path>", "{"):
        assert word not in out
