"""Spectrogram pictures as approximate log-mel strips, to pretrain on.

A picture is grey, one pixel a cell: log power over linear frequency from 0 to half the sample rate,
low frequency at the top, and the whole of a clip from left to right. Its bands are resampled to mel
bands and its columns to frames, and each band is then brought to the mean and deviation that real
strips of the same tracks have. What comes out is blurred in time and, below 1 kHz, in frequency:
good enough for shrunken windows, and all there is of a clip whose audio was cut.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import Strip
from tagger.audio.log_mel import MelStrip, standardise
from tagger.errors import DataError
from trainer.data import dataset as prepared
from trainer.data.assignment import ASSIGNMENT_FILE
from trainer.data.images import pixels_of
from trainer.data.manifest import STAMPS_FILE
from trainer.data.prepare import begin
from trainer.data.tracks_table import TRACKS_FILE, Row, read_rows, write_rows


def prepare_pictures(
    source: Path, output: Path, like: Path, *, seconds: float, report: Callable[[str], None]
) -> list[Row]:
    """Turn the pictures of a folder per genre into a prepared data set.

    Tracks, splits and front end are those of the prepared data set `like`: a picture belongs to the
    track whose file has the same name. `seconds` is how much of the clip a picture shows.

    Raises:
        DataError: no picture belongs to a track, or the strips cannot be written.
    """
    front_end = prepared.read_front_end(like)
    if not isinstance(front_end, MelStrip):
        raise DataError(f"{like} holds no mel strips that the pictures could be brought to.")
    pairs = []
    for row in read_rows(like / TRACKS_FILE):
        picture = (source / row.file).with_suffix(".png")
        try:
            pairs.append((row, pixels_of(picture)))
        except FileNotFoundError:
            report(f"{picture} is not there; left out")
        except (OSError, ValueError, SyntaxError):  # what Pillow makes of damaged files
            report(f"{picture} is no picture, or is damaged; left out")
    if not pairs:
        raise DataError(f"{source} has no picture (GENRE/NAME.png) of a track of {like}.")
    frames = 1 + round(seconds * front_end.sample_rate) // front_end.hop_length
    strips = {row.file: approximate_strip(pixels, front_end, frames) for row, pixels in pairs}
    learnt = [row.file for row, _ in pairs if row.split == "train"] or list(strips)
    real = np.concatenate([np.load(like / file) for file in learnt], axis=1, dtype=np.float32)
    blurred = np.concatenate([strips[file] for file in learnt], axis=1)
    scale = real.std(1, keepdims=True) / np.maximum(blurred.std(1, keepdims=True), 1e-6)
    offset = real.mean(1, keepdims=True) - blurred.mean(1, keepdims=True) * scale
    begin(like, output)
    for file in (TRACKS_FILE, ASSIGNMENT_FILE, STAMPS_FILE):  # they would be about other strips
        (output / file).unlink(missing_ok=True)
    for file, strip in strips.items():
        prepared.save_strip(output / file, standardise(strip * scale + offset), front_end.storage)
    rows = [replace(row, seconds=seconds) for row, _ in pairs]
    write_rows(output / TRACKS_FILE, rows)
    prepared.write_front_end(output, front_end)
    return rows


def approximate_strip(pixels: NDArray[np.float32], front_end: MelStrip, frames: int) -> Strip:
    """Resample a picture `[frequencies, columns]` to a strip `[mel bands, frames]`."""
    from librosa import mel_frequencies

    n_bins, n_columns = pixels.shape
    hertz = np.linspace(0, front_end.sample_rate / 2, n_bins)
    edges = mel_frequencies(front_end.n_mels + 2, fmin=front_end.fmin, fmax=front_end.fmax)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters = np.minimum((hertz - low) / (centre - low), (high - hertz) / (high - centre)).clip(0)
    # Bands narrower than a bin of the picture take what lies between the two bins around them.
    between = np.maximum(0, 1 - np.abs(hertz - centre) * (n_bins - 1) / hertz[-1])
    filters = np.where(filters.sum(1, keepdims=True) < 1, between, filters)
    bands = (filters / filters.sum(1, keepdims=True)) @ pixels
    columns = np.linspace(0, n_columns - 1, frames)
    return standardise(np.stack([np.interp(columns, np.arange(n_columns), band) for band in bands]))
