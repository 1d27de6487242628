"""MP4: atoms within atoms.

Sources: ISO/IEC 14496-12 (the boxes), "QuickTime File Format" (metadata item lists, as iTunes
writes them).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tagger.tags.containers.base import AUDIO, SOURCE_KEY, Data, Parts, Purpose, number


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
    """
    while start + 8 <= end:
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


def meta_offset(data: Data, meta: Atom) -> int:
    """Return how much of a `meta` atom comes before its atoms: QuickTime leaves out the version."""
    return 0 if bytes(data[meta.inner + 4 : meta.inner + 8]) == b"hdlr" else 4


def purpose_of(data: Data, atom: Atom) -> Purpose | None:
    """Return what an atom of a list of metadata items is for."""
    if atom.name in (b"\xa9gen", b"gnre"):
        return Purpose.GENRE
    if atom.name != b"----":
        return None
    inside = {inner.name: inner for inner in atoms(data, atom.inner, atom.stop)}
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
    top = list(atoms(data, 0, len(data)))
    media = [(atom.inner, atom.stop) for atom in top if atom.name == b"mdat"]
    for start, stop in media:
        yield AUDIO, data[start:stop]

    def below(atom: Atom) -> Parts:
        if atom.name in _FOLDERS:
            skipped = meta_offset(data, atom) if atom.name == b"meta" else 0
            for inner in atoms(data, atom.inner + skipped, atom.stop):
                yield from below(inner)
        elif width := OFFSETS.get(atom.name):
            table = bytes(data[atom.inner + 8 : atom.stop])
            for at in range(0, len(table), width):
                # Where in the media data a chunk of samples is: the whole of it may move.
                offset = number(table[at : at + width])
                home = next((s for s, e in media if s <= offset <= e), 0)
                yield AUDIO, (offset - home).to_bytes(8)
        elif atom.name not in _FREE and purpose_of(data, atom) is None:
            yield b"MP4 " + atom.name, data[atom.inner : atom.stop]

    for atom in top:
        if atom.name == b"moof":
            yield b"MP4 moof", b""  # it may say where it is
        elif atom.name != b"mdat":
            yield from below(atom)
