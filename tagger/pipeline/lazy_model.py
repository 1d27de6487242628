"""A model that is loaded when there is something to be heard, and not before."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path

from tagger import SHIPPED_MODEL
from tagger.audio.frontend import Strip
from tagger.errors import ModelError
from tagger.inference.metadata import METADATA_KEY, ModelMetadata
from tagger.inference.model import GenreModel
from tagger.inference.onnxfile import read_onnx
from tagger.inference.vote import Probabilities
from tagger.options import Device
from tagger.state.cache import Cache


class ModelOnDemand:
    """A model file whose facts may be known from before.

    Attributes:
        path: the file; for the model of the package, whichever way it is stored for the device,
            one and the same, so that opinions are known again on another device.
        metadata: labels, front end, window grid and voting rule, read from the file.
        digest: of the file, if there is a cache.
    """

    def __init__(self, path: Path | None, device: Device, cache: Cache | None = None) -> None:
        """Find out what the model is; without a file it is that of the package.

        Raises:
            ModelError, DeviceError: it does not say, and cannot be loaded.
            StateError: the cache cannot be used.
        """
        self.path = path or SHIPPED_MODEL
        self._given = path
        self._device = device
        # A file that cannot be read is for the model to complain about.
        self.digest = None if cache is None or not self.path.is_file() else cache.digest(self.path)
        known = cache.facts(self.digest) if cache is not None and self.digest else None
        self.metadata: ModelMetadata = known or _read_facts(self.path) or self.loaded.metadata
        if cache is not None and self.digest and known is None:
            cache.learn_facts(self.digest, self.path.stem, self.metadata)

    @cached_property
    def loaded(self) -> GenreModel:
        """The model itself."""
        return GenreModel(self._given, self._device)

    def window_probabilities(self, strips: Strip) -> Probabilities:
        """Ask the model, see `GenreModel`."""
        return self.loaded.window_probabilities(strips)


def _read_facts(path: Path) -> ModelMetadata | None:
    """Return what a file says about itself; None if loading it will tell what is wrong with it."""
    with suppress(ModelError, KeyError, ValueError):
        return ModelMetadata.from_json(read_onnx(path).metadata[METADATA_KEY])
    return None
