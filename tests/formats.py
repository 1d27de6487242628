"""One small tagged file of every kind whose genre we write.

They are made with PyAV, soundfile and mutagen, or bit by bit where there is no encoder.
"""

import base64
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

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
    path = folder / f"{kind}{_KINDS[kind][0]}"
    path.write_bytes(_content(kind, seconds))
    return path


@cache
def _content(kind: str, seconds: float) -> bytes:
    suffix, write_audio, tag = _KINDS[kind]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"song{suffix}"
        write_audio(path, seconds)
        tag(path)
        return path.read_bytes()
