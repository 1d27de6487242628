import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPLETIONS = Path(__file__).parents[1] / "completions"


def test_completion_scripts_are_up_to_date():
    done = subprocess.run(
        [sys.executable, COMPLETIONS / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["genretag", "sc"], {"scan"}),
        (["genretag", "scan", "--wri"], {"--write-tags"}),
        (["genretag", "scan", "--device", "c"], {"cpu", "cuda"}),
        (["genretag-train", "e"], {"evaluate", "export"}),
        (["genretag-train", "fit", "--bal"], {"--balance"}),
    ],
)
def test_bash_completes_commands_and_options(words, offered):
    function = f"_{words[0].replace('-', '_')}_completion"
    script = (
        f"source '{COMPLETIONS / 'genretag.bash'}'\n"
        f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}\n"
        f"{function} {words[0]}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == offered


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("genretag sc", "scan:Show the genre of each track"),
        ("genretag scan --device c", "cuda:cuda"),
        ("genretag-train ev", "evaluate:"),
    ],
)
def test_a_real_zsh_completes_with_descriptions(words, offered):
    """`zsh -f` reads no start-up files; `_describe` and `compdef` come with `compinit`."""
    program = words.split()[0]
    script = (
        'compdef() {}; _files() {}; _describe() { print -rl -- "${(@P)2}" }\n'
        f"source '{COMPLETIONS / '_genretag'}'\n"
        f"words=({words}); CURRENT=$#words\n"
        f"_{program.replace('-', '_')}_completion"
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["zsh", "-f", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert offered in done.stdout


def test_quotation_marks_survive_in_zsh():
    """Its own function describes words, since that of Typer drops apostrophes."""
    script = (COMPLETIONS / "_genretag").read_text("utf-8")
    assert "_describe" in script
    assert "complete_zsh" not in script
