"""The kinds of music files: the one table of suffixes."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of music file, by the suffixes of its name."""

    name: str
    suffixes: tuple[str, ...]
    tags: bool = True  # whether genres can be written into it


# FFmpeg reads more, but a folder of music holds pictures, films and playlists too, and asking the
# decoder about each of them would be slow and noisy.
FORMATS = (
    Format(name="MP3", suffixes=(".mp3", ".mp2")),
    Format(name="FLAC", suffixes=(".flac",)),
    Format(name="Ogg", suffixes=(".ogg", ".oga", ".opus", ".spx")),
    Format(name="MP4", suffixes=(".m4a", ".m4b", ".mp4")),
    Format(name="WMA", suffixes=(".wma", ".asf")),
    Format(name="WAV", suffixes=(".wav", ".wave")),
    Format(name="AIFF", suffixes=(".aif", ".aifc", ".aiff")),
    Format(name="Monkey's Audio", suffixes=(".ape",)),
    Format(name="WavPack", suffixes=(".wv",)),
    Format(name="Musepack", suffixes=(".mpc", ".mp+")),
    Format(name="TrueAudio", suffixes=(".tta",)),
    Format(name="TAK", suffixes=(".tak",)),
    Format(name="DSF", suffixes=(".dsf",)),
    Format(name="DSDIFF", suffixes=(".dff",)),
    Format(name="AAC", suffixes=(".aac",), tags=False),
    Format(name="AU", suffixes=(".au", ".snd"), tags=False),
    Format(name="Matroska", suffixes=(".mka",), tags=False),
)

_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
MUSIC_SUFFIXES = frozenset(_BY_SUFFIX)


def is_music(name: str | os.PathLike[str]) -> bool:
    """Tell by its name whether a file is music."""
    return Path(name).suffix.lower() in _BY_SUFFIX


def can_hold_tags(path: Path) -> bool:
    """Tell by its name whether a file is of a kind whose tags we write."""
    form = _BY_SUFFIX.get(path.suffix.lower())
    return form is not None and form.tags


def why_no_tags(path: Path) -> str:
    """Return why no genre can be written into a kind of file; empty if one can."""
    form = _BY_SUFFIX.get(path.suffix.lower())
    if form is None:
        return "is not a kind of music file that is known here"
    return "" if form.tags else f"no tags possible: genretag writes none into {form.name} files"
