"""Splitting tracks into training, validation and test, whole artists at a time."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np

from tagger.errors import DataError
from tagger.output.console import count_of
from trainer.data import gtzan
from trainer.data.tracks_table import Row
from trainer.data.windows import SPLITS, WindowSplit

Report = Callable[[str], None]


class Split(StrEnum):
    """Where the splits come from."""

    FAULT_FILTERED = "fault-filtered"  # the published lists of GTZAN
    STRATIFIED = "stratified"  # made here, each genre in the same shares
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
    for row in rows:
        if row.split not in SPLITS:
            raise DataError(f"tracks.csv: {row.split!r}, of {row.file}, is not one of {SPLITS}.")
        if splits.setdefault(row.key, row.split) != row.split:
            raise DataError(f"tracks.csv has {row.genre}/{row.track} in two splits.")
    _warn_of_divided_groups(rows, report)
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
    """Assign the rows that have no split to train, valid and test, in these shares of all."""
    numbers = {name: place for place, name in enumerate(SPLITS)}
    places = assign(rows, shares, seed, [numbers.get(row.split) for row in rows])
    _warn_of_unknown_groups(rows, report)
    names = {place: SPLITS[place] for place, share in enumerate(shares) if share}
    _warn_of_gaps(rows, places, names, report)
    assigned = [
        replace(row, split=SPLITS[place], fold="") for row, place in zip(rows, places, strict=True)
    ]
    _warn_of_divided_groups(assigned, report)
    return assigned


def folds(rows: Sequence[Row], count: int, seed: int, report: Report) -> list[Row]:
    """Assign the rows that have no fold to `count` folds of the same size."""
    _warn_of_unknown_groups(rows, report)
    numbers = {str(place + 1): place for place in range(count)}
    places = assign(rows, [1.0] * count, seed, [numbers.get(row.fold) for row in rows])
    _warn_of_gaps(rows, places, {n: f"fold {n + 1}" for n in range(count)}, report)
    assigned = [
        replace(row, split="", fold=str(place + 1)) for row, place in zip(rows, places, strict=True)
    ]
    _warn_of_divided_groups(assigned, report)
    return assigned


def by_window(rows: Sequence[Row], how: WindowSplit, report: Report) -> list[Row]:
    """Split the windows of every track, which flatters, and say so."""
    report(f"This split is flattering: {how.flattering}.")
    return [replace(row, split=str(how)) for row in rows]


def assign(
    rows: Sequence[Row], shares: Sequence[float], seed: int, before: Sequence[int | None]
) -> list[int]:
    """Return the index of a share for each row, as even over genres as whole groups allow.

    A group is an artist or album, or a track where neither is known. What has an index from
    `before` keeps it, and its group follows. Then the largest groups are assigned first, each to
    where most tracks of its genres are still missing; what has no share gets none.
    """
    genres = sorted({row.genre for row in rows})
    # A track with several rows goes by the first of them.
    group_of: dict[tuple[str, str], tuple[str, ...]] = {}
    kept: dict[tuple[str, str], int] = {}
    for row, place in zip(rows, before, strict=True):
        group_of.setdefault(row.key, (row.group,) if row.group else row.key)
        if place is not None:
            kept.setdefault(row.key, place)
    members: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for key, group in group_of.items():
        members[group].append(key)

    in_all = Counter(genre for genre, _ in group_of)
    open_shares = [index for index, share in enumerate(shares) if share > 0]
    missing = {
        index: {genre: shares[index] / sum(shares) * in_all[genre] for genre in genres}
        for index in range(len(shares))
    }
    place_of = dict(kept)
    for (genre, _), place in kept.items():
        missing[place][genre] -= 1

    order = sorted(members)
    np.random.default_rng(seed).shuffle(order)
    order.sort(key=lambda group: -len(members[group]))
    # Those that follow what is kept come first, so that the others can make up for them.
    order.sort(key=lambda group: kept.keys().isdisjoint(members[group]))
    for group in order:
        new = [key for key in members[group] if key not in kept]
        counts = Counter(genre for genre, _ in new)

        def need(index: int, its: Counter[str] = counts) -> tuple[float, float]:
            """Return what is missing of these genres there, and of all of them, for a tie."""
            of_these = sum(number * missing[index][genre] for genre, number in its.items())
            return round(of_these, 6), sum(missing[index].values())

        there = Counter(kept[key] for key in members[group] if key in kept)
        place = there.most_common(1)[0][0] if there else max(open_shares, key=need)
        for key in new:
            place_of[key] = place
            missing[place][key[0]] -= 1
    return [place_of[row.key] for row in rows]


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


def _warn_of_divided_groups(rows: Sequence[Row], report: Report) -> None:
    """Say where a table divides artists, or where the artist became known after the split."""
    places: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        places[row.group].add(row.fold or row.split)
    divided = sorted(group for group, found in places.items() if group and len(found) > 1)
    if divided:
        report(
            f"Artists or albums in more than one split: {len(divided)}, such as {divided[0]}; "
            "figures will be flattered."
        )


def _warn_of_unknown_groups(rows: Sequence[Row], report: Report) -> None:
    if unknown := sum(not row.group for row in rows):
        report(
            f"The artist of {unknown} of {len(rows)} tracks is not known: other tracks of the same "
            "artist may be in another split, which flatters. A column 'artist' in tracks.csv helps."
        )
