"""FLAC and Ogg, with Vorbis comments."""

from tagger.tags.containers.base import AUDIO, Data, Parts, number
from tagger.tags.containers.id3 import after_id3, before_id3v1, id3v1_parts


def _comments(data: Data) -> Parts:
    """Vorbis comments but the genre."""
    size = number(data[:4], little=True)
    yield b"vendor", data[4 : 4 + size]
    position = 8 + size
    for _ in range(number(data[4 + size : 8 + size], little=True)):
        if position >= len(data):  # the count may be as damaged as anything
            raise ValueError("a Vorbis comment is cut short")
        size = number(data[position : position + 4], little=True)
        comment = data[position + 4 : position + 4 + size]
        if bytes(comment[:6]).lower() != b"genre=":
            yield b"comment", comment
        position += 4 + size


_STREAM_INFO, _PADDING, _VORBIS_COMMENT = 0, 1, 4


def flac_parts(data: Data) -> Parts:
    """Metadata blocks but padding, and the frames of audio behind them."""
    position = after_id3(data) + 4
    last = False
    while not last:
        kind, size = data[position] & 0x7F, number(data[position + 1 : position + 4])
        last = bool(data[position] & 0x80)
        block = data[position + 4 : position + 4 + size]
        position += 4 + size
        if kind == _STREAM_INFO:
            yield AUDIO, block
        elif kind == _VORBIS_COMMENT:
            yield from _comments(block)
        elif kind != _PADDING:
            yield b"block %d" % kind, block
    yield from id3v1_parts(data)
    yield AUDIO, data[position : before_id3v1(data)]


_OGG_NO_TIME = (bytes(8), b"\xff" * 8)


# How the first packet of a stream begins, and how much of the second comes before the comments.
_OGG_STREAMS = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}


def ogg_parts(data: Data) -> Parts:
    """Streams of pages; the pages themselves are renumbered when the comments grow."""
    position = 0
    comments: dict[bytes, bytearray | None] = {}  # the second packet, while it is running
    before: dict[bytes, int] = {}
    while position < len(data):
        if bytes(data[position : position + 4]) != b"OggS":
            raise ValueError("no Ogg page where one should be")
        granule = bytes(data[position + 6 : position + 14])
        serial = bytes(data[position + 14 : position + 18])
        lacing = data[position + 27 : position + 27 + data[position + 26]]
        start = position + 27 + len(lacing)
        position = start + sum(lacing)
        if position > len(data):
            raise ValueError("the last Ogg page is cut short")
        if serial not in before:
            head = bytes(data[start : start + 8])
            before[serial] = next((n for m, n in _OGG_STREAMS.items() if head.startswith(m)), -1)
            comments[serial] = bytearray() if before[serial] >= 0 else None
            yield AUDIO, data[start:position]
            continue
        if (packet := comments[serial]) is None:
            # Only pages of audio have a time; those of headers may be divided in another way.
            if granule not in _OGG_NO_TIME:
                yield AUDIO, granule + serial
            yield AUDIO, data[start:position]
            continue
        # The comments end with a segment shorter than 255; setup data may follow on that page.
        for index, size in enumerate(lacing):
            packet += data[start : start + size]
            start += size
            if size < 255:  # noqa: PLR2004
                yield from _comments(memoryview(bytes(packet))[before[serial] :])
                comments[serial] = None
                if index + 1 < len(lacing):
                    yield AUDIO, data[start:position]
                break
