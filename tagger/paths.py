"""The folders of genretag's own files."""

import os
from pathlib import Path

from tagger.errors import StateError, reason


def state_folder() -> Path:
    """Return the folder of the state: GENRETAG_HOME, or the platform's user data folder."""
    if home := chosen_home():
        return home
    import platformdirs

    return Path(platformdirs.user_data_dir("genretag", appauthor=False))


def chosen_home() -> Path | None:
    """Return what GENRETAG_HOME names, in full; None if it is not set, or empty."""
    home = os.environ.get("GENRETAG_HOME")
    return Path(home).absolute() if home else None


def make_folder(folder: Path) -> None:
    """Make sure that the folder of the state exists and can be written.

    Raises:
        StateError: it does not exist and cannot be made, or it may not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        problem = "" if os.access(folder, os.W_OK | os.X_OK) else "it may not be written"
    except (FileExistsError, NotADirectoryError):
        problem = "it is not a folder"
    except OSError as error:
        problem = reason(error)
    if problem:
        raise StateError(
            f"The folder {folder} for journal and cache cannot be used ({problem});"
            " set GENRETAG_HOME to a folder that can be written."
        )
