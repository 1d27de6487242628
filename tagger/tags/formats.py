"""The kinds of music files: the one table of suffixes."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of music file, by the suffixes of its name."""

    name: str
    suffixes: tuple[str, ...]
    demuxers: tuple[str, ...]  # FFmpeg's names of the containers
    tags: bool = True  # whether genres can be written into it
    guessed: bool = False  # no first bytes tell it: FFmpeg may find it in the bytes of anything


# FFmpeg reads more, but a folder of music holds pictures, films and playlists too, and asking the
# decoder about each of them would be slow and noisy.
FORMATS = (
    Format(name="MP3", suffixes=(".mp3", ".mp2"), demuxers=("mp3",), guessed=True),
    Format(name="FLAC", suffixes=(".flac",), demuxers=("flac",)),
    Format(name="Ogg", suffixes=(".ogg", ".oga", ".opus", ".spx"), demuxers=("ogg",)),
    Format(name="MP4", suffixes=(".m4a", ".m4b", ".mp4"), demuxers=("mov",)),
    Format(name="WMA", suffixes=(".wma", ".asf"), demuxers=("asf",)),
    Format(name="WAV", suffixes=(".wav", ".wave"), demuxers=("wav", "w64")),
    Format(name="AIFF", suffixes=(".aif", ".aifc", ".aiff"), demuxers=("aiff",)),
    Format(name="Monkey's Audio", suffixes=(".ape",), demuxers=("ape",)),
    Format(name="WavPack", suffixes=(".wv",), demuxers=("wv",)),
    Format(name="Musepack", suffixes=(".mpc", ".mp+"), demuxers=("mpc", "mpc8")),
    Format(name="TrueAudio", suffixes=(".tta",), demuxers=("tta",)),
    Format(name="TAK", suffixes=(".tak",), demuxers=("tak",)),
    Format(name="DSF", suffixes=(".dsf",), demuxers=("dsf",)),
    Format(name="DSDIFF", suffixes=(".dff",), demuxers=("iff",)),
    Format(name="AAC", suffixes=(".aac",), demuxers=("aac", "loas"), tags=False, guessed=True),
    Format(name="AU", suffixes=(".au", ".snd"), demuxers=("au",), tags=False),
    Format(
        name="Matroska and WebM",
        suffixes=(".mka", ".weba", ".webm"),
        demuxers=("matroska",),
        tags=False,
    ),
)

# So that a scan can say of which kinds there were files that it left out.
OTHER_AUDIO = frozenset(
    ".3ga .3gp .aa .aax .ac3 .adts .amr .avi .awb .caf .dts .dtshd .eac3 .f4a .flv .it .la .m4p"
    " .m4r .m4v .mid .midi .mkv .mlp .mod .mogg .mov .mp1 .mpa .mpeg .mpg .mpga .nsf .ofr .ogm"
    " .ogv .ogx .oma .qcp .ra .ram .rf64 .rm .s3m .shn .sid .spc .thd .umx .vob .voc .vqf .w64"
    " .wmv .xm".split()
)
"""Suffixes of other files with sound, films among them, which are not analysed."""

_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
MUSIC_SUFFIXES = frozenset(_BY_SUFFIX)


def format_of(name: str | os.PathLike[str]) -> Format | None:
    """Return the kind of music file that a name says; None if it says none."""
    return _BY_SUFFIX.get(Path(name).suffix.lower())


def left_out_as(name: str) -> str:
    """Return the suffix of a file with sound whose kind is not analysed; empty for all others."""
    suffix = Path(name).suffix.lower()
    return suffix if suffix in OTHER_AUDIO else ""


def demuxers_for(name: str | os.PathLike[str]) -> list[str]:
    """Return FFmpeg's names of the containers that a file of this name may be.

    A FLAC file that is called MP3 says in its first bytes what it is. That a damaged FLAC file
    looks like MP3 somewhere does not make it one.
    """
    named = format_of(name)
    possible = [form for form in FORMATS if named in (form, None) or not form.guessed]
    return [demuxer for form in possible for demuxer in form.demuxers]


def is_music(name: str | os.PathLike[str]) -> bool:
    """Tell by its name whether a file is music."""
    return format_of(name) is not None


def can_hold_tags(path: Path) -> bool:
    """Tell by its name whether a file is of a kind whose tags we write."""
    return not why_no_tags(path)


def no_tags_possible(kind: str) -> str:
    """Return why no genre can be written into a kind of file."""
    return f"gets no genre (no tags possible: genretag writes none into {kind} files)"


def why_no_tags(path: Path) -> str:
    """Return why no genre can be written into a file, by its name; empty if one can."""
    form = format_of(path)
    if form is None:
        return "is not a kind of music file that is known here"
    return "" if form.tags else no_tags_possible(form.name)
