"""What must be true of any file, however damaged: the targets of the fuzzers.

A target takes a file, or bytes. When a promise is broken it raises an AssertionError, or whatever
comes out that is not one of genretag's own sentences.
"""

import hashlib
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import second_reader

from tagger.audio.frontend import WindowGrid
from tagger.audio.log_mel import MelStrip
from tagger.errors import TagError
from tagger.identity import Identity, MusicFile
from tagger.pipeline.extract import Extractor, ExtractSettings
from tagger.pipeline.walk import find_music
from tagger.report.covers import cover_url
from tagger.tags.containers.base import Data
from tagger.tags.content import content_of, fingerprint
from tagger.tags.credits import read_credits
from tagger.tags.genre_fields.layouts import layout_of, understood
from tagger.tags.mutagen_tags import read_genres
from tagger.tracks import PredictedTrack
from tagger.writing.planning import plan, rehearse
from tagger.writing.safewrite import make
from tagger.writing.temporary import TEMPORARY_PREFIX

GENRES = ("Hip-Hop", "Zoük")


_ROUNDED = 16  # bytes by which FFmpeg rounds the ends of packets, or puts in front of them


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
    before, refused = path.read_bytes(), ""
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
    after, new = path.read_bytes(), seen_by_others(path)
    path.write_bytes(before)
    old = seen_by_others(path)
    assert new.genres is not None or old.genres is None, "the second reader sees no genre"
    if after[:3] != b"ID3" or (before[:3] == b"ID3" and any(before[6:10])):
        # Otherwise there is a new tag that says what ID3v1 says, and FFmpeg names that differently.
        assert new.tags == old.tags
    first = min((splice.start for splice in change.splices), default=len(before))
    last = max((splice.stop for splice in change.splices), default=len(before))
    for number, (start, stop, digest) in enumerate(old.packets):
        # Where an index is damaged or the end missing, FFmpeg takes bytes of tags for audio.
        if stop + _ROUNDED < first or start - _ROUNDED > last:
            assert new.packets[number][2] == digest, f"packet {number} is another"
    return Outcome.WRITTEN


def decode(path: Path) -> Outcome:
    """There are features or a sentence, and a cover or none; for a child process."""
    extractor = Extractor(ExtractSettings(front_end=MelStrip(), grid=WindowGrid(), seconds=3.0))
    extracted = extractor.extract(MusicFile(path=path, identity=Identity.of(path)))
    if not (isinstance(extracted, PredictedTrack) and extracted.prediction.status.is_failure):
        cover_url(path)  # a report does so
    return Outcome.READ if hasattr(extracted, "strip") else Outcome.REFUSED


@dataclass(kw_only=True)
class Seen:
    """What readers that share no code with genretag see of a file; as far as they come."""

    genres: list[str] | None = None
    tags: list[dict[str, str]] = field(default_factory=list)
    packets: list[tuple[int, int, bytes]] = field(default_factory=list)  # start, stop, digest


def seen_by_others(path: Path) -> Seen:
    """Ask the second reader for genres, and FFmpeg for other tags and packets."""
    import av

    seen = Seen()
    with suppress(Exception):  # either may fail at a damaged file in any way
        seen.genres = second_reader.genres_in(path)
    with suppress(Exception), av.open(str(path), metadata_errors="replace") as container:
        for tags in (container.metadata, *(stream.metadata for stream in container.streams)):
            kept = {k: v for k, v in tags.items() if k.lower() not in ("genre", "wm/genre")}
            seen.tags.append(kept)
        for packet in container.demux():
            content = bytes(packet)
            start = packet.pos or 0
            stop = start + len(content) if packet.pos else sys.maxsize  # of APE it is not known
            seen.packets.append((start, stop, hashlib.sha256(content).digest()))
    return seen
