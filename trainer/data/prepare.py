"""From clips to a prepared data set."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tagger.audio.frontend import FrontEnd
from tagger.audio.log_mel import MelStrip
from tagger.audio.pictures import SpectrogramPicture
from tagger.audio.summary import SummaryFeatures
from tagger.errors import DataError
from tagger.output.console import count_of, printable
from trainer.data import dataset as prepared
from trainer.data import gtzan, splits
from trainer.data.dataset import FRONT_END_FILE
from trainer.data.decoding import make_strips
from trainer.data.feature_table import (
    is_feature_table,
    read_feature_table,
    save_features,
    write_feature_table,
)
from trainer.data.groups import with_copies
from trainer.data.images import is_picture
from trainer.data.library import find_tagged
from trainer.data.manifest import STAMPS_FILE, Stamp, Stamps
from trainer.data.preparation import Preparation, Progress, Report
from trainer.data.sources import find_clips, find_unlabelled
from trainer.data.splits import Split
from trainer.data.stacked_strips import is_stacked, prepare_stacked
from trainer.data.tracks_table import TRACKS_FILE, UNLABELLED, Row, write_rows
from trainer.data.windows import BY_WINDOW, SPLITS
from trainer.files import PARTS, writing


def prepare(
    source: Path,
    output: Path,
    how: Preparation,
    *,
    report: Report,
    progress: Progress = lambda *_: None,
) -> list[Row]:
    """Decode clips in parallel and write their strips, but no strip that is there already.

    `source` is a folder with a `tracks.csv` (`file,genre`, and as far as known `track,split,
    artist`), one with a folder per genre, or any music: with `from_tags` for the genres of its
    tags, with `unlabelled` for none. One with stacks of ready strips is converted.

    Raises:
        DataError: no clips, fewer than two genres, none that could be read, a split that cannot be
            made, or a folder that cannot be written.
    """
    if is_feature_table(source):
        return _prepare_features(source, output, how, report)
    if not source.is_dir():
        raise DataError(f"{source} is not a folder.")
    if is_stacked(source):
        return _prepare_stacked(source, output, how, report, progress)
    if how.unlabelled:
        rows, is_gtzan = find_unlabelled(source), False
    elif how.from_tags:
        rows, is_gtzan = find_tagged(source, how.min_tracks, report), False
    else:
        rows, is_gtzan = find_clips(source, report)
    _check_genres(rows, source)
    if any(is_picture(Path(row.file)) for row in rows) and not isinstance(
        how.front_end, SpectrogramPicture
    ):
        raise DataError(
            f"{source} has pictures; --front-end spectrogram-picture takes them as they are, "
            "and --pictures-of says of which clips they are."
        )
    split = how.split or splits.usual(rows, is_gtzan=is_gtzan)
    if split is Split.TABLE:
        rows = splits.from_table(rows, report)
    if split is Split.FAULT_FILTERED:
        if not is_gtzan:
            raise DataError(f"{source} is not GTZAN, and --split {split} is a list of its tracks.")
        rows = splits.fault_filtered(rows, report)
    begin(source, output)
    stamps = Stamps(output, {"front_end": how.front_end.to_dict(), "seconds": how.seconds})
    assignment = how.assignment(split)
    before = assignment.before(output, stamps.known.values(), report)
    found = make_strips(source, output, rows, how, stamps, report, progress)
    usable = list(_without_duplicates(rows, found, report))
    _report_short(usable, how.front_end, report)
    rows = [replace(row, file=stamp.strip, seconds=stamp.seconds) for row, stamp in usable]
    _check_genres(rows, source)
    if assignment.shares:
        audio = [stamp.audio for _, stamp in usable]
        rows = list(map(before.keep_split, rows, audio))
        rows = with_copies(rows, output, how.front_end, report, progress)
    rows = how.assigned(rows, split, report)
    write_rows(output / TRACKS_FILE, rows)
    if isinstance(how.front_end, SummaryFeatures):
        write_feature_table(output, rows)
    assignment.write(output)
    prepared.write_front_end(output, how.front_end)
    return rows


def _prepare_features(source: Path, output: Path, how: Preparation, report: Report) -> list[Row]:
    """Convert a table of ready features, see `trainer.data.feature_table`."""
    features = read_feature_table(source)
    if clips := gtzan.recognise(list(features)):
        features = dict(zip(clips, features.values(), strict=True))
    _check_genres(list(features), source)
    split = how.split or splits.usual(list(features), is_gtzan=clips is not None)
    if split is Split.TABLE or (split is Split.FAULT_FILTERED and not clips):
        raise DataError(f"{source} cannot be prepared with --split {split}.")
    begin(source, output)
    rows = save_features(output, features)
    if split is Split.FAULT_FILTERED:
        rows = splits.fault_filtered(rows, report)
    rows = how.assigned(rows, split, report)
    report(
        f"{count_of(len(rows), 'track')} of ready features; genretag scan computes its own, which "
        "may differ from these."
    )
    write_rows(output / TRACKS_FILE, rows)
    how.assignment(split).write(output)
    prepared.write_front_end(output, SummaryFeatures())
    return rows


def _prepare_stacked(
    source: Path, output: Path, how: Preparation, report: Report, progress: Progress
) -> list[Row]:
    """Convert stacks of ready strips, see `trainer.data.stacked_strips`."""
    if not isinstance(how.front_end, MelStrip):
        raise DataError(f"{source} holds log-mel strips, which --front-end cannot change.")
    if how.split not in (None, Split.STRATIFIED, Split.KFOLD):
        raise DataError(f"{source} can be prepared with --split stratified or kfold alone.")
    begin(source, output)
    how.assignment(how.split or Split.STRATIFIED).write(output)

    def assign(rows: list[Row]) -> list[Row]:
        rows = with_copies(rows, output, how.front_end, report, progress)
        return how.assigned(rows, how.split or Split.STRATIFIED, report)

    rows = prepare_stacked(source, output, how.front_end, assign=assign, progress=progress)
    report(f"{count_of(len(rows), 'strip')} converted")
    return rows


def _check_genres(rows: Sequence[Row], source: Path) -> None:
    if not rows:
        raise DataError(f"No clip of {source} can be used.")
    if len({row.genre for row in rows} - {UNLABELLED}) == 1:
        raise DataError(f"{source} has fewer than two genres; a model needs two or more.")


def begin(source: Path, output: Path) -> None:
    """Take a prepared folder, if there is one, out of use until it is finished again.

    Raises:
        DataError: the folder holds somebody else's table, or cannot be written.
    """
    if output.exists() and not output.is_dir():
        raise DataError(f"{output} is not a folder.")
    ours = any((output / name).exists() for name in (FRONT_END_FILE, STAMPS_FILE))
    same = output.exists() and output.samefile(source)
    if same or ((output / TRACKS_FILE).exists() and not ours):
        raise DataError(f"{output} holds other things; name a new folder for the prepared data.")
    with writing(output, then=""):
        # It is written last: a folder without it is not mistaken for a finished one.
        (output / FRONT_END_FILE).unlink(missing_ok=True)
        for part in output.rglob(PARTS):  # what a killed run left
            part.unlink()


def _without_duplicates(
    rows: Sequence[Row], stamps: dict[str, Stamp], report: Report
) -> Iterator[tuple[Row, Stamp]]:
    """Yield the rows with a clip that could be decoded, but no audio twice or in two genres."""
    alike: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.file in stamps:
            alike[stamps[row.file].audio].append(row)
    for first, *others in alike.values():
        genres = {row.genre for row in (first, *others)}
        if len(genres) > 1:
            names = " and ".join(f"{row.file} ({row.genre})" for row in (first, *others))
            report(f"{printable(names)} are the same audio under different genres; left out")
            continue
        for row in others:
            report(f"{printable(row.file)} is the same audio as {printable(first.file)}; left out")
        yield first, stamps[first.file]


def _report_short(usable: Sequence[tuple[Row, Stamp]], front_end: FrontEnd, report: Report) -> None:
    """Say which clips are shorter than a window, since `genretag scan` leaves such files alone."""
    least = front_end.samples_for(front_end.grid.window) / front_end.sample_rate
    if short := [row for row, stamp in usable if stamp.seconds < least]:
        report(
            f"{count_of(len(short), 'clip')} shorter than a window of {least:.1f} s, such as "
            f"{printable(short[0].file)}: repeated to fill one"
        )


def genres_and_splits(rows: Sequence[Row]) -> str:
    """Return a table of how many tracks each genre has in each split or fold."""
    from trainer.tables import table

    folds = sorted({row.fold for row in rows if row.fold}, key=int)
    parts = folds or [
        split
        for split in (*SPLITS, BY_WINDOW)
        if any(row.split.split(" ")[0] == split for row in rows)
    ]
    counts = Counter((row.genre, row.fold or row.split.split(" ")[0]) for row in rows)
    genres = sorted({row.genre for row in rows})
    return table(
        [
            ("genre", *(f"fold {part}" if folds else part for part in parts)),
            *((genre, *(counts[genre, part] for part in parts)) for genre in genres),
            ("all", *(sum(counts[genre, part] for genre in genres) for part in parts)),
        ]
    )
