"""Keras, imported without the log lines of what lies below it.

Every module that needs Keras takes it from here, so what it needs around it is there before. The
import takes seconds: what can be checked without it is checked first.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from tagger.errors import GenretagError
from tagger.runtime.interrupt import told_to_stop

__all__ = ["keras", "layers", "set_seed"]

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
NO_LOG = "3"
LOG_LINE = re.compile(
    rb"[IWE]\d{4} \d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|WARNING: All log messages before absl|To enable the following instructions:"
)


@contextmanager
def without_log() -> Iterator[None]:
    """Keep the log of TensorFlow off standard error, and nothing else that is said there.

    The variable that is meant for it comes too late for the lines of libraries that are being
    loaded. Who sets it gets the lines.
    """
    if os.environ.get(LOG_LEVEL, NO_LOG) != NO_LOG or sys.stderr is None:
        yield
        return
    os.environ[LOG_LEVEL] = NO_LOG
    sys.stderr.flush()
    shown = os.dup(2)
    with TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
            said.seek(0)
            os.write(2, b"".join(line for line in said if not LOG_LINE.match(line)))


try:
    # Of a Ctrl-C, half-loaded libraries make errors of their own: it counts when they are loaded.
    with told_to_stop() as _stop, without_log():
        import keras
        from keras import layers
except ModuleNotFoundError as error:
    raise GenretagError(
        f"The trainer needs {error.name}, which is not installed; pip install 'genretag[train]' "
        "brings Keras and TensorFlow, and other backends have packages of their own."
    ) from None
if _stop.is_set():
    raise KeyboardInterrupt


def set_seed(seed: int) -> None:
    """Seed everything random; Keras loads TensorFlow for that under other backends, too."""
    with without_log():
        keras.utils.set_random_seed(seed)
