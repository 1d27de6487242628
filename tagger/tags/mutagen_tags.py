"""The tags of music files as mutagen reads them: one declaration for each family of tags.

Genres are changed by `tagger.tags.genre_fields`. Here is the second, independent reader, which is
asked before and after a write whether all other tags are what they were; artist and album come from
it too. The *texts* of a genre are what the file holds, word for word; the *genres* are what they
mean: "(17)Rock" is Rock, and in ID3v2.3, which has no other way, "Rock/Jazz" is two.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from tagger.errors import TagError, UnreachableTagError, reason
from tagger.tags.containers.base import SOURCE_KEY
from tagger.tags.containers.mp4 import MEAN
from tagger.tags.genre_names import Texts
from tagger.tags.mutagen_files import open_file, system_error, why_not


class TaggedFile(ABC):
    """The tags of one opened file; `open_tags` finds the right subclass.

    Nothing is written before `save`.
    """

    key: ClassVar[str]  # what the family calls the genre

    def __init__(self, file: Any) -> None:
        self.file = file

    @property
    def tags(self) -> Any:
        """The tags of mutagen."""
        return self.file.tags

    @property
    @abstractmethod
    def texts(self) -> Texts:
        """The genre texts, word for word."""

    @texts.setter
    @abstractmethod
    def texts(self, texts: Sequence[str]) -> None: ...

    @property
    def genres(self) -> Texts:
        """What the texts mean."""
        return tuple(
            part.strip() for text in self.texts for part in text.split("\0") if part.strip()
        )

    def texts_for(self, genres: Sequence[str]) -> Texts:
        """Return the texts that mean these genres in this file."""
        return tuple(genres)

    @abstractmethod
    def others(self) -> Any:
        """Return all other tags and pictures, in a form that can be compared."""

    def save(self) -> None:
        """Write the tags into the file."""
        self.file.save()


class Id3File(TaggedFile):
    """MP3, AIFF, WAV, DSF, True Audio."""

    key = "TCON"

    @property
    def _is_v23(self) -> bool:
        return bool(self.tags.version[:2] == (2, 3))

    @property
    def texts(self) -> Texts:
        """The genre texts, word for word."""
        return tuple(str(text) for frame in self.tags.getall(self.key) for text in frame.text)

    @texts.setter
    def texts(self, texts: Sequence[str]) -> None:
        from mutagen.id3 import TCON, Encoding

        # ID3v2.3 has no UTF-8.
        wide = Encoding.UTF16 if self._is_v23 else Encoding.UTF8
        plain = all(text.isascii() for text in texts)
        encoding = Encoding.LATIN1 if plain else wide
        self.tags.setall(self.key, [TCON(encoding, list(texts))] if texts else [])

    @property
    def genres(self) -> Texts:
        """What the texts mean: numbers are names, and in v2.3 a slash separates."""
        from mutagen.id3 import TCON

        named = [
            name
            for text in self.texts
            # Only what begins with a number is a number; mutagen would also cut texts at line ends.
            for name in (TCON(text=[text]).genres if _NUMBERED.match(text) else [text])
        ]
        parts = [part for name in named for part in (name.split("/") if self._is_v23 else [name])]
        return tuple(part.strip() for part in parts if part.strip())

    def texts_for(self, genres: Sequence[str]) -> Texts:
        """Return the texts that mean these genres; v2.3 holds but one text."""
        return ("/".join(genres),) if self._is_v23 and genres else tuple(genres)

    def others(self) -> Any:
        """Return all other frames, and those that mutagen does not know."""
        ours = f"TXXX:{SOURCE_KEY}"
        frames = {
            name: frame
            for name, frame in self.tags.items()
            if frame.FrameID != self.key and name != ours
        }
        return frames, list(self.tags.unknown_frames)

    def save(self) -> None:
        """Write the tags in the version that the file has; an ID3v1 tag is kept in step."""
        # Several values in one frame of v2.3 are against the standard, but stay as they are.
        self.file.save(v2_version=3 if self._is_v23 else 4, v23_sep=None)


_NUMBERED = re.compile(r"(\d+|CR|RX)$|\((\d+|CR|RX)\)")


class MappedFile(TaggedFile):
    """A family whose tags map a key to a list of texts."""

    ours: ClassVar[tuple[str, str]]  # what the family calls the genre, and its source

    @property
    def texts(self) -> Texts:
        """The genre texts, word for word."""
        return tuple(map(str, self.tags.get(self.key, ())))

    @texts.setter
    def texts(self, texts: Sequence[str]) -> None:
        if texts:
            self.tags[self.key] = list(texts)
        elif self.key in self.tags:
            del self.tags[self.key]

    def others(self) -> Any:
        """Return all other items."""
        return {name: value for name, value in self.tags.items() if name not in self.ours}


class VorbisFile(MappedFile):
    """FLAC, Ogg Vorbis, Opus, Ogg FLAC, Speex: repeated comments."""

    key = "genre"
    ours = key, SOURCE_KEY.lower()

    def others(self) -> Any:
        """Return the other comments in their order, and FLAC's other blocks and pictures."""
        named = [(name.lower(), value) for name, value in self.tags]
        comments = [(name, value) for name, value in named if name not in self.ours]
        blocks = getattr(self.file, "metadata_blocks", ())
        kept = [
            (block.code, block.write()) for block in blocks if block.code not in _FLAC_TAG_BLOCKS
        ]
        return comments, kept


_FLAC_TAG_BLOCKS = (1, 4)  # padding and Vorbis comment


class Mp4File(MappedFile):
    """M4A, M4B, MP4; mutagen reads a numeric `gnre` as the `©gen` that takes its place."""

    key = "©gen"
    ours = key, f"----:{MEAN.decode()}:{SOURCE_KEY}"


class AsfFile(MappedFile):
    """WMA, ASF."""

    key = "WM/Genre"
    ours = key, SOURCE_KEY

    def others(self) -> Any:
        """Return the other attributes in their order."""
        return [(name, value) for name, value in self.tags if name not in self.ours]


class ApeFile(MappedFile):
    """Monkey's Audio, WavPack, Musepack: one text with NUL between values."""

    key = "Genre"
    ours = key.lower(), SOURCE_KEY.lower()

    def others(self) -> Any:
        """Return the other items with their kind, which equal values may differ in."""
        return {
            name: (value.kind, value.value)
            for name, value in self.tags.items()
            if name.lower() not in self.ours
        }


@cache
def _families() -> tuple[tuple[type, type[TaggedFile]], ...]:
    from mutagen._vorbis import VCommentDict
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    return (
        (ID3, Id3File),
        (VCommentDict, VorbisFile),
        (MP4Tags, Mp4File),
        (ASFTags, AsfFile),
        (APEv2, ApeFile),
    )


def open_tags(path: Path) -> TaggedFile:
    """Open the tags of a file, as the kind that mutagen takes it for.

    Raises:
        TagError: the file cannot be read, or is none that holds tags.
    """
    from tagger.tags.genre_fields.layouts import open_layout

    # Bounds on frames and compressed data are checked before a library sees the tags.
    open_layout(path)
    try:
        file = open_file(path)
    except Exception as error:  # an odd file can make of a parser whatever it likes
        if (failure := system_error(error)) is not None:
            raise UnreachableTagError(f"cannot be read ({reason(failure)})") from None
        raise TagError(f"has tags that cannot be read ({why_not(error)})") from None
    for tags, family in _families():
        if file is not None and isinstance(file.tags, tags):
            return family(file)
    raise TagError("is of a kind that mutagen, which reads its tags again, does not know")


def read_genres(path: Path) -> Texts:
    """Return the genres of all tags of a file, each once; none where there are no tags.

    Raises:
        TagError: the file cannot be read, or its tags are damaged.
    """
    from tagger.tags.genre_fields.layouts import open_layout

    return open_layout(path).genres
