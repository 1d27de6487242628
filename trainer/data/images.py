"""Spectrogram pictures from files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import Strip
from tagger.audio.pictures import TOP_OF_SCALE, SpectrogramPicture, resize

SUFFIXES = (".png", ".jpg", ".jpeg")


def is_picture(path: Path) -> bool:
    """Tell by the name whether a file is a picture."""
    return path.suffix.lower() in SUFFIXES


def pixels_of(path: Path) -> NDArray[np.float32]:
    """Return the cells of a picture, `[frequencies, columns]`, from 0 to 1.

    Raises:
        OSError: it cannot be read.
    """
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("L"), np.float32) / np.float32(TOP_OF_SCALE)


def ready_picture(path: Path, front_end: SpectrogramPicture) -> Strip:
    """Read a picture for networks that take pictures, `[height, width]`, from 0 to 255.

    Raises:
        OSError: it cannot be read.
    """
    return resize(pixels_of(path) * TOP_OF_SCALE, front_end.height, front_end.width)
