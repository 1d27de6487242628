"""From a music file to the waveform of the part that is analysed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tagger.audio.container import open_audio, open_container
from tagger.errors import UnreadableError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.filter import Graph

Waveform = NDArray[np.float32]
"""Mono samples, full scale is ±1, `[samples]`."""

_LOOK_AHEAD = 64  # samples beyond the last one wanted that the resampler's filter needs
_PRE_ROLL = 0.2  # seconds that a decoder needs, after a seek, before its output is right
_BLOCK = 1 << 16  # samples that leave the resampler at a time
_PUSHES = 32  # frames that go into the resampler before it is asked for output


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

    Intros and endings are the least typical parts of a track, hence the middle. A file that is
    shorter than `seconds` is returned whole. One whose container promises more than it holds, or
    that cannot seek, is decoded from its start. Damaged packets are skipped.

    Args:
        stream: a regular file, see `open_audio`.
        sample_rate: of the waveform, in Hz.
        seconds: to decode at most; None: all of it.

    Raises:
        UnreadableError: empty, damaged, or not audio of the kind that its name says.
        UnsupportedError: no audio stream in it.
    """
    with open_container(stream) as container:
        wanted = None if seconds is None else round(seconds * sample_rate)
        start = _middle(container, seconds)
        samples = _read(container, sample_rate, start, wanted)
        if start is not None and wanted is not None and samples.size < wanted:
            samples = _read(container, sample_rate, None, wanted, rewind=True)
    if samples.size == 0:
        raise UnreadableError("is damaged: no audio could be decoded")
    return samples


def start_of_middle(path: Path, seconds: float | None) -> float:
    """Return where the part that `decode` takes starts, in seconds from the start of a track.

    It is what the container promises; of one that promises more than it holds the start is decoded.

    Raises:
        UnreadableError: not audio, or damaged.
        UnsupportedError: no audio stream in it.
    """
    with open_audio(path) as stream, open_container(stream) as container:
        start = _middle(container, seconds)
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
    wanted: int | None,
    rewind: bool = False,
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
    blocks = list(_resampled(_frames(container, stream, start), sample_rate, wanted))
    samples = np.concatenate(blocks)[:wanted] if blocks else np.empty(0, np.float32)
    return np.nan_to_num(samples, copy=False)  # a float file may hold NaN or infinity


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


def _resampled(
    frames: Iterator["AudioFrame"], sample_rate: int, wanted: int | None
) -> Iterator[Waveform]:
    """Yield mono blocks at `sample_rate`, together `wanted` samples if the frames hold them.

    The resampler is asked for output every few frames. Asking after each of some thousand frames
    costs as much as resampling them. Never asking makes the graph keep all of them, in memory that
    is not in the processor's cache. A stream may change its rate or layout on the way.
    """
    enough = float("inf") if wanted is None else wanted + _LOOK_AHEAD
    pushed = 0.0  # samples at `sample_rate`
    graph: Graph | None = None
    kind: tuple[str, str, int] | None = None
    for number, frame in enumerate(frames, 1):
        if kind != (kind := (frame.format.name, frame.layout.name, frame.sample_rate)):
            if graph is not None:
                yield from _finished(graph)
            graph = _to_mono(frame, sample_rate)
        assert graph is not None
        graph.push(frame)
        pushed += frame.samples * sample_rate / frame.sample_rate
        if pushed >= enough:
            break
        if number % _PUSHES == 0:
            yield from _ready(graph)
    if graph is not None:
        yield from _finished(graph)


def _to_mono(frame: "AudioFrame", sample_rate: int) -> "Graph":
    """Build what turns frames of this kind into blocks of mono float at `sample_rate`."""
    from av.filter import Graph

    graph = Graph()
    source = graph.add(
        "abuffer",
        time_base=f"1/{frame.sample_rate}",
        sample_rate=str(frame.sample_rate),
        sample_fmt=frame.format.name,
        channel_layout=frame.layout.name,
    )
    mono = graph.add(
        "aformat", sample_rates=str(sample_rate), sample_fmts="flt", channel_layouts="mono"
    )
    sink = graph.add("abuffersink")
    source.link_to(mono)
    mono.link_to(sink)
    graph.configure()
    graph.set_audio_frame_size(_BLOCK)
    return graph


def _finished(graph: "Graph") -> Iterator[Waveform]:
    """Yield what a graph holds after its last frame."""
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: "Graph") -> Iterator[Waveform]:
    """Yield the blocks that are complete."""
    import av

    while True:
        try:
            block = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield block.to_ndarray()[0]
