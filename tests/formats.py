"""One small tagged file of every kind whose genre we write, and a second reader of genres.

The files are made with PyAV, soundfile and mutagen, or bit by bit where there is no encoder. The
reader takes nothing from mutagen: it parses the bytes itself, so that the two can disagree.
"""

import base64
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import av
import mutagen
import numpy as np
import soundfile
from conftest import music
from mutagen import apev2, asf, flac, id3, mp4
from mutagen.ogg import OggPage

RATE = 24_000  # Opus has it too
TEXTS = TITLE, ARTIST, COMMENT, MOOD = "Títle = 1", "Ärtist", "a cömment", "light/dark; both"
NO_V1_GENRE = 255


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


COVER = (  # one red pixel
    b"\x89PNG\r\n\x1a\n"
    + _png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _png_chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    + _png_chunk(b"IEND", b"")
)


# Audio: each function writes some seconds of it to a path.


def _encode(container_format: str, codec: str, path: Path, seconds: float) -> None:
    options = {"id3v2_version": "0"} if container_format == "mp3" else {}
    with av.open(str(path), "w", format=container_format, options=options) as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(music(seconds, RATE)[None], "fltp", "mono")
        frame.sample_rate, frame.pts = RATE, 0
        packets = [*stream.encode(frame), *stream.encode(None)]
        if container_format == "oga":
            packets.pop()  # no audio, only FLAC's final header, and without a time Ogg refuses it
        container.mux(packets)


def _vorbis(path: Path, seconds: float) -> None:
    soundfile.write(path, music(seconds, RATE), RATE, format="OGG", subtype="VORBIS")


def _speex(path: Path, seconds: float) -> None:
    """Write random narrow-band frames of 15 kbit/s whose gain falls off every half second."""
    fields = (1, 80, 8000, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0)
    packets = [struct.pack("<8s20s13i", b"Speex   ", b"1.2", *fields), bytes(8)]
    rng = np.random.default_rng(0)
    for number in range(round(seconds * 50)):
        bits = rng.integers(0, 2, 304)
        bits[:5] = 0, 0, 1, 0, 1  # narrow band, sub-mode 5
        bits[35:40] = [int(bit) for bit in f"{22 - number % 25 // 2:05b}"]  # the gain
        bits[300:] = 0, 1, 1, 1  # no more frames
        packets.append(np.packbits(bits).tobytes())
    with path.open("wb") as file:
        for number, packet in enumerate(packets):
            page = OggPage()
            page.serial, page.sequence, page.packets = 7, number, [packet]
            page.position = max(0, number - 1) * 160
            page.first, page.last = number == 0, number == len(packets) - 1
            file.write(page.write())


def _ape_residuals(samples: list[int]) -> Iterator[int]:
    """Yield what Monkey's Audio cannot predict, for mono at level "fast"."""
    weights, seen, before = [360, 317, -109, 98], [0, 0, 0, 0], 0
    for sample in samples:
        now = sample - (before * 31 >> 5)
        residual = now - (sum(map(int.__mul__, weights, seen)) >> 10)
        up = (residual > 0) - (residual < 0)
        weights = [w + up * ((s > 0) - (s < 0)) for w, s in zip(weights, seen, strict=True)]
        seen, before = [now, now - seen[0], *seen[1:3]], sample
        yield residual


def _ape_frame(samples: np.ndarray) -> bytes:
    """Encode a frame of 16-bit samples: a checksum, then a range coder over the residuals."""
    starts, escape = (0, 19578, 36160, 48417, 56323, 60899), 65535  # symbols' ranges, of 65536
    low, span, size, total = 0, 1 << 7, 1, 16 << 10
    for residual in _ape_residuals(samples.tolist()):
        folded = 2 * residual - 1 if residual > 0 else -2 * residual
        pivot = max(total >> 5, 1)
        symbol, rest = divmod(folded, pivot)
        if symbol + 1 < len(starts):
            ranges = [(starts[symbol], starts[symbol + 1], 1 << 16)]
        else:
            whole = (escape, symbol >> 16, symbol & 0xFFFF)
            ranges = [(part, part + 1, 1 << 16) for part in whole]
        for start, stop, out_of in (*ranges, (rest, rest + 1, pivot)):
            while span <= 1 << 23:
                low, span, size = low << 8, span << 8, size + 1
            unit = span // out_of
            low, span = low + unit * start, unit * (stop - start)
        total += (folded + 1) // 2 - ((total + 16) >> 5)
    code = ((low + span - 1) << 1).to_bytes(size, "big") + bytes(8)
    frame = struct.pack(">Ix", zlib.crc32(samples.tobytes()) >> 1) + code
    frame += bytes(-len(frame) % 4)
    return np.frombuffer(frame, "<u4").byteswap().tobytes()


def _ape(path: Path, seconds: float) -> None:
    """Write Monkey's Audio 3.99, losslessly."""
    samples, block = (music(seconds, RATE) * 20_000).astype("<i2"), 6000
    frames = [_ape_frame(samples[at : at + block]) for at in range(0, samples.size, block)]
    count, last, size = len(frames), (samples.size - 1) % block + 1, sum(map(len, frames))
    starts = np.cumsum([76 + 4 * count, *map(len, frames[:-1])])
    path.write_bytes(
        struct.pack("<4sHH7I16x", b"MAC ", 3990, 0, 52, 24, starts[0] - 76, 0, size, 0, 0)
        + struct.pack("<HHIIIHHI", 1000, 32, block, last, count, 16, 1, RATE)
        + starts.astype("<u4").tobytes()
        + b"".join(frames)
    )


def _musepack(path: Path, seconds: float) -> None:
    """Write stream version 7 with only the lowest of 32 bands, in plain 7-bit samples."""
    count = round(seconds * 44_100 / 1152)
    band = np.pad(music(seconds, 44_100 // 32), (0, 72))[: count * 36]
    bits = f"{0x17:08b}"  # the encoder's version ends the header
    for samples in (band * 50).astype(int).reshape(count, 36) + 63:
        frame = "1000" * 2  # how fine, left and right
        frame += "00" * 2  # one scale factor in a frame
        frame += f"1100{10:06b}" * 2  # it is 10
        frame += "".join(f"{sample:07b}" for sample in samples) * 2
        bits += f"{len(frame):020b}{frame}"
    bits += "0" * (64 - len(bits) % 32)
    words = [int(bits[at : at + 32], 2) for at in range(0, len(bits), 32)]
    header = (count, 10 << 20, 0, 0, 1 << 31 | 1152 << 20)
    path.write_bytes(b"MP+\x07" + struct.pack(f"<{5 + len(words)}I", *header, *words))


def _dsf(path: Path, seconds: float) -> None:
    level = np.repeat(music(seconds, 44_100).astype(float), 64) / 4 + 0.5
    ones = np.diff(np.floor(np.cumsum(level)), prepend=0)  # a sigma-delta modulator
    audio = np.packbits(ones.astype(np.uint8), bitorder="little").tobytes()
    audio += b"\x69" * (-len(audio) % 4096)  # silence
    path.write_bytes(
        struct.pack("<4sQQQ", b"DSD ", 28, 92 + len(audio), 0)
        + struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, 2_822_400, 1, level.size, 4096, 0)
        + struct.pack("<4sQ", b"data", 12 + len(audio))
        + audio
    )


# Tags.


def _picture() -> flac.Picture:
    picture = flac.Picture()
    picture.type, picture.mime, picture.data = 3, "image/png", COVER
    return picture


def _untagged(_path: Path) -> None:
    pass


def _tag_id3(path: Path, version: int = 4) -> None:
    media = mutagen.File(path)
    media.add_tags()
    media.tags.add(id3.TIT2(3, [TITLE]))
    media.tags.add(id3.TPE1(3, [ARTIST]))
    media.tags.add(id3.COMM(3, "deu", "", [COMMENT]))
    media.tags.add(id3.TXXX(3, "MOOD", [MOOD]))
    media.tags.add(id3.APIC(0, "image/png", 3, "", COVER))
    media.save(v2_version=version)


def _tag_id3_twice(path: Path) -> None:
    """Write an ID3v1.1 tag as well, which knows more than the ID3v2 tag."""
    _tag_id3(path)
    texts = (text.encode("latin-1") for text in (TITLE, ARTIST, "Älbum", "1999", "v1 cömment"))
    with path.open("ab") as file:
        file.write(struct.pack("3s30s30s30s4s28sxBB", b"TAG", *texts, 7, NO_V1_GENRE))


def _tag_items(names: str, more: dict, path: Path) -> None:
    media = mutagen.File(path)
    if media.tags is None:
        media.add_tags()
    media.update(dict(zip(names.split(), TEXTS, strict=False)) | more)
    if isinstance(media, flac.FLAC):
        media.add_picture(_picture())
    media.save()


_VORBIS_NAMES = "TITLE ARTIST COMMENT MOOD"
_tag_flac = partial(_tag_items, _VORBIS_NAMES, {})
_tag_ogg = partial(
    _tag_items,
    _VORBIS_NAMES,
    {"METADATA_BLOCK_PICTURE": base64.b64encode(_picture().write()).decode()},
)
_tag_ape = partial(
    _tag_items,
    "Title Artist Comment Mood",
    {"Cover Art (Front)": apev2.APEValue(b"cover.png\0" + COVER, apev2.BINARY)},
)
_tag_mp4 = partial(
    _tag_items,
    "\xa9nam \xa9ART \xa9cmt",
    {
        "----:com.apple.iTunes:MOOD": MOOD.encode(),
        "covr": [mp4.MP4Cover(COVER, mp4.MP4Cover.FORMAT_PNG)],
    },
)
_tag_asf = partial(
    _tag_items,
    "Title Author Description WM/Mood",
    {
        "WM/Picture": asf.ASFByteArrayAttribute(
            struct.pack("<bI", 3, len(COVER)) + "image/png\0\0".encode("utf-16-le") + COVER
        )
    },
)

_mp3 = partial(_encode, "mp3", "libmp3lame")
_aac = partial(_encode, "ipod", "aac")
_KINDS: dict[str, tuple[str, Callable[[Path, float], None], Callable[[Path], None]]] = {
    "mp3-v23": (".mp3", _mp3, partial(_tag_id3, version=3)),
    "mp3-v24": (".mp3", _mp3, _tag_id3),
    "mp3-v1": (".mp3", _mp3, _tag_id3_twice),
    "mp3-bare": (".mp3", _mp3, _untagged),
    "flac": (".flac", partial(_encode, "flac", "flac"), _tag_flac),
    "ogg-vorbis": (".ogg", _vorbis, _tag_ogg),
    "ogg-opus": (".opus", partial(_encode, "opus", "libopus"), _tag_ogg),
    "ogg-flac": (".oga", partial(_encode, "oga", "flac"), _tag_ogg),
    "speex": (".spx", _speex, _tag_ogg),
    "m4a-aac": (".m4a", _aac, _tag_mp4),
    "m4a-alac": (".m4a", partial(_encode, "ipod", "alac"), _tag_mp4),
    "m4b": (".m4b", _aac, _tag_mp4),
    "mp4": (".mp4", partial(_encode, "mp4", "aac"), _tag_mp4),
    "wma": (".wma", partial(_encode, "asf", "wmav2"), _tag_asf),
    "aiff": (".aiff", partial(_encode, "aiff", "pcm_s16be"), _tag_id3),
    "wav": (".wav", partial(_encode, "wav", "pcm_s16le"), _tag_id3),
    "ape": (".ape", _ape, _tag_ape),
    "wavpack": (".wv", partial(_encode, "wv", "wavpack"), _tag_ape),
    "musepack": (".mpc", _musepack, _tag_ape),
    "dsf": (".dsf", _dsf, _tag_id3),
    "tta": (".tta", partial(_encode, "tta", "tta"), _tag_id3),
}
KINDS = tuple(_KINDS)
UNDECODABLE: frozenset[str] = frozenset()


def make(kind: str, folder: Path, seconds: float = 1.0) -> Path:
    """Write a file of a kind, with tags and a cover but no genre, and return its path."""
    suffix, write_audio, tag = _KINDS[kind]
    path = folder / f"{kind}{suffix}"
    write_audio(path, seconds)
    tag(path)
    return path


# The second reader: each function takes the bytes of a file, or of a tag in it.


def _boxes(
    data: bytes, head: str, sized_with_head: bool = False, padded_to: int = 1
) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of what follows one another, each after a head of name and size."""
    start = struct.calcsize(head)
    while len(data) >= start:
        fields = struct.unpack_from(head, data)
        name, size = fields if isinstance(fields[0], bytes) else fields[::-1]
        stop = size if sized_with_head else start + size
        assert stop >= start, name
        yield name, data[start:stop]
        data = data[stop + -stop % padded_to :]


def _syncsafe(size: int) -> int:
    return sum((size >> 8 * place & 0x7F) << 7 * place for place in range(4))


def _id3v2(data: bytes) -> list[str]:
    version, flags, size = struct.unpack_from(">BxBI", data, 3)
    assert version in (3, 4), version
    assert not flags, "extended header or unsynchronised"
    data = data[10 : 10 + _syncsafe(size)]
    genres = []
    while data.strip(b"\0"):
        name, size = struct.unpack_from(">4sI", data)
        stop = 10 + (size if version == 3 else _syncsafe(size))
        if name == b"TCON":
            encoding = ("latin-1", "utf-16", "utf-16-be", "utf-8")[data[10]]
            text = data[11:stop].decode(encoding).replace("\ufeff", "").strip("\0")
            genres += re.split("[/\0]" if version == 3 else "\0", text)
        data = data[stop:]
    return genres


def _id3v2_chunk(order: str, data: bytes) -> list[str]:
    chunks = _boxes(data[12:], f"{order}4sI", padded_to=2)
    return [genre for name, body in chunks if name in (b"ID3 ", b"id3 ") for genre in _id3v2(body)]


def _id3v2_pointer(data: bytes) -> list[str]:
    start = int.from_bytes(data[20:28], "little")
    return _id3v2(data[start:]) if start else []


def _vorbis_comments(data: bytes) -> list[str]:
    values = []
    at = 8 + int.from_bytes(data[:4], "little")  # after the vendor
    for _ in range(int.from_bytes(data[at - 4 : at], "little")):
        start, at = at + 4, at + 4 + int.from_bytes(data[at : at + 4], "little")
        name, _, value = data[start:at].decode().partition("=")
        values += [value] * (name.upper() == "GENRE")
    return values


def _flac_blocks(data: bytes) -> list[str]:
    values, at, last = [], 4, 0
    while not last:
        last, kind = data[at] >> 7, data[at] & 0x7F
        start, at = at + 4, at + 4 + int.from_bytes(data[at + 1 : at + 4])
        values += _vorbis_comments(data[start:at]) if kind == 4 else []
    return values


# How the first packet begins, and how much comes before the comments in the second.
_OGG_HEADS = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}


def _ogg_packets(data: bytes) -> list[str]:
    packets = [b""]
    while len(packets) < 3:  # the third is only begun
        laces, at = data[27 : 27 + data[26]], 27 + data[26]
        for lace in laces:
            packets[-1] += data[at : at + lace]
            packets += [b""] * (lace < 255)
            at += lace
        data = data[at:]
    before = next(size for head, size in _OGG_HEADS.items() if packets[0].startswith(head))
    return _vorbis_comments(packets[1][before:])


def _mp4_items(data: bytes) -> list[str]:
    boxes = partial(_boxes, head=">I4s", sized_with_head=True)
    for parent in (b"moov", b"udta", b"meta", b"ilst"):
        data = dict(boxes(data)).get(parent, b"")[4 if parent == b"meta" else 0 :]
    readers = {b"\xa9gen": bytes.decode, b"gnre": lambda number: f"({int.from_bytes(number) - 1})"}
    items = ((name, body) for name, body in boxes(data) if name in readers)
    return [readers[name](value[8:]) for name, body in items for _, value in boxes(body)]


def _asf_extended(data: bytes) -> list[str]:
    values, at = [], 2
    for _ in range(int.from_bytes(data[:2], "little")):
        middle = at + 2 + int.from_bytes(data[at : at + 2], "little")
        name = data[at + 2 : middle]
        at = middle + 4 + int.from_bytes(data[middle + 2 : middle + 4], "little")
        values += _asf_genre(name, data[middle + 4 : at])
    return values


def _asf_library(data: bytes) -> list[str]:
    values, at = [], 2
    for _ in range(int.from_bytes(data[:2], "little")):
        name_size, size = struct.unpack_from("<4xH2xI", data, at)
        middle = at + 12 + name_size
        name, at = data[at + 12 : middle], middle + size
        values += _asf_genre(name, data[middle:at])
    return values


def _asf_genre(name: bytes, value: bytes) -> list[str]:
    wanted = name.decode("utf-16-le").rstrip("\0") == "WM/Genre"
    return [value.decode("utf-16-le").rstrip("\0")] if wanted else []


def _asf_objects(data: bytes) -> list[str]:
    """Read genres in the order of `_ASF`: the first value is outside the header extension."""
    objects = dict(_boxes(data, "<16sQ", sized_with_head=True))
    return [genre for key in _ASF if key in objects for genre in _ASF[key](objects[key])]


_ASF: dict[bytes, Callable[[bytes], list[str]]] = {
    UUID("75b22630-668e-11cf-a6d9-00aa0062ce6c").bytes_le: lambda body: _asf_objects(body[6:]),
    UUID("d2d0a440-e307-11d2-97f0-00a0c95ea850").bytes_le: _asf_extended,
    UUID("5fbf03b5-a92e-11cf-8ee3-00c00c205365").bytes_le: lambda body: _asf_objects(body[22:]),
    UUID("44231c94-9498-49d1-a141-1d134e457054").bytes_le: _asf_library,
}


def _apev2(data: bytes) -> list[str]:
    data = data[:-128] if data[-128:-125] == b"TAG" else data
    if data[-32:-24] != b"APETAGEX":
        return []
    size, count = struct.unpack_from("<II", data, len(data) - 20)
    values, data = [], data[-size:]
    for _ in range(count):
        size = int.from_bytes(data[:4], "little")
        name, _, data = data[8:].partition(b"\0")
        values += data[:size].decode().split("\0") if name.lower() == b"genre" else []
        data = data[size:]
    return values


# Where a file shows what it is, and who reads it then.
_READERS: tuple[tuple[int, bytes, Callable[[bytes], list[str]]], ...] = (
    (0, b"ID3", _id3v2),
    (0, b"\xff", lambda _: []),  # MPEG audio without a tag
    (0, b"TTA1", lambda _: []),
    (0, b"RIFF", partial(_id3v2_chunk, "<")),
    (0, b"FORM", partial(_id3v2_chunk, ">")),
    (0, b"DSD ", _id3v2_pointer),
    (0, b"fLaC", _flac_blocks),
    (0, b"OggS", _ogg_packets),
    (4, b"ftyp", _mp4_items),
    (0, b"0&\xb2u", _asf_objects),
    (0, b"MAC ", _apev2),
    (0, b"MP+", _apev2),
    (0, b"wvpk", _apev2),
)


def genres_in(path: Path) -> list[str]:
    """Return the genres as the bytes of a file have them."""
    data = path.read_bytes()
    return next(read(data) for at, magic, read in _READERS if data.startswith(magic, at))


def id3v1_genre(path: Path) -> int | None:
    """Return the number of the genre in the ID3v1 tag at the end of a file."""
    tag = path.read_bytes()[-128:]
    return tag[-1] if tag.startswith(b"TAG") else None
