"""From a music file to the waveform of the part that is analysed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tagger.audio.demux import open_audio, open_container
from tagger.audio.frontend import Waveform
from tagger.audio.resample import mono_blocks
from tagger.audio.silence import SILENCE, is_silent
from tagger.errors import UnreadableError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_PRE_ROLL = 0.2  # seconds that a decoder needs, after a seek, before its output is right

_PLACES = (0.25, 0.75, 0.0, 1.0)  # where else to look for sound, from the beginning to the end
_QUIET = 0.1  # a peak of all channels together below this (−20 dB) may be what they leave of
_CANCELLED = 3.0  # times as much in one of them

_SAMPLE = 10  # seconds of a whole track that tell whether they do
_LISTENING_RATE = 22_050  # Hz, to tell silence from sound
_Part = tuple[float | None, Waveform]
"""Where a part of a stream starts, in seconds of stream time, None for its beginning; and it."""
_NOTHING = "is damaged: no audio could be decoded"


def decode(path: Path, sample_rate: int, seconds: float | None) -> Waveform:
    """Open a file and decode the middle of it, see `decode_stream`.

    Raises:
        UnreadableError: no permission, empty, damaged, or not audio at all.
        UnsupportedError: not a regular file, or no audio stream in it.
    """
    with open_audio(path) as stream:
        return decode_stream(stream, sample_rate, seconds)


def decode_stream(stream: BinaryIO, sample_rate: int, seconds: float | None) -> Waveform:
    """Decode `seconds` from the middle of an open file, or all of it, as mono at `sample_rate`.

    Intros and endings are the least typical parts of a track, hence the middle; where that is
    silent, another part is taken. A file that is shorter than `seconds` is returned whole. One
    whose container promises more than it holds, or that cannot seek, is decoded from its start.
    Damaged packets are skipped. Where the channels cancel each other out, the first stands for all.

    Args:
        stream: a regular file, see `open_audio`.
        sample_rate: of the waveform, in Hz.
        seconds: to decode at most; None: all of it.

    Raises:
        UnreadableError: empty, damaged, or not audio of the kind that its name says.
        UnsupportedError: no audio stream in it.
    """
    if seconds is None:
        return np.concatenate(list(decode_blocks(stream, sample_rate)))
    with open_container(stream) as container:
        _, samples = _audible(container, sample_rate, seconds)
    if samples.size == 0:
        raise UnreadableError(_NOTHING)
    return samples


def decode_blocks(stream: BinaryIO, sample_rate: int) -> Iterator[Waveform]:
    """Decode all of an open file as mono at `sample_rate`, without ever holding all of it.

    Raises:
        UnreadableError: empty, damaged, or not audio of the kind that its name says.
        UnsupportedError: no audio stream in it.
    """
    size, wanted = 0, _SAMPLE * sample_rate
    with open_container(stream) as container:
        middle = _middle(container, _SAMPLE)
        mixed = _read(container, sample_rate, middle, wanted)
        first_channel = _alone(container, sample_rate, middle, mixed) is not None
    with open_container(stream) as container:
        frames = _frames(container, container.streams.audio[0], None)
        for block in mono_blocks(frames, sample_rate, None, first_channel):
            size += block.size
            yield block
    if size == 0:
        raise UnreadableError(_NOTHING)


def _audible(container: "InputContainer", sample_rate: int, seconds: float) -> _Part:
    """Decode `seconds` from the middle, or from wherever there is sound."""
    wanted = round(seconds * sample_rate)
    middle = _middle(container, seconds)
    part = _at(container, sample_rate, middle, wanted)
    if middle is None or not is_silent(part[1]):
        return part
    first = _first_second(container.streams.audio[0])
    others = (first + 2 * (middle - first) * place for place in _PLACES)
    elsewhere = (_at(container, sample_rate, other, wanted) for other in others)
    return next((other for other in elsewhere if not is_silent(other[1])), part)


def _at(container: "InputContainer", sample_rate: int, start: float | None, wanted: int) -> _Part:
    """Decode `wanted` samples from `start` on, or else from the beginning."""
    samples = _read(container, sample_rate, start, wanted)
    if start is not None and samples.size < wanted:
        start, samples = None, _read(container, sample_rate, None, wanted, rewind=True)
    alone = _alone(container, sample_rate, start, samples)
    return start, samples if alone is None else alone


def _alone(
    container: "InputContainer", sample_rate: int, start: float | None, mixed: Waveform
) -> Waveform | None:
    """Return the first channel of a part whose channels cancel each other out; None of others."""
    if _peak(mixed) >= _QUIET or container.streams.audio[0].codec_context.channels == 1:
        return None
    first = _read(container, sample_rate, start, mixed.size, rewind=True, first_channel=True)
    return first if _peak(first) > max(_CANCELLED * _peak(mixed), SILENCE) else None


def _peak(samples: Waveform) -> float:
    return float(np.abs(samples).max(initial=0))


def start_of_part(path: Path, seconds: float | None) -> float:
    """Return where the part that `decode` takes starts, in seconds from the start of a track.

    Only decoding tells where there is sound.

    Raises:
        UnreadableError: not audio, or damaged.
        UnsupportedError: no audio stream in it.
    """
    with open_audio(path) as stream, open_container(stream) as container:
        if seconds is None:
            return 0.0
        start, _ = _audible(container, _LISTENING_RATE, seconds)
        return 0.0 if start is None else start - _first_second(container.streams.audio[0])


def _middle(container: "InputContainer", seconds: float | None) -> float | None:
    """Return where the middle part starts, in seconds of stream time; None: from the start."""
    import av

    stream = container.streams.audio[0]
    if stream.duration is not None and stream.time_base is not None:
        duration = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration = container.duration / av.time_base
    else:
        return None
    if seconds is None or duration <= seconds:
        return None
    return _first_second(stream) + (duration - seconds) / 2


def _first_second(stream: "AudioStream") -> float:
    """Return the time stamp of the stream's beginning, which is not always zero."""
    if stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


def _read(
    container: "InputContainer",
    sample_rate: int,
    start: float | None,
    wanted: int,
    *,
    rewind: bool = False,
    first_channel: bool = False,
) -> Waveform:
    """Decode at most `wanted` samples from `start` on; fewer when the stream ends before."""
    import av

    stream = container.streams.audio[0]
    try:
        if start is not None:
            container.seek(round((start - _PRE_ROLL) * av.time_base))
        elif rewind:
            container.seek(round(_first_second(stream) * av.time_base))
    except av.FFmpegError:
        return np.empty(0, np.float32)
    frames = _frames(container, stream, start)
    blocks = list(mono_blocks(frames, sample_rate, wanted, first_channel))
    return np.concatenate(blocks)[:wanted] if blocks else np.empty(0, np.float32)


def _frames(
    container: "InputContainer", stream: "AudioStream", start: float | None
) -> Iterator["AudioFrame"]:
    """Yield decoded frames from the one that holds `start` on, past damaged packets."""
    import av

    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            continue
        for frame in frames:
            end = None if frame.time is None else frame.time + frame.samples / frame.sample_rate
            if start is None or end is None or end > start:
                yield frame
