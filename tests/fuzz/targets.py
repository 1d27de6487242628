"""What must be true of any file, however damaged: the targets of the fuzzers.

A target takes a file, or bytes. When a promise is broken it raises an AssertionError, or whatever
comes out that is not one of genretag's own sentences.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

import second_reader

from tagger.audio.frontend import MelStrip, WindowGrid
from tagger.errors import TagError
from tagger.identity import Identity, MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.pipeline.walk import find_music
from tagger.tags.containers.base import Data
from tagger.tags.content import content_of, fingerprint
from tagger.tags.credits import read_credits
from tagger.tags.genre_fields.layouts import layout_of, understood
from tagger.tags.mutagen_tags import read_genres
from tagger.writing.planning import plan, rehearse
from tagger.writing.safewrite import make
from tagger.writing.temporary import TEMPORARY_PREFIX

GENRES = ("Hip-Hop", "Zoük")


class Outcome(StrEnum):
    REFUSED = "refused"
    WRITTEN = "written"
    READ = "read"


def discover(folder: Path) -> list[MusicFile]:
    """Every file is found once, and none outside the folder but through links."""
    found = list(find_music([folder]))
    paths = [file.path for file in found]
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(folder) for path in paths)
    known = [(f.identity.device, f.identity.inode) for f in found if f.identity]
    assert len(set(known)) == len(known)
    return found


def read_containers(content: bytes) -> Outcome:
    """Both readers of containers give their result or a sentence."""
    outcome = Outcome.READ
    for reader in (content_of, layout_of):
        try:
            with understood():
                reader(Data.of(content))
        except TagError:
            outcome = Outcome.REFUSED
    return outcome


def read_tags(path: Path) -> Outcome:
    """Genres, credits and fingerprint are read, or there is a sentence."""
    with suppress(OSError):
        fingerprint(path)
    read_credits(path)
    try:
        read_genres(path)
    except TagError as error:
        assert "\n" not in str(error)
        return Outcome.REFUSED
    return Outcome.READ


def write(path: Path) -> Outcome:
    """The file is untouched and there is a sentence, or nothing but its genre is another."""
    before = path.read_bytes()
    refused = ""
    try:
        change = plan(path, genres=GENRES, expected=Identity.of(path))
        rehearse(change)
        make(change)
    except TagError as error:
        refused = str(error)
    assert not [p for p in path.parent.iterdir() if p.name.startswith(TEMPORARY_PREFIX)]
    if refused:
        assert path.read_bytes() == before, f"touched although {refused}"
        return Outcome.REFUSED
    assert read_genres(path)[: len(GENRES)] == GENRES
    new = independent(path)
    path.write_bytes(before)
    for name, value in independent(path).items():
        if name != "genres":
            assert new.get(name) == value, f"{name} is another: {value} {new.get(name)}"
        else:
            assert "genres" in new, "the second reader sees no genre"
    return Outcome.WRITTEN


def decode(path: Path) -> Outcome:
    """There are features or a sentence; to be called where a crash does not matter."""
    extractor = Extractor(ExtractSettings(front_end=MelStrip(), grid=WindowGrid(), seconds=3.0))
    extracted = extractor.extract(MusicFile(path=path, identity=Identity.of(path)))
    return Outcome.READ if hasattr(extracted, "strip") else Outcome.REFUSED


def independent(path: Path) -> dict[str, object]:
    """Return what readers that share no code with genretag see of a file.

    FFmpeg gives packets and other tags; `second_reader` is asked whether it finds the genres.
    """
    seen: dict[str, object] = {}
    with _tolerant():
        seen["genres"] = second_reader.genres_in(path)
    with _tolerant():
        seen |= _by_ffmpeg(path)
    return seen


def _by_ffmpeg(path: Path) -> dict[str, object]:
    import av

    # By its suffix: FFmpeg guesses the format of what is damaged, and larger tags alter the guess.
    with av.open(str(path), metadata_errors="replace") as container:
        digest = hashlib.sha256()
        for packet in container.demux():
            digest.update(bytes(packet))
        tags = [container.metadata, *(stream.metadata for stream in container.streams)]
        kept = [
            {k: v for k, v in tag.items() if k.lower() not in ("genre", "wm/genre")} for tag in tags
        ]
        return {"packets": digest.hexdigest(), "tags": kept}


@contextmanager
def _tolerant() -> Iterator[None]:
    """Let a reader fail at a damaged file in any way."""
    with suppress(Exception):
        yield
