"""The documents agree with the code."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tagger.cli import app as tagger_app
from tagger.output.table import COLUMNS
from tagger.tracks import Action, Status
from trainer.cli import app as trainer_app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = (
    ROOT / "README.md",
    ROOT / "tagger/models/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
)


def commands(name, command):
    """Yield the commands of a program and their subcommands with their full names."""
    for word, inner in getattr(command, "commands", {}).items():
        yield f"{name} {word}", inner
        yield from commands(f"{name} {word}", inner)


OF_OTHER_PROGRAMS = {
    *("--help", "--no-deps"),  # pip's is the second
    *("--now", "--user"),  # systemctl; docker has --user, too
    *("--network", "--rm"),  # docker
    "--full",  # navidrome
    *("--nthreads", "--nworkers", "--port", "--protocol"),  # dask
    *("--rounds", "--tracks"),  # benchmarks/cluster.py
}

PROGRAMS = {
    "genretag": typer.main.get_command(tagger_app),
    "genretag-train": typer.main.get_command(trainer_app),
}
COMMANDS = {
    full: command for name, program in PROGRAMS.items() for full, command in commands(name, program)
}


def test_the_readme_lists_every_command_and_no_other():
    table = README.split("\n## Commands\n")[1].split("\n#")[0]
    listed = re.findall(r"^\| `(genretag[\w -]*)` \|", table, re.M)
    commands = [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]
    missing = [f"| `{name}` | what it does |" for name in commands if name not in listed]
    assert not missing, "Add to the table of commands in README.md:\n" + "\n".join(missing)
    gone = [name for name in listed if name not in commands]
    assert not gone, f"Remove from the table of commands in README.md: {gone}"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_complete_on_a_narrow_terminal(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    program, *words = command.split()
    app = {"genretag": tagger_app, "genretag-train": trainer_app}[program]
    shown = CliRunner().invoke(app, [*words, "-h"]).output
    joined = "".join(shown.split())
    for parameter in COMMANDS[command].params:
        assert "".join((getattr(parameter, "help", "") or "").split()) in joined


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_values_in_capitals_and_without_python_types(command):
    program, *words = command.split()
    app = {"genretag": tagger_app, "genretag-train": trainer_app}[program]
    shown = CliRunner().invoke(app, [*words, "-h"]).output
    usage = shown.split("\n\n")[0].partition(" [OPTIONS]")[2]
    assert usage == usage.upper()
    assert re.findall(r"<(?:int|float|str|path|list)\b", shown) == []


@pytest.mark.parametrize("words", ["", "cache", "config", "model"])
def test_no_command_is_cut_short_where_it_is_listed(words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, _, listed = CliRunner().invoke(tagger_app, [*words.split(), "-h"]).output.partition("]...")
    assert "Commands:" in listed
    assert "..." not in listed
    assert "env var" not in listed


def test_every_option_of_the_tagger_is_in_the_readme():
    options = {
        option
        for command in COMMANDS
        if command.startswith("genretag ")
        for parameter in COMMANDS[command].params
        for option in getattr(parameter, "opts", ())
        if option.startswith("--") and option != "--help"
    }
    assert len(options) > 15
    assert [option for option in sorted(options) if f"`{option}" not in README] == []


def test_every_column_status_and_action_is_in_the_readme():
    missing = [word for word in (*COLUMNS, *Status, *Action) if f"`{word}`" not in README]
    assert missing == []


def test_options_in_the_documents_exist():
    known = {
        option
        for body in COMMANDS.values()
        for parameter in body.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", text))
    unknown = {option for option in named - known if option not in OF_OTHER_PROGRAMS}
    assert not unknown, f"The documents name options that no command has: {sorted(unknown)}"


CALL = re.compile(r"\s*(?:[\d* ]+|ExecStart=|docker run .* )?(?:\S*/)?(genretag(?:-train)?) (.+)")


def calls(text):
    """Yield what is called in the blocks of a page: the program, and its words."""
    for block in re.findall(r"^```\w+\n(.*?)^```", text, re.M | re.S):
        # Compose has the words alone; the entry point of the image is the program.
        lines = block.replace("\\\n", " ").replace(" command: ", " genretag ")
        for line in re.split(r"\n| && | \| ", lines):
            if found := CALL.fullmatch(line):
                yield found[1], shlex.split(found[2], comments=True)


def parse(program, words):
    """Let the command line read these words, and run nothing."""
    command, words = PROGRAMS[program], [*words]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(program, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_command_line_takes_the_commands_of_the_documents(page, home):
    for program, words in calls(page.read_text("utf-8")):
        parse(program, words)


def test_recipes_of_every_kind_are_found():
    found = {" ".join(words[:2]) for _, words in calls((ROOT / "docs/servers.md").read_text())}
    assert found >= {"scan ~/Music", "scan %h/Music", "scan /music"}
    with pytest.raises(KeyError):
        parse("genretag", ["scam", "~/Music"])


@pytest.mark.parametrize(
    "command", [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]
)
def test_the_help_of_every_command_ends_with_an_example_that_works(command, home):
    program, _, example = COMMANDS[command].epilog.removeprefix("Example: ").partition(" ")
    words = shlex.split(re.sub(r" [(>].*", "", example))
    assert f"{program} {example}".startswith(f"{command}")
    parse(program, words)


def anchors(page):
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def test_links_lead_somewhere():
    for page in (*PAGES, ROOT / "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^):]+)\)", page.read_text("utf-8")):
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
            assert file.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def test_ci_runs_the_commands_of_the_readme():
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    blocks = re.findall(r"```sh\n(python3 -m venv .*)\n```", README)
    assert len(blocks) == 2
    assert "README.md" in ci
