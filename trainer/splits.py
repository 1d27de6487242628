"""Dealing tracks out to training, validation and test, whole artists at a time."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np

from tagger.console import count_of
from tagger.errors import DataError
from trainer import gtzan
from trainer.data import BY_WINDOW, FLATTERING, SPLITS, Row

Report = Callable[[str], None]


class Split(StrEnum):
    """Where the splits come from."""

    FAULT_FILTERED = "fault-filtered"  # the published lists of GTZAN
    STRATIFIED = "stratified"  # dealt out here, each genre in the same shares
    TABLE = "tracks.csv"
    KFOLD = "kfold"
    WINDOWS = "windows"  # not tracks but windows, at random; only to compare with old papers


def usual(rows: Sequence[Row], *, is_gtzan: bool) -> Split:
    """Return the split to use when none is asked for.

    Raises:
        DataError: the table has a split for some tracks and none for others.
    """
    with_split = sum(bool(row.split) for row in rows)
    if with_split == len(rows):
        return Split.TABLE
    if with_split:
        raise DataError(
            f"tracks.csv gives a split for {with_split} of {len(rows)} tracks; give one for all "
            f"of them, or say --split {Split.STRATIFIED}."
        )
    return Split.FAULT_FILTERED if is_gtzan else Split.STRATIFIED


def from_table(rows: Sequence[Row], report: Report) -> list[Row]:
    """Check the splits that the rows have.

    Raises:
        DataError: no split, an unknown one, or a track in two of them.
    """
    splits: dict[tuple[str, str], str] = {}
    of_group: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.split not in SPLITS:
            raise DataError(f"tracks.csv: {row.split!r}, of {row.file}, is not one of {SPLITS}.")
        if splits.setdefault(row.key, row.split) != row.split:
            raise DataError(f"tracks.csv has {row.genre}/{row.track} in two splits.")
        of_group[row.group].add(row.split)
    divided = sorted(group for group, found in of_group.items() if group and len(found) > 1)
    if divided:
        report(
            f"tracks.csv has {len(divided)} artists or albums in more than one split, such as "
            f"{divided[0]}; figures will be flattered."
        )
    return list(rows)


def fault_filtered(rows: Sequence[Row], report: Report) -> list[Row]:
    """Give GTZAN its published splits; tracks in none of the lists are left out."""
    lists = gtzan.fault_filtered()
    kept = [replace(row, split=lists[row.key]) for row in rows if row.key in lists]
    if left_out := len(rows) - len(kept):
        report(f"{count_of(left_out, 'track')} in none of the fault-filtered lists; left out")
    return kept


def stratified(
    rows: Sequence[Row], shares: tuple[float, float, float], seed: int, report: Report
) -> list[Row]:
    """Deal the rows out to train, valid and test in these shares."""
    places = deal(rows, shares, seed)
    _warn_of_unknown_groups(rows, report)
    names = {place: SPLITS[place] for place, share in enumerate(shares) if share}
    _warn_of_gaps(rows, places, names, report)
    return [replace(row, split=SPLITS[place]) for row, place in zip(rows, places, strict=True)]


def folds(rows: Sequence[Row], count: int, seed: int, report: Report) -> list[Row]:
    """Deal the rows out to `count` folds of the same size."""
    _warn_of_unknown_groups(rows, report)
    places = deal(rows, [1.0] * count, seed)
    _warn_of_gaps(rows, places, {n: f"fold {n + 1}" for n in range(count)}, report)
    return [
        replace(row, split="", fold=str(place + 1)) for row, place in zip(rows, places, strict=True)
    ]


def by_window(rows: Sequence[Row], report: Report) -> list[Row]:
    """Let the windows of every track be dealt out, which is no honest split, and say so."""
    report(f"This split is flattering: {FLATTERING}.")
    return [replace(row, split=BY_WINDOW) for row in rows]


def deal(rows: Sequence[Row], shares: Sequence[float], seed: int) -> list[int]:
    """Return the index of a share for each row, as even over genres as whole groups allow.

    A group is an artist or album, or a track where neither is known. The largest groups are dealt
    first, each to where most tracks of its genres are still missing; what has no share gets none.
    """
    genres = sorted({row.genre for row in rows})
    # A track with several rows goes by the first of them.
    group_of: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in rows:
        group_of.setdefault(row.key, (row.group,) if row.group else row.key)
    counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for (genre, _), group in group_of.items():
        counts[group][genre] += 1

    order = sorted(counts)
    np.random.default_rng(seed).shuffle(order)
    order.sort(key=lambda group: -counts[group].total())
    in_all = Counter(genre for genre, _ in group_of)
    open_shares = [index for index, share in enumerate(shares) if share > 0]
    missing = {
        index: {genre: shares[index] / sum(shares) * in_all[genre] for genre in genres}
        for index in open_shares
    }
    place_of = {}
    for group in order:

        def need(index: int, its: Counter[str] = counts[group]) -> tuple[float, float]:
            """Return what is missing of these genres there, and of all of them, for a tie."""
            of_these = sum(number * missing[index][genre] for genre, number in its.items())
            return round(of_these, 6), sum(missing[index].values())

        place = max(open_shares, key=need)
        place_of[group] = place
        for genre, number in counts[group].items():
            missing[place][genre] -= number
    return [place_of[group_of[row.key]] for row in rows]


def _warn_of_gaps(
    rows: Sequence[Row], places: Sequence[int], names: Mapping[int, str], report: Report
) -> None:
    """Say which genres are missing in the places that have a name."""
    genres = {row.genre for row in rows}
    for place, name in names.items():
        here = {row.genre for row, other in zip(rows, places, strict=True) if other == place}
        if missing := genres - here:
            report(
                f"No track of {', '.join(sorted(missing))} is in {name}: "
                "too few, or too few artists, to divide."
            )


def _warn_of_unknown_groups(rows: Sequence[Row], report: Report) -> None:
    if unknown := sum(not row.group for row in rows):
        report(
            f"The artist of {unknown} of {len(rows)} tracks is not known: other tracks of the same "
            "artist may be in another split, which flatters. A column 'artist' in tracks.csv helps."
        )
