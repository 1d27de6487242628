"""The user's own library as training data: genres come from the tags that are there.

Tags are untidy. One genre has many spellings; many genres are on a handful of tracks; some are
hardly ever given without another, so that no listener could keep them apart. What is too rare or
too contradictory is not learnt, and a report says so.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from tagger.errors import DataError, TagError
from tagger.output.console import count_of, printable
from tagger.pipeline.walk import find_music
from tagger.tags.credits import Credits, read_credits
from tagger.tags.formats import can_hold_tags
from tagger.tags.genre_names import plain, spelling
from tagger.tags.mutagen_tags import read_genres
from trainer.data.sources import album_folder
from trainer.data.tracks_table import Row
from trainer.tables import table

Report = Callable[[str], None]

MIN_TRACKS = 20
OVERLAP = 0.5  # of a genre's tracks that another genre may have too
ALBUM_GENRES = 3  # so many on one artist's album are a mistake


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """A track with its genres, in the order of its tags."""

    file: str
    genres: tuple[str, ...]
    credits: Credits


def find_tagged(source: Path, min_tracks: int, report: Report) -> list[Row]:
    """List the tracks of a library that have a genre worth learning.

    Raises:
        DataError: there is no music, or fewer than two genres are left.
    """
    tracks, untagged = _read(source, report)
    if not tracks:
        raise DataError(f"{source} has no music with genre tags.")
    tracks = _one_spelling(tracks)
    refused = too_poor(Counter(track.genres for track in tracks), min_tracks)
    odd = _odd_albums(tracks, refused)
    if odd:
        kept = [track for track in tracks if track.credits not in odd]
        refused |= too_poor(Counter(track.genres for track in kept), min_tracks)
    else:
        kept = tracks
    rows = [
        Row(
            file=track.file,
            genre=genre,
            track=Path(track.file).with_suffix("").as_posix(),
            group=track.credits.artist or album_folder(source, track.file),
        )
        for track in kept
        if (genre := _label(track.genres, refused))
    ]
    _report(tracks, rows, refused, report)
    for album, genres in sorted(odd.items(), key=lambda item: (item[0].artist, item[0].album)):
        report(f"{printable(album.album)} has {len(genres)} genres ({_list(genres)}); left out")
    if untagged:
        report(f"{count_of(untagged, 'file')} without a genre tag; left out")
    if left_out := len(kept) - len(rows):
        report(f"{count_of(left_out, 'track')} with none of the genres to learn; left out")
    if len({row.genre for row in rows}) < 2:  # noqa: PLR2004
        raise DataError(
            f"{source} has fewer than two genres with {min_tracks} tracks or more; "
            "--min-tracks lowers that."
        )
    return rows


def _read(source: Path, report: Report) -> tuple[list[Tagged], int]:
    """Return the tracks with genres, and how many files have none."""
    tracks, untagged = [], 0
    for path in (file.path for file in find_music([source])):
        genres: tuple[str, ...] = ()
        try:
            genres = read_genres(path) if can_hold_tags(path) else ()
        except TagError as error:
            report(f"{printable(path)} {error}; left out")
            continue
        if genres:
            file = path.relative_to(source).as_posix()
            tracks.append(Tagged(file=file, genres=genres, credits=read_credits(path)))
        else:
            untagged += 1
    return tracks, untagged


def _one_spelling(tracks: Sequence[Tagged]) -> list[Tagged]:
    """Spell every genre in one way: that of ID3v1, or the one that is seen most."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for track in tracks:
        for genre in track.genres:
            spellings[plain(genre) or genre][genre] += 1
    name = {
        key: spelling(max(sorted(seen), key=lambda genre: seen[genre]))
        for key, seen in spellings.items()
    }
    return [
        replace(track, genres=tuple(dict.fromkeys(name[plain(g) or g] for g in track.genres)))
        for track in tracks
    ]


def too_poor(combined: Counter[tuple[str, ...]], min_tracks: int) -> dict[str, str]:
    """Return the genres that cannot be learnt, with the reason.

    `combined` counts the tracks with the same genres in the same order. The poorest genre goes
    first, because its tracks then count for their next one.
    """
    tracks: Counter[str] = Counter()
    for genres, number in combined.items():
        tracks.update(dict.fromkeys(genres, number))
    few = f"fewer than {min_tracks} tracks"
    refused = {genre: few for genre, number in tracks.items() if number < min_tracks}
    while worst := _poorest(combined, tracks, refused, min_tracks):
        refused[worst[0]] = worst[1]
    return refused


def _poorest(
    combined: Counter[tuple[str, ...]],
    tracks: Counter[str],
    refused: dict[str, str],
    min_tracks: int,
) -> tuple[str, str] | None:
    """Return one genre more that cannot be learnt, and the reason."""
    first: Counter[str] = Counter()
    shared: Counter[tuple[str, str]] = Counter()
    for all_genres, number in combined.items():
        genres = [genre for genre in all_genres if genre not in refused]
        first.update(dict.fromkeys(genres[:1], number))
        shared.update(dict.fromkeys(combinations(sorted(genres), 2), number))
    for pair, number in shared.most_common():
        fewer, more = sorted(pair, key=lambda genre: tracks[genre])
        if number > OVERLAP * tracks[fewer]:
            return fewer, f"contradictory: {number} of its tracks are {more} too"
    if left := sorted(tracks.keys() - refused.keys()):
        poorest = min(left, key=lambda genre: first[genre])
        if first[poorest] < min_tracks:
            return poorest, f"the first genre of {count_of(first[poorest], 'track')} only"
    return None


def _label(genres: Iterable[str], refused: dict[str, str]) -> str:
    """Return the first genre that is learnt."""
    return next((genre for genre in genres if genre not in refused), "")


def _odd_albums(tracks: Sequence[Tagged], refused: dict[str, str]) -> dict[Credits, set[str]]:
    """Return the albums of one artist whose tracks have too many different labels."""
    labels: dict[Credits, set[str]] = defaultdict(set)
    for track in tracks:
        if track.credits.artist and track.credits.album:
            labels[track.credits].add(_label(track.genres, refused))
    found = {album: genres - {""} for album, genres in labels.items()}
    return {album: genres for album, genres in found.items() if len(genres) >= ALBUM_GENRES}


def _report(
    tracks: Sequence[Tagged], rows: Sequence[Row], refused: dict[str, str], say: Report
) -> None:
    """Say what is learnt, and what is not and why."""
    tagged = Counter(genre for track in tracks for genre in track.genres)
    blurred: Counter[str] = Counter()
    for track in tracks:
        learnt = [genre for genre in track.genres if genre not in refused]
        blurred.update(learnt if len(learnt) > 1 else ())
    labels = Counter(row.genre for row in rows)
    artists = Counter(genre for genre, _ in {(row.genre, row.group) for row in rows if row.group})
    lines = [
        (printable(genre), labels[genre], artists[genre], blurred[genre])
        for genre in sorted(labels)
    ]
    say(table([("genre", "tracks", "artists", "of two genres"), *lines]))
    for reason in sorted(set(refused.values())):
        named = (genre for genre in sorted(refused) if refused[genre] == reason)
        say(f"Not learnt ({printable(reason)}): " + _list(f"{g} ({tagged[g]})" for g in named))


def _list(genres: Iterable[str]) -> str:
    return printable(", ".join(sorted(genres)))
