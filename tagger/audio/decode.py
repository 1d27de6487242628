"""From a music file to the waveform of the part that is listened to."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagger.errors import UnreadableError, UnsupportedError, reason

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.filter import Graph

Waveform = NDArray[np.float32]
"""Mono samples, full scale is ±1, `[samples]`."""

_LOOK_AHEAD = 64  # samples beyond the last one wanted that the resampler's filter looks at
_PRE_ROLL = 0.2  # seconds: a decoder that starts within a stream needs frames to get into step
_BLOCK = 1 << 16  # samples that leave the resampler at a time
_PUSHES = 32  # frames between two questions to the resampler; their memory stays in the cache


def decode(path: Path, sample_rate: int, seconds: float | None) -> Waveform:
    """Decode `seconds` from the middle of a file, or all of it, as mono at `sample_rate`.

    Intros and endings are the least typical parts of a track, hence the middle. A file that is
    shorter than `seconds` is returned whole; one whose container promises more than it holds, or
    that cannot seek, is heard from its start. Damaged packets are skipped.

    Raises:
        UnreadableError: no permission, empty, damaged, or not audio at all.
        UnsupportedError: not a regular file, or no audio stream in it.
    """
    import av

    _check_regular(path)
    try:
        # A file object instead of a name: no name can be mistaken for a protocol such as
        # "concat:", and names that are not valid UTF-8 open like any other.
        with (
            path.open("rb") as file,
            av.open(file, mode="r", metadata_errors="replace") as container,
        ):
            if not container.streams.audio:
                raise UnsupportedError("holds no audio")
            wanted = None if seconds is None else round(seconds * sample_rate)
            start = _middle(container, seconds)
            samples = _read(container, sample_rate, start, wanted)
            if start is not None and wanted is not None and samples.size < wanted:
                samples = _read(container, sample_rate, None, wanted, rewind=True)
    except PermissionError:
        raise UnreadableError("may not be read (no permission)") from None
    except (av.FFmpegError, OSError, EOFError) as error:
        raise UnreadableError(f"is not audio, or is damaged ({reason(error)})") from None
    if samples.size == 0:
        raise UnreadableError("is damaged: no audio could be decoded")
    return samples


def _check_regular(path: Path) -> None:
    """Refuse what must not even be opened, such as a pipe on which `open` would wait forever."""
    try:
        status = path.stat()
    except PermissionError:
        raise UnreadableError("may not be read (no permission)") from None
    except OSError as error:
        raise UnreadableError(f"cannot be reached ({reason(error)})") from None
    if not stat.S_ISREG(status.st_mode):
        raise UnsupportedError("is not a regular file")
    if status.st_size == 0:
        raise UnreadableError("is empty")


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
    return np.nan_to_num(samples, copy=False)  # a float file may hold what is no number


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

    What comes of the frames is taken some of them at a time: asking after each of some thousand
    costs as much as resampling them, and a graph that only takes keeps all of them, in memory that
    is new to the processor each time. A stream may change its rate or layout on the way.
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
