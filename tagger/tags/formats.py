"""The kinds of music files, by the suffixes of their names."""

import os
from pathlib import Path

# File names that are worth opening. FFmpeg reads more, but a folder of music holds pictures,
# films and playlists too, and asking the decoder about each of them would be slow and noisy.
MUSIC_SUFFIXES = frozenset(
    [
        ".aac",
        ".aif",
        ".aifc",
        ".aiff",
        ".ape",
        ".asf",
        ".au",
        ".dff",
        ".dsf",
        ".flac",
        ".m4a",
        ".m4b",
        ".mka",
        ".mp+",
        ".mp2",
        ".mp3",
        ".mp4",
        ".mpc",
        ".oga",
        ".ogg",
        ".opus",
        ".snd",
        ".spx",
        ".tta",
        ".wav",
        ".wave",
        ".wma",
        ".wv",
    ]
)


def is_music(name: str | os.PathLike[str]) -> bool:
    """Tell by its name whether a file is music."""
    return Path(name).suffix.lower() in MUSIC_SUFFIXES


TAGGED_SUFFIXES = frozenset(
    ".aif .aifc .aiff .ape .asf .dsf .flac .m4a .m4b .mp+ .mp2 .mp3 .mp4 .mpc .oga .ogg .opus .spx"
    " .tta .wav .wave .wma .wv".split()
)


def can_hold_tags(path: Path) -> bool:
    """Tell by its name whether a file is of a kind whose tags we write."""
    return path.suffix.lower() in TAGGED_SUFFIXES
