"""Finds audio that is cut short, where a format says how many bytes of it there are.

Sources: "Monkey's Audio file format" (the SDK's `APEInfo.h`), "TTA1 format description"
(tausoft.org), "WavPack 4 & 5 binary file / block format".
"""

import struct

from tagger.tags.containers.base import Data, number

_MAC_WITH_DESCRIPTOR = 3980  # versions before say nothing of their length
_TTA_HEADER = 22
_WAVPACK_HEADER = 32
_MOST_BLOCK = 1 << 20  # bytes of a block of WavPack
_TAIL = 1 << 16  # bytes that are read first, to find the last block
_UNKNOWN = 0xFFFFFFFF


def check_whole(audio: Data) -> None:
    """Refuse Monkey's Audio, TrueAudio and WavPack that end before their audio does.

    Raises:
        ValueError: the file is cut short.
        struct.error: its header is.
    """
    check = {b"MAC ": _monkeys_audio, b"TTA1": _true_audio, b"wvpk": _wavpack}.get(bytes(audio[:4]))
    if check is not None and not check(audio):
        raise ValueError("it is cut short: audio is missing at its end")


def _monkeys_audio(audio: Data) -> bool:
    """Tell whether what the descriptor counts is there."""
    if number(audio[4:6], little=True) < _MAC_WITH_DESCRIPTOR:
        return True
    sizes: tuple[int, ...] = struct.unpack("<7I", bytes(audio[8:36]))
    *parts, high, last = sizes
    return sum(parts) + (high << 32) + last <= len(audio)


def _true_audio(audio: Data) -> bool:
    """Tell whether the frames are there whose sizes the seek table lists."""
    rate, samples = (number(audio[at : at + 4], little=True) for at in (10, 14))
    a_frame = rate * 256 // 245
    if a_frame == 0:
        raise ValueError("its header has no sample rate")
    table = 4 * -(-samples // a_frame)
    if _TTA_HEADER + table + 4 > len(audio):
        return False
    sizes: tuple[int, ...] = struct.unpack(
        f"<{table // 4}I", bytes(audio[_TTA_HEADER : _TTA_HEADER + table])
    )
    return _TTA_HEADER + table + 4 + sum(sizes) <= len(audio)


def _wavpack(audio: Data) -> bool:
    """Tell whether the last block is there, and is the last by its number of samples.

    A file that was not finished does not know how many samples it has. Behind the audio there may
    be a block without samples, such as a checksum.
    """
    total = number(audio[12:16], little=True)
    for length in (_TAIL, _MOST_BLOCK):
        tail = bytes(audio[max(0, len(audio) - length) :])
        at = tail.rfind(b"wvpk", 0, len(tail) - _WAVPACK_HEADER + 4)
        if at >= 0:
            header = tail[at : at + _WAVPACK_HEADER]
            size, index, samples = (number(header[i : i + 4], little=True) for i in (4, 16, 20))
            is_last = not samples or total == _UNKNOWN or index + samples >= total
            return at + 8 + size <= len(tail) and is_last
    return False
