"""From clips to a prepared data set."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tagger.decode import decode, is_music
from tagger.errors import DataError, TrackError
from tagger.frontend import FrontEnd
from trainer import data as prepared
from trainer.data import FRONT_END_FILE, TRACKS_FILE, Row

SHARES = (0.7, 0.15, 0.15)


def prepare(
    source: Path,
    output: Path,
    *,
    front_end: FrontEnd,
    seconds: float | None,
    shares: tuple[float, float, float] = SHARES,
    seed: int = 1,
    jobs: int = -1,
    report: Callable[[str], None],
) -> list[Row]:
    """Decode clips in parallel and write their log-mel strips.

    `source` is a folder with a `tracks.csv` (`file,genre,track,split`), or one with a folder per
    genre. Without a split in the table, tracks are dealt out by genre.

    Raises:
        DataError: no clips, fewer than two genres, or none that could be read.
    """
    from joblib import Parallel, delayed

    rows = _find(source)
    if len({row.genre for row in rows}) < 2:  # noqa: PLR2004
        raise DataError(f"{source} has fewer than two genres; a model needs two or more.")
    if not all(row.split for row in rows):
        rows = prepared.split_by_track(rows, shares, seed)
    output.mkdir(parents=True, exist_ok=True)
    # The front end is written last: a folder without it is not mistaken for a finished one.
    (output / FRONT_END_FILE).unlink(missing_ok=True)
    done: list[Row] = []
    tasks = (delayed(_one)(source, output, row, front_end, seconds) for row in rows)
    for row, problem in Parallel(n_jobs=jobs, return_as="generator")(tasks):
        if problem:
            report(f"{source / row.file} {problem}; left out")
        else:
            done.append(row)
    if not done:
        raise DataError(f"No clip of {source} could be read.")
    prepared.write_rows(output / TRACKS_FILE, done)
    prepared.write_front_end(output, front_end)
    return done


def _find(source: Path) -> list[Row]:
    """List the clips by the table, or by the folders."""
    if (source / TRACKS_FILE).exists():
        return prepared.read_rows(source / TRACKS_FILE)
    if not source.is_dir():
        raise DataError(f"{source} is not a folder.")
    files = sorted(path for path in source.glob("*/**/*") if path.is_file() and is_music(path))
    if not files:
        raise DataError(f"{source} has no clips in folders named after their genre.")
    relative = [path.relative_to(source) for path in files]
    return [
        # Folders below the genre's own belong to the name: two discs may both have a track 01.
        Row(path.as_posix(), path.parts[0], "/".join((*path.parts[1:-1], path.stem)), "")
        for path in relative
    ]


def _one(
    source: Path, output: Path, row: Row, front_end: FrontEnd, seconds: float | None
) -> tuple[Row, str | None]:
    """Write the strip of one clip; return its row, or what was wrong with it."""
    try:
        samples = decode(source / row.file, front_end.sample_rate, seconds)
        strip = front_end.compute(samples)
    except TrackError as error:
        return row, str(error)
    file = Path(row.file).with_suffix(".npy")
    (output / file).parent.mkdir(parents=True, exist_ok=True)
    np.save(output / file, strip.astype(front_end.storage))
    seconds_heard = samples.size / front_end.sample_rate
    return replace(row, file=file.as_posix(), seconds=seconds_heard), None


def genres_and_splits(rows: Sequence[Row]) -> str:
    """Return a table of how many tracks each genre has in each split."""
    from trainer.scores import table

    splits = [split for split in prepared.SPLITS if any(row.split == split for row in rows)]
    genres = sorted({row.genre for row in rows})
    return table(
        [
            ("genre", *splits),
            *(
                (genre, *(sum((r.genre, r.split) == (genre, s) for r in rows) for s in splits))
                for genre in genres
            ),
            ("all", *(sum(row.split == split for row in rows) for split in splits)),
        ]
    )
