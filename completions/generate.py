"""Write the completion scripts of both commands: `python completions/generate.py [--check]`.

They ask the command itself what may follow, so they stay true to it. Those for bash and fish come
from Typer.
"""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
COMMANDS = {"genretag": "tagger.cli", "genretag-train": "trainer.cli"}

# Typer's own function for zsh loses quotation marks in descriptions. This one asks as fish does: a
# line for each word that may follow, with a tab before its description.
ZSH_FUNCTION = """_{name}_completion() {{
  local line
  local -a described
  for line in "${{(@f)$(env COLUMNS=1000 _TYPER_COMPLETE_ARGS="${{words[1,$CURRENT]}}" \\
      _TYPER_COMPLETE_FISH_ACTION=get-args _{variable}_COMPLETE=complete_fish {command})}}"; do
    [[ -n $line ]] && described+=("${{${{line%%$'\\t'*}}//:/\\\\:}}:${{line#*$'\\t'}}")
  done
  if (( $#described )); then
    _describe '{command}' described
  else
    _files
  fi
}}

compdef _{name}_completion {command}
"""

# When zsh loads the file by itself, at the first Tab, it runs it in place of the completion that
# the file defines.
ZSH_FIRST_TAB = 'if [[ ${funcstack[1]} = _genretag ]]; then\n  ${_comps[$service]} "$@"\nfi\n'


def script(command: str, module: str, shell: str) -> str:
    """Return Typer's completion script of one command."""
    variable = f"_{command.replace('-', '_').upper()}_COMPLETE"
    done = subprocess.run(
        [sys.executable, "-c", f"from {module} import app; app(prog_name={command!r})"],
        env={**os.environ, variable: f"source_{shell}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip() + "\n"


def zsh_function(command: str) -> str:
    """Return the completion function of one command for zsh."""
    name = command.replace("-", "_")
    return ZSH_FUNCTION.format(command=command, name=name, variable=name.upper())


def scripts() -> dict[Path, str]:
    """Return the content of each file."""
    made = {
        shell: [script(command, module, shell) for command, module in COMMANDS.items()]
        for shell in ("bash", "fish")
    }
    zsh = [zsh_function(command) for command in COMMANDS]
    return {
        FOLDER / "genretag.bash": "\n".join(made["bash"]),
        FOLDER / "_genretag": "\n".join([f"#compdef {' '.join(COMMANDS)}", *zsh, ZSH_FIRST_TAB]),
        FOLDER / "genretag.fish": "\n".join(made["fish"]),
    }


def main() -> int:
    """Write the files, or with --check tell whether they are current."""
    stale = [
        path
        for path, text in scripts().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.name} is not current; run python completions/generate.py")
        return 1 if stale else 0
    for path, text in scripts().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
