"""A model that is loaded when there is something to analyse, and not before."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tagger import SHIPPED_MODEL
from tagger.audio.frontend import Strip
from tagger.inference.metadata import read_metadata
from tagger.inference.vote import Probabilities
from tagger.options import Device

if TYPE_CHECKING:
    from tagger.inference.model import GenreModel


class LazyModel:
    """A model file whose metadata are known before it is loaded.

    Attributes:
        path: the file. For the model of the package it is always the same one, in whichever form
            the device needs it, so that predictions are cached for all devices.
        metadata: labels, front end, window grid and voting rule, read from the file.
    """

    def __init__(self, path: Path | None, device: Device) -> None:
        """Read the metadata of a file; without one, of the model of the package.

        Raises:
            ModelError: no such file, no ONNX, or no (or damaged) genretag metadata in it.
        """
        self.path = path or SHIPPED_MODEL
        self.metadata = read_metadata(self.path)
        self._given = path
        self._device = device

    @cached_property
    def loaded(self) -> "GenreModel":
        """The model itself.

        Raises:
            ModelError: ONNX Runtime cannot load it, or it does not do what its metadata say.
            DeviceError: the device is "cuda" and the session did not get it.
        """
        from tagger.inference.model import GenreModel

        return GenreModel(self._given, self._device)

    def window_probabilities(self, strips: Strip) -> Probabilities:
        """Run the model, see `GenreModel.window_probabilities`."""
        return self.loaded.window_probabilities(strips)
