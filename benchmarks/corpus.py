"""Synthetic music for benchmarks, encoded as people's files are."""

import shutil
from pathlib import Path

import av
import numpy as np

RATE = 44_100
ENCODERS = {".mp3": ("mp3", "libmp3lame"), ".flac": ("flac", "flac"), ".m4a": ("ipod", "aac")}
ENCODERS[".opus"] = ("opus", "libopus")
OPUS_RATE = 48_000


def make_track(path: Path, seconds: float, seed: int) -> Path:
    """Write a stereo track with chords, a beat and some noise, at 192 kbit/s where that counts.

    The chord is another every second: a scan takes what never changes for noise, without asking
    the network.
    """
    container_format, codec = ENCODERS[path.suffix]
    rate = OPUS_RATE if codec == "libopus" else RATE
    rng = np.random.default_rng(seed)
    # Ten seconds that repeat: an encoder takes as long for them, and so does a decoder.
    time = np.arange(10 * rate) / rate
    voices = rng.uniform(80, 2000, (5, 10)).repeat(rate, axis=1)
    chord = np.sin(2 * np.pi * voices * time).sum(0)
    beat = np.exp(-6 * (time % 0.5)) * rng.standard_normal(time.size)
    sides = 0.04 * np.stack([chord, np.roll(chord, 99)]) + 0.2 * beat
    sides += 0.01 * rng.standard_normal(sides.shape)
    wanted = round(seconds * rate)
    repeated = np.tile(sides.astype(np.float32), -(-wanted // time.size))[:, :wanted]
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = 192_000
        size = stream.codec_context.frame_size or 4096
        fit = av.AudioResampler(stream.codec_context.format, "stereo", rate, size)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(repeated), "fltp", "stereo")
        frame.sample_rate = rate
        for piece in [*fit.resample(frame), *fit.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def make_library(
    folder: Path, count: int, suffix: str, *, distinct: int, seconds: tuple[float, float]
) -> list[Path]:
    """Write `count` tracks, the first `distinct` of them made and the others copies of these."""
    folder.mkdir(parents=True)
    lengths = np.random.default_rng(1).uniform(*seconds, distinct)
    made: list[Path] = []
    for number in range(count):
        path = folder / f"{number:05}{suffix}"
        if number < distinct:
            make_track(path, lengths[number], number)
        else:
            shutil.copyfile(made[number % distinct], path)
        made.append(path)
    return made
