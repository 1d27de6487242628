"""The user's settings: one TOML file.

[genres]
hiphop = "Rap"            # a label of the model, or the name it would get: another name
Metal = "Heavy Metal"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tagger.errors import ConfigError, reason
from tagger.paths import chosen_home

FILE_NAME = "config.toml"


@dataclass(frozen=True)
class Config:
    """What the file says."""

    genres: Mapping[str, str] = field(default_factory=dict)


def default_file() -> Path:
    """Return where the file is looked for: in GENRETAG_HOME, or where the platform has it."""
    if home := chosen_home():
        return home / FILE_NAME
    import platformdirs

    return Path(platformdirs.user_config_dir("genretag", appauthor=False)) / FILE_NAME


def load(file: Path | None) -> Config:
    """Read a file that was named, or the default one if it is there.

    Raises:
        ConfigError: it cannot be read, or says something that means nothing here.
    """
    chosen = file or default_file()
    try:
        content = tomllib.loads(chosen.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        if file is None:
            return Config()
        raise ConfigError(f"There is no configuration file {chosen}.") from None
    except OSError as error:
        raise ConfigError(f"The configuration {chosen} cannot be read ({reason(error)}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{chosen} is not in UTF-8; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{chosen} is no TOML: {error}.") from None
    if unknown := set(content) - {"genres"}:
        names = ", ".join(sorted(unknown))
        raise ConfigError(f"{chosen}: {names} means nothing here; [genres] does.")
    genres = content.get("genres", {})
    if not isinstance(genres, dict) or not all(
        isinstance(name, str) and name.strip() for name in genres.values()
    ):
        raise ConfigError(f"{chosen}: [genres] should map a genre to a name, in quotes.")
    return Config(genres)
