"""The genre atoms of MP4: ©gen, a text, and gnre, a number of ID3v1; its source is freeform.

Sources: ISO/IEC 14496-12 (the boxes), "QuickTime File Format" (metadata item lists).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tagger.tags.containers.base import SOURCE_KEY, Data, Splice, number
from tagger.tags.containers.mp4 import (
    MEAN,
    OFFSETS,
    Atom,
    atoms,
    atoms_below,
    meta_offset,
    purpose_of,
)
from tagger.tags.genre_fields.base import Codec, GenreCodec, Items, Layout, NewItems, TagFields
from tagger.tags.genre_names import Texts, id3v1_name

_NAME = "MP4"
_GENRES = (b"\xa9gen", b"gnre")
_PATH = (b"moov", b"udta", b"meta", b"ilst")
_FREE = (b"free", b"skip")
_HEADER = 8
_ROOM = 1024  # bytes of a free atom that is made when the tag has to grow
_UTF8 = 1
_HANDLER = bytes(8) + b"mdirappl" + bytes(9)


@dataclass(frozen=True)
class Mp4Codec(GenreCodec):
    """One ©gen atom with a `data` atom for each genre."""

    def texts(self, items: Items) -> Texts:
        """Return the texts of ©gen, and the names of gnre."""
        return tuple(text for item in items for text in _texts(item) if text)

    def pack(self, texts: Texts) -> Items:
        """Return one atom."""
        return (_atom(_GENRES[0], b"".join(map(_data, texts))),)


class Mp4SourceCodec(Codec):
    """One freeform atom."""

    def texts(self, items: Items) -> Texts:
        """Return the texts."""
        return tuple(text for item in items for text in _texts(item) if text)

    def pack(self, texts: Texts) -> Items:
        """Return one atom."""
        key = _atom(b"mean", bytes(4) + MEAN) + _atom(b"name", bytes(4) + SOURCE_KEY.encode())
        return (_atom(b"----", key + b"".join(map(_data, texts))),)


def _data(text: str) -> bytes:
    return _atom(b"data", _UTF8.to_bytes(4) + bytes(4) + text.encode())


def _texts(item: bytes) -> Iterator[str]:
    for atom in atoms(Data.of(item), _HEADER, len(item)):
        value = item[atom.inner + 8 : atom.stop]
        if atom.name == b"data":
            is_number = item[4:8] == _GENRES[1]
            yield (
                id3v1_name(max(0, number(value) - 1))
                if is_number
                else value.decode(errors="replace")
            )


def _atom(name: bytes, content: bytes) -> bytes:
    return (_HEADER + len(content)).to_bytes(4) + name + content


def mp4_layout(data: Data) -> Layout:
    """Read the fields of an MP4 file."""
    top = list(atoms(data, 0, len(data)))
    path = list(_descend(data, top))
    if not path:
        raise ValueError("it has no moov atom")
    listed = list(atoms(data, path[3].inner, path[3].stop)) if len(path) == len(_PATH) else []
    old = [(purpose, atom) for atom in listed if (purpose := purpose_of(data, atom))]
    fields = TagFields.of(
        _NAME,
        Mp4Codec(),
        Mp4SourceCodec(),
        ((purpose, bytes(data[atom.start : atom.stop])) for purpose, atom in old),
    )

    def rebuild(items: NewItems) -> list[Splice]:
        new = fields.new_items(items)
        if len(path) < len(_PATH):
            splice = _new_folders(data, path, b"".join(map(b"".join, new.values())))
            return [splice, *_grow(data, top, path, splice.growth, splice.start)]
        ilst = path[3]
        splices = []
        for purpose, content in new.items():
            places = [(atom.start, atom.stop) for found, atom in old if found is purpose]
            (start, stop), *others = places or [(ilst.stop, ilst.stop)]
            splices.append(Splice(start=start, stop=stop, new=b"".join(content)))
            splices += [Splice(start=start, stop=stop, new=b"") for start, stop in others]
        growth = sum(splice.growth for splice in splices)
        splices += _resized([ilst], data, growth)
        room = _room_in_meta(data, path[2], ilst, growth)
        growth += room.growth
        return [*splices, room, *_grow(data, top, path[:3], growth, ilst.stop)]

    return Layout.of((fields,), (), rebuild)


def _descend(data: Data, children: list[Atom]) -> Iterator[Atom]:
    """Yield moov, udta, meta and ilst, as far as they are there."""
    for name in _PATH:
        found = next((atom for atom in children if atom.name == name), None)
        if found is None:
            return
        yield found
        skipped = meta_offset(data, found) if name == b"meta" else 0
        children = list(atoms(data, found.inner + skipped, found.stop))


def _new_folders(data: Data, path: list[Atom], items: bytes) -> Splice:
    """Make what is missing of the path to the items, with room for more."""
    new = _atom(b"ilst", items)
    if len(path) < len(_PATH) - 1:
        new = _atom(b"meta", bytes(4) + _atom(b"hdlr", _HANDLER) + new + _free(_ROOM))
    if len(path) < len(_PATH) - 2:
        new = _atom(b"udta", new)
    holder = path[-1]
    # In front in udta, which may end with four bytes of zero.
    at = holder.inner if holder.name == b"udta" else holder.stop
    return Splice(start=at, stop=at, new=new)


def _free(size: int) -> bytes:
    return _atom(b"free", bytes(size - _HEADER)) if size else b""


def _room_in_meta(data: Data, meta: Atom, ilst: Atom, growth: int) -> Splice:
    """Return what a free atom behind the items has to become for the tag to keep its size."""
    inside = atoms(data, meta.inner + meta_offset(data, meta), meta.stop)
    free = next((atom for atom in inside if atom.name in _FREE and atom.start >= ilst.stop), None)
    if growth == 0:
        return Splice(start=ilst.stop, stop=ilst.stop, new=b"")
    start, stop = (free.start, free.stop) if free else (ilst.stop, ilst.stop)
    left = stop - start - growth
    return Splice(
        start=start, stop=stop, new=_free(left if left >= _HEADER or left == 0 else _ROOM)
    )


def _resized(holders: list[Atom], data: Data, growth: int) -> list[Splice]:
    """Return the new sizes of atoms that grow; an atom of size 0 goes on to the end of the file."""
    splices = []
    for atom in holders if growth else []:
        size = number(data[atom.start : atom.start + 4])
        at, width = (atom.start + 8, 8) if size == 1 else (atom.start, 4)
        if size:
            new = (atom.stop - atom.start + growth).to_bytes(width)
            splices.append(Splice(start=at, stop=at + width, new=new))
    return splices


def _grow(data: Data, top: list[Atom], holders: list[Atom], growth: int, at: int) -> list[Splice]:
    """Return what else changes when the tag grows: sizes, and where audio behind it is."""
    if growth == 0:
        return []
    splices = _resized(holders, data, growth)
    moov = holders[0]
    behind = next((atom for atom in top if atom.start == moov.stop), None)
    if behind is not None and behind.name in _FREE:
        left = behind.stop - behind.start - growth
        if left >= _HEADER or left == 0:
            free = Splice(start=behind.start, stop=behind.stop, new=_free(left))
            return [*splices, free]
    if any(atom.name == b"mfra" for atom in top):
        raise ValueError("its fragments have an index that would have to be moved")
    for table in atoms_below(data, moov.inner, moov.stop, _HOLDERS):
        if width := OFFSETS.get(table.name):
            splices += _moved(data, table.inner + 8, table.stop, width, growth, at)
    for fragment in (atom for atom in top if atom.name == b"moof"):
        for header in atoms_below(data, fragment.inner, fragment.stop, _HOLDERS):
            if header.name == b"tfhd" and data[header.inner + 3] & 1:  # it has a base data offset
                start = header.inner + 8
                splices += _moved(data, start, start + 8, 8, growth, at)
    return splices


def _moved(data: Data, start: int, stop: int, width: int, growth: int, at: int) -> list[Splice]:
    """Return a table of offsets with those behind a position moved."""
    table = bytes(data[start:stop])
    offsets = (number(table[i : i + width]) for i in range(0, len(table), width))
    try:
        new = b"".join((o + growth * (o >= at)).to_bytes(width) for o in offsets)
    except OverflowError:
        raise ValueError("it is too large for its tag to grow") from None
    return [Splice(start=start, stop=stop, new=new)]


_HOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf")
