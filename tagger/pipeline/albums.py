"""Lets the tracks of an album vote as one.

A folder is an album, with one exception: a folder that the user named may be where all the music
is. Loose tracks directly in it are grouped by album tag; those without one are singles if there are
folders of music beside them.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from threading import Event

from tagger.inference.confidence import vote_of_tracks
from tagger.pipeline.walk import find_music, is_disc
from tagger.runtime.iteration import until
from tagger.tags.credits import read_credits
from tagger.tags.formats import is_music
from tagger.tracks import PredictedTrack


def album_of(path: Path) -> Path:
    """Return the folder of a track's album; `CD1` and `Disc 2` belong to the folder above."""
    folder = path.parent
    return folder.parent if is_disc(folder) else folder


def vote_by_album(
    tracks: Iterable[PredictedTrack],
    named: Iterable[Path],
    stop: Event,
    votes: Callable[[Path], bool] = lambda _: True,
) -> Iterator[PredictedTrack]:
    """Give every track that has a prediction that of its album.

    The walk yields the tracks of a folder one after the other. Every track has one vote, as sure as
    its own windows made it. Once `stop` is set, an album that is not complete is left out.

    Args:
        tracks: in the order of the walk.
        named: the files and folders that the walk was given.
        stop: tells to stop.
        votes: tells of the folder of an album whether its tracks vote together.
    """
    roots = {path if path.is_dir() else path.parent for path in named}
    for folder, group in groupby(until(stop, tracks), key=lambda track: album_of(track.path)):
        if not votes(folder):
            yield from group
            continue
        tracks_of_folder = list(group)
        if stop.is_set():
            return
        if folder in roots:
            yield from _agreed(tracks_of_folder, _albums_within(folder, tracks_of_folder))
        else:
            yield from _agreed(tracks_of_folder, [folder] * len(tracks_of_folder))


def _albums_within(folder: Path, tracks: Sequence[PredictedTrack]) -> list[Hashable]:
    """Return a key for the album of each track."""
    singles = _holds_albums(folder)

    def album(path: Path) -> Hashable:
        credits = read_credits(path)
        if credits.album:
            return credits.artist, credits.album.casefold()
        return path if singles else folder

    return [album(track.path) for track in tracks]


def _holds_albums(folder: Path) -> bool:
    """Tell whether a folder holds albums, other than its own discs and their extras."""
    with suppress(OSError):
        folders = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
        discs = sum(map(is_disc, folders))
        others = (path for path in folders if not is_disc(path))
        albums = (path for path in others if any(is_music(f.path) for f in find_music([path])))
        return len(list(islice(albums, 2))) > min(discs, 1)
    return False


def _agreed(tracks: Sequence[PredictedTrack], albums: Sequence[Hashable]) -> list[PredictedTrack]:
    votes: dict[Hashable, list[tuple[float, ...]]] = defaultdict(list)
    for track, album in zip(tracks, albums, strict=True):
        if track.prediction.probabilities:
            votes[album].append(track.prediction.probabilities)
    agreed = {album: tuple(vote_of_tracks(given).tolist()) for album, given in votes.items()}
    return [
        replace(track, prediction=replace(track.prediction, probabilities=agreed[album]))
        if track.prediction.probabilities
        else track
        for track, album in zip(tracks, albums, strict=True)
    ]
