"""From decoded frames of any kind to mono at one sample rate, by FFmpeg's filters."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tagger.audio.frontend import Waveform
from tagger.errors import UnreadableError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.filter import Graph

_LOOK_AHEAD = 64  # samples beyond the last one wanted that the resampler's filter needs
_BLOCK = 1 << 16  # samples that leave the resampler at a time
_PUSHES = 32  # frames that go into the resampler before it is asked for output

_SAMPLE_RATES = range(2_000, 10_000_000)  # Hz; a DSD file of the highest rate has 2.8 million
_MOST_CHANNELS = 64


def mono_blocks(
    frames: Iterator["AudioFrame"], sample_rate: int, wanted: int | None, first_channel: bool
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
            _check_bounds(frame)
            graph = _to_mono(frame, sample_rate, first_channel)
        assert graph is not None
        graph.push(frame)
        pushed += frame.samples * sample_rate / frame.sample_rate
        if pushed >= enough:
            break
        if number % _PUSHES == 0:
            yield from _ready(graph)
    if graph is not None:
        yield from _finished(graph)


def _check_bounds(frame: "AudioFrame") -> None:
    """Refuse what no music has, and what would take memory without end to resample."""
    if frame.sample_rate not in _SAMPLE_RATES:
        raise UnreadableError(f"is damaged: it claims a sample rate of {frame.sample_rate} Hz")
    if frame.layout.nb_channels > _MOST_CHANNELS:
        raise UnreadableError(f"is damaged: it claims {frame.layout.nb_channels} channels")


def _to_mono(frame: "AudioFrame", sample_rate: int, first_channel: bool) -> "Graph":
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
    if first_channel:
        first = graph.add("pan", "mono|c0=c0")
        source.link_to(first)
        first.link_to(mono)
    else:
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
        # A float file may hold NaN or infinity.
        yield np.nan_to_num(block.to_ndarray()[0], copy=False)
