"""Time each stage of a scan alone, in one process.

    python benchmarks/stages.py FOLDER COUNT [MODEL]

Writes genres into the first COUNT tracks of the folder, and prints milliseconds a track as JSON.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in genretag, before numpy is imported

from tagger.audio.decode import decode
from tagger.inference.model import GenreModel
from tagger.inference.vote import vote
from tagger.pipeline.walk import find_music
from tagger.writing.journal import Journal
from tagger.writing.writer import TagWriter

In = TypeVar("In")
Out = TypeVar("Out")


def time_stages(folder: Path, count: int, model: Path | None) -> dict[str, float]:
    """Return milliseconds a track, stage by stage, medians over `count` tracks; writes tags."""
    milliseconds: dict[str, float] = {}

    def clocked(stage: str, work: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
        done, spans = [], []
        for item in items:
            began = time.perf_counter()
            done.append(work(item))
            spans.append(time.perf_counter() - began)
        milliseconds[stage] = round(statistics.median(spans) * 1e3, 3)
        return done

    began = time.perf_counter()
    paths = [file.path for file in find_music([folder])]
    milliseconds["walk"] = round((time.perf_counter() - began) / len(paths) * 1e3, 3)
    network = GenreModel(model, "cpu")
    metadata = network.metadata
    some = paths[:count]
    waves = clocked("decode", lambda path: decode(path, metadata.front_end.sample_rate, 30), some)
    metadata.front_end.compute(waves[0])  # builds the filters, once
    strips = clocked(
        "mel", lambda wave: metadata.grid.whole(metadata.front_end.compute(wave)), waves
    )
    pieces = [metadata.grid.pieces(strip, strip.shape[1])[0][None] for strip in strips]
    windows = clocked("inference", network.window_probabilities, pieces)
    clocked("vote", lambda found: vote(found[0], metadata.voting, metadata.temperature), windows)
    with tempfile.TemporaryDirectory() as state, Journal(Path(state)) as journal:
        writer = TagWriter(journal, "benchmark")
        clocked("write", lambda path: writer.write(path, ["Jazz"]), some)
    return milliseconds


if __name__ == "__main__":
    folder, count, *model = sys.argv[1:]
    print(json.dumps(time_stages(Path(folder), int(count), Path(model[0]) if model else None)))
