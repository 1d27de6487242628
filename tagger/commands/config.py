"""The work of `genretag config`."""

import json
from pathlib import Path
from typing import Any

from tagger.errors import ConfigError, ExitCode, reason
from tagger.inference.metadata import read_metadata
from tagger.output.console import printable
from tagger.settings.content import unknown_genres
from tagger.settings.file import EXAMPLE, default_file, load
from tagger.settings.schema import set_fields


def run_show(file: Path | None, *, as_json: bool) -> ExitCode:
    """Show the settings.

    Raises:
        ConfigError: the file has a wrong key or value.
    """
    settings = load(file)
    content: dict[str, Any] = {
        "scan": dict(settings.scan),
        "genres": dict(settings.genres),
        "genre_words": dict(settings.genre_words),
    }
    if settings.parents:
        content["parents"] = dict(settings.parents)
    for name, record in (("write", settings.write), ("review", settings.review)):
        if given := set_fields(record):
            content[name] = given
    if settings.folders:
        content["folder"] = [set_fields(rule) for rule in settings.folders]
    if as_json:
        print(json.dumps(content, indent=1))
        return ExitCode.DONE
    for section, value in content.items():
        tables = value if isinstance(value, list) else [value]
        for table in tables:
            print(f"[[{section}]]" if tables is value else f"[{section}]")
            for key, one in table.items():
                print(f"{printable(key)} = {json.dumps(one, ensure_ascii=False)}")
    return ExitCode.DONE


def run_path() -> ExitCode:
    """Print where the configuration is looked for."""
    print(default_file())
    return ExitCode.DONE


def run_init() -> ExitCode:
    """Write a configuration with comments and no settings.

    Raises:
        ConfigError: there is one already, or it cannot be written.
    """
    file = default_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(EXAMPLE)
    except FileExistsError:
        raise ConfigError(f"{file} exists already; it is left as it is.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({reason(error)}).") from None
    print(f"Wrote {file}.")
    return ExitCode.DONE


def run_check(file: Path | None, model: Path) -> ExitCode:
    """Check keys, values and genres.

    Raises:
        ConfigError: all that is wrong, each in a line of its own.
    """
    settings = load(file)
    labels = read_metadata(model).labels
    if problems := [*unknown_genres(settings, labels)]:
        raise ConfigError("\n".join(problems))
    print("The configuration is valid.")
    return ExitCode.DONE
