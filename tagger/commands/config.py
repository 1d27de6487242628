"""The work of `genretag config`."""

import json
from pathlib import Path

from tagger import config
from tagger.errors import ConfigError, ExitCode, reason
from tagger.inference.metadata import read_metadata
from tagger.output.console import printable


def run_show(file: Path | None, *, as_json: bool) -> ExitCode:
    """Show the settings.

    Raises:
        ConfigError: the file has a wrong key or value.
    """
    settings = config.load(file)
    content = {
        "scan": dict(settings.scan),
        "genres": dict(settings.genres),
        "genre_words": dict(settings.genre_words),
        "review": dict(settings.review),
    }
    if as_json:
        print(json.dumps(content, indent=1))
        return ExitCode.DONE
    for section, table in content.items():
        print(f"[{section}]")
        for key, value in table.items():
            print(f"{printable(key)} = {json.dumps(value, ensure_ascii=False)}")
    return ExitCode.DONE


def run_path() -> ExitCode:
    """Print where the configuration is looked for."""
    print(config.default_file())
    return ExitCode.DONE


def run_init() -> ExitCode:
    """Write a configuration with comments and no settings.

    Raises:
        ConfigError: there is one already, or it cannot be written.
    """
    file = config.default_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(config.EXAMPLE)
    except FileExistsError:
        raise ConfigError(f"{file} exists already; it is left as it is.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({reason(error)}).") from None
    print(f"Wrote {file}.")
    return ExitCode.DONE


def run_check(file: Path | None, model: Path) -> ExitCode:
    """Check keys, values and genres.

    Raises:
        ConfigError: the first thing that is wrong.
    """
    settings = config.load(file)
    labels = read_metadata(model).labels
    for sentence in config.unknown_genres([*settings.genres, *settings.meant_genres], labels):
        raise ConfigError(f"{file or config.default_file()}: {sentence}")
    print("The configuration is valid.")
    return ExitCode.DONE
