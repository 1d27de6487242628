"""Where clips and their genres come from: a table, folders, or the tags of a library."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePath

from tagger.errors import DataError
from tagger.output.console import printable
from tagger.pipeline.albums import album_of
from tagger.pipeline.walk import find_music
from tagger.tags.credits import read_credits
from tagger.tags.genre_names import plain
from trainer.data import gtzan
from trainer.data.dataset import FRONT_END_FILE
from trainer.data.images import is_picture
from trainer.data.tracks_table import TRACKS_FILE, UNLABELLED, Row, read_rows

Report = Callable[[str], None]


def find_clips(source: Path, report: Report) -> tuple[list[Row], bool]:
    """List the clips of a folder with a `tracks.csv`, or with a folder per genre.

    Returns:
        The clips, and whether they are GTZAN.

    Raises:
        DataError: not such a folder.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder.")
    if (source / FRONT_END_FILE).exists():
        raise DataError(f"{source} is prepared already; fit can take it as it is.")
    has_table = (source / TRACKS_FILE).exists()
    rows = _in_table(source, report) if has_table else _in_folders(source)
    if clips := gtzan.recognise(rows):
        whole = [row for row in clips if row.key != gtzan.DAMAGED]
        damaged = "; jazz.00054, damaged in the usual copy, is left out"
        report(f"This is GTZAN{damaged if len(whole) < len(clips) else ''}")
        return whole, True
    return [replace(row, group=_group(source, row)) for row in rows], False


def find_unlabelled(source: Path) -> list[Row]:
    """List all music in a folder, whatever its genres; artists are by its tags or folders.

    Raises:
        DataError: not a folder, or no music in it.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder.")
    files = [file.path.relative_to(source) for file in find_music([source])]
    if not files:
        raise DataError(f"{source} has no music.")
    rows = [
        Row(file=path.as_posix(), genre=UNLABELLED, track=path.with_suffix("").as_posix())
        for path in files
    ]
    return [
        replace(row, group=read_credits(source / row.file).artist or album_folder(source, row.file))
        for row in rows
    ]


def _in_table(source: Path, report: Report) -> list[Row]:
    """Read the table; of each genre, say how many files it names in vain."""
    rows = read_rows(source / TRACKS_FILE)
    missing = [row for row in rows if not (source / row.file).exists()]
    if len(missing) == len(rows):
        raise DataError(f"None of the {len(rows)} files in {source / TRACKS_FILE} is there.")
    named = Counter(row.genre for row in rows)
    lost = Counter(row.genre for row in missing)
    for genre in sorted(lost):
        example = next(row.file for row in missing if row.genre == genre)
        end = "; not a genre of the model then" if lost[genre] == named[genre] else "; left out"
        report(
            f"tracks.csv: {lost[genre]} of {named[genre]} files of {genre} are not there, "
            f"such as {printable(example)}{end}"
        )
    gone = set(missing)
    return [row for row in rows if row not in gone]


def _in_folders(source: Path) -> list[Row]:
    folders = sorted(path for path in source.iterdir() if path.is_dir() and path.name[0] != ".")
    # Genre by genre: what is a link to a clip of another genre is to be seen as a contradiction.
    files = [file.path.relative_to(source) for folder in folders for file in find_music([folder])]
    if not files:
        pictures = sorted(path for path in source.glob("*/*") if is_picture(path))
        files = [path.relative_to(source) for path in pictures]
    if not files:
        raise DataError(f"{source} has no clips in folders named after their genre.")
    return [
        # Folders below the genre's own belong to the name: two discs may both have a track 01.
        Row(
            file=path.as_posix(),
            genre=path.parts[0],
            track="/".join((*path.parts[1:-1], path.stem)),
        )
        for path in files
    ]


def _group(source: Path, row: Row) -> str:
    """Return the artist by the table or the tags, or the album by a folder in the genre's own."""
    path = PurePath(row.file)
    if artist := plain(row.group) or row.group or read_credits(source / path).artist:
        return artist
    album = album_of(Path(path))
    in_folder_of_genre = not path.is_absolute() and path.parts[0] == row.genre
    return album.as_posix() if in_folder_of_genre and len(album.parts) > 1 else ""


def album_folder(source: Path, file: str) -> str:
    """Return the folder of an album; nothing for files that lie in the library's own folder."""
    album = album_of(source / file).relative_to(source).as_posix()
    return "" if album == "." else album


def strip_files(files: Sequence[str]) -> dict[str, str]:
    """Return where the strip of each clip goes, relative to the prepared folder.

    It is named like the clip. Clips that differ in nothing but their suffix keep that too, and one
    from outside the source is named by a digest of its path.
    """
    stems = Counter(PurePath(file).with_suffix("") for file in set(files))

    def name(file: str) -> str:
        path = PurePath(file)
        if path.is_absolute() or ".." in path.parts:
            digest = sha256(file.encode("utf-8", "surrogateescape")).hexdigest()
            return f"elsewhere/{digest[:16]}.npy"
        if stems[path.with_suffix("")] > 1:
            return f"{path.as_posix()}.npy"
        return path.with_suffix(".npy").as_posix()

    return {file: name(file) for file in dict.fromkeys(files)}
