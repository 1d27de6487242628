"""genretag with a clock at ONNX Runtime: runs it and prints, last, when it computed.

The last line is JSON: the wall time of the program, the part of it in which ONNX Runtime was
computing, and the seconds until it had its first tracks.
"""

import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in genretag, before numpy is imported
STARTED = time.perf_counter()

from typing import Any  # noqa: E402

from tagger.cli import app  # noqa: E402
from tagger.inference import model  # noqa: E402

spans: list[tuple[float, float]] = []
plain = model.GenreModel.window_probabilities


def clocked(self: model.GenreModel, strips: Any) -> Any:
    """Answer as the model does, and note when."""
    began = time.perf_counter()
    answer = plain(self, strips)
    spans.append((began, time.perf_counter()))
    return answer


model.GenreModel.window_probabilities = clocked  # type: ignore[method-assign]
try:
    app()
except SystemExit as end:
    if end.code not in (0, None):
        raise
wall = time.perf_counter() - STARTED
tracks = spans[1:]  # the first call only tries the model
print(
    json.dumps(
        {
            "wall": wall,
            "computing": sum(end - began for began, end in tracks),
            "first": tracks[0][0] - STARTED,
            "last": tracks[-1][1] - STARTED,
        }
    ),
    file=sys.stderr,
)
