"""MP4: atoms within atoms."""

from collections.abc import Iterator

from tagger.tags.containers.base import AUDIO, Data, Parts, number


def _atoms(data: Data, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the content of MP4 atoms."""
    while start + 8 <= end:
        size, name = number(data[start : start + 4]), bytes(data[start + 4 : start + 8])
        header = 8
        if size == 1:
            size, header = number(data[start + 8 : start + 16]), 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            raise ValueError("an MP4 atom is cut short")
        yield name, start + header, start + size
        start += size


# What to step over at the start of an atom that holds others.
_MP4_FOLDERS = dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst"), 0)
_MP4_FOLDERS[b"meta"] = 4
_MP4_NOT_COMPARED = (b"\xa9gen", b"gnre", b"free", b"hdlr")
_MP4_NUMBERS = (b"trkn", b"disk", b"tmpo", b"cpil", b"pgap", b"pcst", b"stik", b"rtng", b"hdvd")
_MP4_OFFSETS = {b"stco": 4, b"co64": 8}


def mp4_parts(data: Data) -> Parts:
    """The media data, where its chunks are, and the items of the tag."""
    top = list(_atoms(data, 0, len(data)))
    media = [(start, end) for name, start, end in top if name == b"mdat"]
    for start, end in media:
        yield AUDIO, data[start:end]

    def below(start: int, end: int) -> Parts:
        for name, inner, stop in _atoms(data, start, end):
            if name in _MP4_FOLDERS:
                yield from below(inner + _MP4_FOLDERS[name], stop)
            elif width := _MP4_OFFSETS.get(name):
                for at in range(inner + 8, stop, width):
                    # Where in the media data a chunk of samples is: the whole of it may move.
                    offset = number(data[at : at + width])
                    home = next((s for s, e in media if s <= offset <= e), 0)
                    yield AUDIO, (offset - home).to_bytes(8)
            elif name not in _MP4_NOT_COMPARED:
                yield b"MP4 " + name, b"" if name in _MP4_NUMBERS else data[inner:stop]

    for name, start, end in top:
        if name == b"moov":
            yield from below(start, end)
