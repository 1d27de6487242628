"""The file with the user's settings, one in TOML; `EXAMPLE` shows what can be in it."""

from pathlib import Path

from tagger.errors import ConfigError, reason
from tagger.paths import chosen_home
from tagger.settings.schema import Config, Source

FILE_NAME = "config.toml"

EXAMPLE = """\
# Settings of genretag. What is on the command line, or in the environment (GENRETAG_SCAN_TOP=2),
# takes the place of what is here.

[scan]
# Every option of "genretag scan" can stand here, such as:
# min_confidence = 0.6
# top = 2
# exclude = ["Podcasts", "*/Live/*"]
# mtime = "bump"
# nice = true
# for = "4h"
# log = "~/genretag.log"
# after = "mpc --quiet update"

[genres]
# A genre can get another name, several names, or none; then it is never written:
# Hip-Hop = "Rap"
# Jazz = ["Jazz", "Instrumental"]
# Pop = []

[parents]
# A broader genre that is written beside a name, after it:
# Disco = "Dance"
# Metal = ["Rock"]

[genre_words]
# Words in your tags that "genretag audit" does not know, with the genres that they are kinds of:
# "Dungeon Synth" = "Metal"
# Schlager = ["Pop", "Country"]

[write]
# No other genres than these are written:
# whitelist = ["Rap", "Jazz", "Instrumental"]
# What separates several genres in ID3v2.3, which has no lists:
# id3v23_separator = "/"
# For players that read one value: all genres of a file in one, separated by this:
# joined = "; "
# Note beside a genre that scan or apply writes where it came from, in GENRE_SOURCE:
# provenance = true

[review]
# What plays a track in "genretag review":
# player = "ffplay -nodisp -autoexit -ss {start} -t {seconds} {file}"

# Other settings for a folder and what is below it; of several, the innermost counts:
# [[folder]]
# path = "~/Music/Live"
# min_confidence = 0.8
# album = true
#
# [[folder]]
# path = "~/Music/Podcasts"
# skip = true
"""


def default_file() -> Path:
    """Return the path of the configuration: in GENRETAG_HOME, or in the platform's folder."""
    if home := chosen_home():
        return home / FILE_NAME
    import platformdirs

    return Path(platformdirs.user_config_dir("genretag", appauthor=False)) / FILE_NAME


def load(file: Path | None = None) -> Config:
    """Read a file that was named, or the default one if it exists.

    Raises:
        ConfigError: it cannot be read, or has a wrong key or value.
    """
    chosen = file or default_file()
    try:
        text = chosen.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        if file is None:
            return Config(source=Source(file=chosen))
        raise ConfigError(f"There is no configuration file {chosen}.") from None
    except OSError as error:
        raise ConfigError(f"The configuration {chosen} cannot be read ({reason(error)}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{chosen} is not in UTF-8; save it as UTF-8.") from None
    from tagger.settings.content import parse  # most users have no file, and start without it

    return parse(Source(file=chosen, text=text))
