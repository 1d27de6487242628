"""Run genretag and time ONNX Runtime in it.

The last line on standard error is JSON, in seconds: the wall time of the program, the time that
ONNX Runtime spent computing, and when its first and its last batch were computed.
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
    """Return the probabilities of the model, and note start and end."""
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
tracks = spans[1:]  # the first call only warms the model up
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
