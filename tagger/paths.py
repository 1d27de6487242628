"""The folders of genretag's own files."""

import os
import stat
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
        StateError: it does not exist and cannot be made, may not be written, or may be written by
            every user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            problem = "it may not be written"
        elif os.name != "nt" and folder.stat().st_mode & stat.S_IWOTH:
            # Whoever adds to the journal says what an undo writes.
            problem = "every user may write into it: chmod o-w it"
        else:
            problem = ""
    except (FileExistsError, NotADirectoryError):
        problem = "it is not a folder"
    except OSError as error:
        problem = reason(error)
    if problem:
        raise StateError(
            f"The folder {folder} for journal and cache cannot be used ({problem});"
            " set GENRETAG_HOME to a folder that can be written."
        )
