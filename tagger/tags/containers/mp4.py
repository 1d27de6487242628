"""MP4: atoms within atoms.

Sources: ISO/IEC 14496-12 (the boxes), "QuickTime File Format" (metadata item lists, as iTunes
writes them).
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tagger.errors import OversizedTagError
from tagger.tags.containers.base import AUDIO, SOURCE_KEY, Data, Parts, Purpose, number

_MOST_ATOMS = 100_000  # of a file; a fragmented one of a whole day has 90,000
_MOST_DEPTH = 32
_MOST_OFFSETS = 2_000_000  # of chunks of samples: one for each frame of twelve hours


@dataclass(frozen=True, kw_only=True)
class Atom:
    """One atom, by where it stands in the file."""

    name: bytes
    start: int
    inner: int  # where its content begins
    stop: int


def atoms(data: Data, start: int, end: int) -> Iterator[Atom]:
    """Yield the atoms of a part of a file.

    Raises:
        ValueError: one is longer than what holds it.
        OversizedTagError: there are too many.
    """
    for _ in range(_MOST_ATOMS):
        if start + 8 > end:
            return
        head = bytes(data[start : start + 16])
        size, name, header = number(head[:4]), head[4:8], 8
        if size == 1:
            size, header = number(head[8:16]), 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            raise ValueError("it is cut short: an MP4 atom reaches beyond its end")
        yield Atom(name=name, start=start, inner=start + header, stop=start + size)
        start += size
    raise OversizedTagError(f"has more than {_MOST_ATOMS} MP4 atoms")


def atoms_below(data: Data, start: int, end: int, folders: Collection[bytes]) -> Iterator[Atom]:
    """Yield the atoms of a part of a file and, behind each of the folders, those in it.

    Raises:
        ValueError: one is longer than what holds it.
        OversizedTagError: there are too many, or they are nested too deeply.
    """
    open_folders = [atoms(data, start, end)]
    count = 0
    while open_folders:
        atom = next(open_folders[-1], None)
        if atom is None:
            open_folders.pop()
            continue
        count += 1
        if count > _MOST_ATOMS or len(open_folders) > _MOST_DEPTH:
            raise OversizedTagError("has too many MP4 atoms, or too many in one another")
        yield atom
        if atom.name in folders:
            skipped = meta_offset(data, atom) if atom.name == b"meta" else 0
            open_folders.append(atoms(data, atom.inner + skipped, atom.stop))


def meta_offset(data: Data, meta: Atom) -> int:
    """Return how much of a `meta` atom comes before its atoms: QuickTime leaves out the version."""
    return 0 if bytes(data[meta.inner + 4 : meta.inner + 8]) == b"hdlr" else 4


def purpose_of(data: Data, atom: Atom) -> Purpose | None:
    """Return what an atom of a list of metadata items is for."""
    if atom.name in (b"\xa9gen", b"gnre"):
        return Purpose.GENRE
    if atom.name != b"----":
        return None
    try:
        inside = {inner.name: inner for inner in atoms(data, atom.inner, atom.stop)}
    except ValueError:  # a damaged one is nothing that genretag changes
        return None
    key = [
        bytes(data[inside[name].inner + 4 : inside[name].stop]) if name in inside else b""
        for name in (b"mean", b"name")
    ]
    return Purpose.SOURCE if key == [MEAN, SOURCE_KEY.encode()] else None


MEAN = b"com.apple.iTunes"
"""Whose name a freeform atom has; players look at no others."""

_FOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst", b"meta")
_FREE = (b"free", b"skip")
OFFSETS = {b"stco": 4, b"co64": 8}
"""Atoms that say where chunks of samples are, and the width of an entry."""


def mp4_parts(data: Data) -> Parts:
    """Yield the media data, where its chunks are, and all other atoms."""
    media = [atom for atom in atoms(data, 0, len(data)) if atom.name == b"mdat"]
    for atom in media:
        yield AUDIO, data[atom.inner : atom.stop]
    for atom in atoms_below(data, 0, len(data), _FOLDERS):
        if width := OFFSETS.get(atom.name):
            table = bytes(data[atom.inner + 8 : atom.stop])
            yield from ((AUDIO, offset.to_bytes(8)) for offset in _in_media(table, width, media))
        elif atom.name == b"moof":
            yield b"MP4 moof", b""  # it may say where it is
        elif atom.name in (b"mdat", *_FOLDERS, *_FREE):
            continue
        elif purpose_of(data, atom) is None:
            yield b"MP4 " + atom.name, data[atom.inner : atom.stop]


def _in_media(table: bytes, width: int, media: list[Atom]) -> Iterator[int]:
    """Yield where in the media data each chunk of samples is: the whole of it may move."""
    if len(table) > _MOST_OFFSETS * width:
        raise OversizedTagError(f"has more than {_MOST_OFFSETS} offsets of samples")
    starts = [atom.inner for atom in media]
    for at in range(0, len(table), width):
        offset = number(table[at : at + width])
        index = bisect_right(starts, offset) - 1
        inside = index >= 0 and offset <= media[index].stop
        yield offset - starts[index] if inside else offset
